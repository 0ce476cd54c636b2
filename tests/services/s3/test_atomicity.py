"""Readers see whole objects, and of concurrent writers the last one wins whole."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

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
    alive = {file.path for file in lake.files("lake")}
    assert set(lake.store.blobs.folder.glob("??/*")) == alive
    shown = {path.stat().st_ino for path in (lake.store.directory / "s3/lake").rglob("*") if path.is_file()}
    assert shown == {path.stat().st_ino for path in alive}
