"""What was acknowledged survives SIGKILL; what was not is whole or not there at all."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from cumulet.config import Config
from cumulet.house import House

from .asking import MIB, body

WRITERS, ROUNDS = 4, 3
GONE = b""


class Journal:
    """What one writer was told: of each of its keys the last acknowledged content, and the attempt behind it."""

    def __init__(self, writer: int) -> None:
        self.writer = writer
        self.acknowledged: dict[str, bytes] = {}
        self.attempted: dict[str, bytes] = {}
        self.count = 0

    def write(self, s3: Any) -> None:
        """Put, overwrite, copy, complete and delete until the server is gone."""
        try:
            while True:
                self._step(
                    s3, f"writer-{self.writer}/{self.count % 7}", f"{self.writer}:{self.count}".encode()
                )
                self.count += 1
        except (BotoCoreError, ClientError):
            return

    def _step(self, s3: Any, key: str, content: bytes) -> None:
        act = (self._put, self._put, self._copy, self._complete, self._delete)[self.count % 5]
        act(s3, key, content)

    def _put(self, s3: Any, key: str, content: bytes) -> None:
        self.attempted[key] = content
        s3.put_object(Bucket="journal", Key=key, Body=content)
        self._done(key)

    def _copy(self, s3: Any, key: str, content: bytes) -> None:
        self._put(s3, f"{key}/source", content)
        self.attempted[key] = content
        s3.copy_object(Bucket="journal", Key=key, CopySource=f"journal/{key}/source")
        self._done(key)

    def _complete(self, s3: Any, key: str, content: bytes) -> None:
        where = {"Bucket": "journal", "Key": key}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=content)
        self.attempted[key] = content
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
        self._done(key)

    def _delete(self, s3: Any, key: str, content: bytes) -> None:
        self.attempted[key] = GONE
        s3.delete_object(Bucket="journal", Key=key)
        self._done(key)

    def _done(self, key: str) -> None:
        self.acknowledged[key] = self.attempted.pop(key)

    def allowed(self, key: str) -> set[bytes]:
        """The last acknowledged content, or that of the attempt whose answer never came."""
        found = {self.acknowledged.get(key, GONE)}
        return found | {self.attempted[key]} if key in self.attempted else found

    def settle(self, s3: Any, found: dict[str, bytes]) -> None:
        """After a restart: everything is as allowed; from here on what is found counts."""
        for key in {*self.acknowledged, *self.attempted}:
            assert found.get(key, GONE) in self.allowed(key), key
            self.acknowledged[key] = found.get(key, GONE)
        self.attempted.clear()


def stored(s3: Any) -> dict[str, bytes]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="journal")
    listed = [item for page in pages for item in page.get("Contents", [])]
    contents = {item["Key"]: body(s3.get_object(Bucket="journal", Key=item["Key"])) for item in listed}
    assert {item["Key"]: item["Size"] for item in listed} == {key: len(c) for key, c in contents.items()}
    return contents


@pytest.mark.slow
def test_acknowledged_writes_survive_kills(own_server: Any) -> None:
    journals = [Journal(number) for number in range(WRITERS)]
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="journal")
    for _ in range(ROUNDS):
        threads = [threading.Thread(target=journal.write, args=(s3,)) for journal in journals]
        busy = sum(journal.count for journal in journals)
        for thread in threads:
            thread.start()
        while sum(journal.count for journal in journals) < busy + 100:
            assert any(thread.is_alive() for thread in threads)
            threads[0].join(0.01)
        own_server.kill()
        for thread in threads:
            thread.join()
        own_server.start()
        found = stored(s3)
        for journal in journals:
            journal.settle(s3, found)
    own_server.child.stop()
    in_order(own_server.data_dir)


def in_order(data_dir: Path) -> None:
    """No file is left that nothing refers to, and the folder shows exactly the objects."""
    house = House(Config(data_dir=data_dir))
    store = house.store
    try:
        assert store.checkup.wait(30)
        on_disk = {path.name for path in store.blobs.folder.glob("??/*")}
        assert on_disk == store.objects.blobs()
        shown: dict[int, int] = defaultdict(int)
        for path in (data_dir / "s3/journal").rglob("*"):
            if path.is_file():
                shown[path.stat().st_ino] += 1
        current = [store.blobs.path(entry.blob).stat().st_ino for entry in store.objects.walk("journal")]
        assert shown == {inode: current.count(inode) for inode in current}
    finally:
        house.close()


def test_the_check_after_a_crash_puts_files_in_step_with_the_index(lake: Any, tmp_path: Path) -> None:
    store = lake.store
    for key in ("a", "a/b", "shown-again.csv"):
        lake.put_object(Bucket="lake", Key=key, Body=key.encode())
    with store.blobs.draft(".csv") as draft:
        draft.write(bytes(MIB))
        orphan = draft.keep()
    folder = store.directory / "s3/lake"
    (folder / "stale.csv").hardlink_to(store.blobs.path(orphan))
    (folder / "shown-again.csv").unlink()
    (folder / "by-hand.txt").write_text("not ours")
    lake.house.close()
    store.checkup.mark.touch()  # as a crash leaves it

    house = House(lake.house.config)
    try:
        assert house.store.checkup.wait(30)
        assert not house.store.blobs.path(orphan).exists()
        assert not (folder / "stale.csv").exists()
        assert (folder / "shown-again.csv").read_text() == "shown-again.csv"
        assert (folder / "by-hand.txt").read_text() == "not ours"
    finally:
        house.close()
