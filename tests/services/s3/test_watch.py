"""Dropped files become objects by themselves while the server runs, and Cumulet's own links cost next to nothing."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cumulet.services.s3 import watch
from cumulet.services.s3.watch import Watch

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells of changes")


@pytest.fixture
def folder(lake: Any) -> Path:
    path: Path = lake.store.directory / "s3" / "lake"
    return path


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "QUIET", 0.05)
    monkeypatch.setattr(watch, "BREATH", 0.01)
    monkeypatch.setattr(watch, "IDLE", 0.05)


@pytest.fixture
def looking(lake: Any, quiet: None) -> Iterator[Watch]:
    """The folders are watched, as they stood before the test."""
    made = Watch(lake.house)
    made._add((b"", b""), fresh=False)
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    lake.house.jobs.closing.set()
    thread.join()


@pytest.fixture
def still(lake: Any) -> Iterator[Watch]:
    """The same, read by the test itself."""
    made = Watch(lake.house)
    made._add((b"", b""), fresh=False)
    yield made
    made.inotify.close()


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def keys(lake: Any, bucket: str = "lake") -> list[str]:
    return [item["Key"] for item in lake.list_objects_v2(Bucket=bucket)["Contents"]]


def test_files_appear_however_they_came(lake: Any, folder: Path, looking: Watch, tmp_path: Path) -> None:
    (tmp_path / "whole/deep").mkdir(parents=True)
    (tmp_path / "whole/deep/file").write_text("1")
    (tmp_path / "moved").write_text("2")
    (folder / "written").write_text("3")
    (tmp_path / "moved").rename(folder / "moved")
    shutil.copytree(tmp_path / "whole", folder / "copied")
    (tmp_path / "whole").rename(folder / "whole")
    (folder / "empty").touch()
    until(lambda: keys(lake) == ["copied/deep/file", "empty", "moved", "whole/deep/file", "written"])
    lake.create_bucket(Bucket="later")
    (lake.store.directory / "s3/later/x").write_text("4")
    until(lambda: keys(lake, "later") == ["x"])


def test_a_saved_edit_is_a_new_object(lake: Any, folder: Path, looking: Watch) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"one")
    (folder / ".a.swp").write_text("two")
    (folder / ".a.swp").rename(folder / "a")
    until(lambda: lake.get_object(Bucket="lake", Key="a")["Body"] == b"two")


def test_a_file_is_taken_in_when_its_writer_has_closed_it(lake: Any, folder: Path, looking: Watch) -> None:
    with (folder / "slow").open("w") as writer:
        (folder / "other").write_text("x")
        with (folder / "slow").open("a"):
            pass  # somebody else closes it
        until(lambda: "other" in keys(lake))
        until(lambda: (b"lake", b"slow") in looking.waited)
        writer.write("whole")
    until(lambda: keys(lake) == ["other", "slow"])
    assert lake.get_object(Bucket="lake", Key="slow")["Body"] == b"whole"


def test_a_moved_folder_is_watched_where_it_is(lake: Any, folder: Path, looking: Watch) -> None:
    (folder / "a/b").mkdir(parents=True)
    until(lambda: (b"lake", b"a/b/") in looking.folders.values())
    (folder / "a").rename(folder / "c")
    until(lambda: (b"lake", b"c/b/") in looking.folders.values())
    (folder / "c/b/file").write_text("x")
    until(lambda: keys(lake) == ["c/b/file"])
    assert (b"lake", b"a/b/") not in looking.folders.values()
    shutil.rmtree(folder / "c")
    until(lambda: (b"lake", b"c/b/") not in looking.folders.values())


def test_what_cumulet_writes_itself_is_no_news(lake: Any, folder: Path, still: Watch) -> None:
    def settle() -> None:
        still._heed(still.inotify.read())

    for number in range(3):
        for key in ("a", "b/c", "d", "d/e"):
            lake.put_object(Bucket="lake", Key=key, Body=str(number).encode())
            settle()
    lake.copy_object(Bucket="lake", Key="copy", CopySource="lake/a")
    lake.delete_object(Bucket="lake", Key="a")
    settle()
    assert not still.own_moves
    overwritten_before_its_folder_was_watched = {(b"lake", b"a"), (b"lake", b"b/c"), (b"lake", b"d")}
    assert set(still.due) <= overwritten_before_its_folder_was_watched
    still.due.clear()
    for key in ("b/c", "copy", "d", "d/e", "new"):
        lake.put_object(Bucket="lake", Key=key, Body=b"again")
    settle()
    assert not still.due


def test_names_of_other_objects_are_left_to_a_rescan(lake: Any, folder: Path, still: Watch) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"one")
    lake.store.settler.settle()
    (folder / "a").rename(folder / "b")
    still._take((b"lake", b"b"))
    assert keys(lake) == ["a"]
    still._take((b"nowhere", b"b"))
    still._take((b"lake", b"gone"))


def test_more_changes_than_the_kernel_remembers_are_all_found(lake: Any, folder: Path, still: Watch) -> None:
    from cumulet.store.inotify import OVERFLOW, Event

    for number in range(5):
        (folder / f"{number}").write_text("x")
    still._heed([Event(-1, OVERFLOW, 0, b"")])
    assert keys(lake) == ["0", "1", "2", "3", "4"]


def test_a_lake_of_too_many_folders_is_watched_in_part(
    lake: Any, folder: Path, still: Watch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(watch, "MOST", 5)
    for number in range(10):
        (folder / f"{number}").mkdir()
    still._heed(still.inotify.read())
    assert len(still.folders) == 5
    assert caplog.text.count("use cumulet s3 rescan") == 1


def test_a_running_server_watches(own_server: Any) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="lake")
    numbers, dropped = itertools.count(), [0.0]

    def appeared() -> bool:
        if time.monotonic() > dropped[0] + 0.5:  # the watch begins some time after the start
            dropped[0] = time.monotonic()
            (own_server.data_dir / f"s3/lake/{next(numbers)}.txt").write_text("hello")
        return "Contents" in s3.list_objects_v2(Bucket="lake")

    until(appeared)
    key = s3.list_objects_v2(Bucket="lake")["Contents"][0]["Key"]
    assert s3.get_object(Bucket="lake", Key=key)["Body"].read() == b"hello"
