"""Readers see whole objects, and of concurrent writers the last one wins whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from cumulet.wire.errors import AwsError

from .asking import body

SIZE = 300_000


def together(*acts: Callable[[], None]) -> None:
    """Run all at the same time; a failure in any of them is a failure here."""
    failed: list[BaseException] = []
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> None:
        try:
            start.wait()
            act()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_readers_see_one_version_or_the_other_never_a_mixture(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"0" * SIZE)
    writing = threading.Event()

    def write(content: bytes) -> None:
        for _ in range(15):
            s3.put_object(Bucket=bucket, Key="a", Body=content * SIZE)
        writing.set()

    def read() -> None:
        while not writing.is_set():
            content = body(s3.get_object(Bucket=bucket, Key="a"))
            assert len(content) == SIZE
            assert len(set(content)) == 1

    together(lambda: write(b"1"), lambda: write(b"2"), read, read)


def test_after_concurrent_writers_index_bytes_and_folder_agree(lake: Any) -> None:
    def write(content: bytes) -> None:
        for _ in range(20):
            lake.put_object(Bucket="lake", Key="a", Body=content * 1000)

    together(*(lambda content=content: write(content) for content in (b"1", b"2", b"3", b"4")))  # type: ignore[misc]
    (file,) = lake.files("lake")
    content = file.path.read_bytes()
    lake.store.settler.settle()
    assert lake.store.tree.paths("lake", "a")[0].read_bytes() == content
    assert [path.read_bytes() for path in lake.store.blobs.folder.glob("??/*")] == [content]


def test_of_writers_that_ask_for_nothing_there_one_wins(lake: Any) -> None:
    won: list[int] = []
    refusals: list[str] = []

    def write(number: int) -> None:
        try:
            lake.put_object(Bucket="lake", Key="a", Body=str(number).encode(), IfNoneMatch="*")
        except AwsError as error:
            refusals.append(error.code)
        else:
            won.append(number)

    together(*(lambda number=number: write(number) for number in range(8)))  # type: ignore[misc]
    assert len(won) == 1
    assert refusals == ["PreconditionFailed"] * 7
    assert lake.get_object(Bucket="lake", Key="a")["Body"] == str(won[0]).encode()


def test_writing_and_deleting_side_by_side_leaves_no_bytes_behind(lake: Any) -> None:
    def write() -> None:
        for number in range(20):
            lake.put_object(Bucket="lake", Key=f"deep/folder/{number % 3}", Body=b"x")

    def delete() -> None:
        for number in range(40):
            lake.delete_object(Bucket="lake", Key=f"deep/folder/{number % 3}")

    together(write, delete, write, delete)
    lake.store.settler.settle()
    lake.store.leftovers.close()
    alive = {file.path for file in lake.files("lake")}
    assert set(lake.store.blobs.folder.glob("??/*")) == alive
    shown = {path.stat().st_ino for path in (lake.store.directory / "s3/lake").rglob("*") if path.is_file()}
    assert shown == {path.stat().st_ino for path in alive}


def test_of_32_clients_that_ask_for_nothing_there_exactly_one_wins(s3: Any, bucket: str) -> None:
    """Over connections of their own, so that they reach whichever processes serve them."""
    won: list[bytes] = []
    refused: list[int] = []

    def put(content: bytes) -> None:
        try:
            s3.put_object(Bucket=bucket, Key="a", Body=content, IfNoneMatch="*")
        except ClientError as error:
            refused.append(error.response["ResponseMetadata"]["HTTPStatusCode"])
        else:
            won.append(content)

    together(*(lambda number=number: put(b"%d" % number * 5000) for number in range(32)))  # type: ignore[misc]
    assert len(won) == 1
    assert refused == [412] * 31
    assert body(s3.get_object(Bucket=bucket, Key="a")) == won[0]


def test_writers_that_change_what_they_have_read_lose_no_change(s3: Any, bucket: str) -> None:
    """Compare and swap by ETag: each of 40 additions is there in the end."""
    s3.put_object(Bucket=bucket, Key="count", Body=b"0")

    def add() -> None:
        done = 0
        while done < 5:
            now = s3.get_object(Bucket=bucket, Key="count")
            more = str(int(body(now)) + 1).encode()
            with suppress(ClientError):
                s3.put_object(Bucket=bucket, Key="count", Body=more, IfMatch=now["ETag"])
                done += 1

    together(*[add] * 8)
    assert body(s3.get_object(Bucket=bucket, Key="count")) == b"40"


def test_ranges_of_one_etag_never_mix_versions(s3: Any, bucket: str) -> None:
    """A reader that takes an object piece by piece with If-Match gets one version, or is told of the change."""
    s3.put_object(Bucket=bucket, Key="a", Body=b"0" * SIZE)
    writing = threading.Event()

    def write() -> None:
        for number in range(30):
            s3.put_object(Bucket=bucket, Key="a", Body=str(number % 10).encode() * SIZE)
        writing.set()

    def read() -> None:
        while not writing.is_set():
            etag = s3.head_object(Bucket=bucket, Key="a")["ETag"]
            pieces = b""
            with suppress(ClientError):
                for start in range(0, SIZE, 100_000):
                    span = f"bytes={start}-{start + 99_999}"
                    pieces += body(s3.get_object(Bucket=bucket, Key="a", Range=span, IfMatch=etag))
            assert len(set(pieces)) <= 1

    together(write, read, read)


def test_an_upload_completed_many_times_at_once_becomes_one_object(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x" * 1000)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    etags: list[str] = []
    gone: list[str] = []

    def complete() -> None:
        try:
            etags.append(
                s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)["ETag"]
            )
        except ClientError as error:
            gone.append(error.response["Error"]["Code"])

    together(*[complete] * 8)
    assert len(set(etags)) == 1
    assert set(gone) <= {"NoSuchUpload"}
    assert body(s3.get_object(**where)) == b"x" * 1000
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_uploads_to_one_key_completed_at_once_leave_one_of_them_whole(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}

    def upload(content: bytes) -> Callable[[], None]:
        id = s3.create_multipart_upload(**where)["UploadId"]
        pieces = [content * (5 << 20), content * 10]
        parts = [
            {"PartNumber": n, "ETag": s3.upload_part(**where, UploadId=id, PartNumber=n, Body=piece)["ETag"]}
            for n, piece in enumerate(pieces, 1)
        ]
        return lambda: s3.complete_multipart_upload(**where, UploadId=id, MultipartUpload={"Parts": parts})

    together(*(upload(content) for content in (b"1", b"2", b"3")))
    found = body(s3.get_object(**where))
    assert len(found) == (5 << 20) + 10
    assert len(set(found)) == 1


def test_of_a_part_that_is_named_twice_the_last_one_counts(s3: Any, bucket: str) -> None:
    """As it comes of a part that was sent again while it was on its way."""
    where = {"Bucket": bucket, "Key": "a"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = [
        {
            "PartNumber": 1,
            "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=content)["ETag"],
        }
        for content in (b"first", b"again")
    ]
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert body(s3.get_object(**where)) == b"again"
