"""The thread that must not wait is told so by whatever would keep it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cumulet.store import Store, haste


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 400)
    return path


@pytest.mark.parametrize(("start", "count"), [(0, 10), (100, 0), (255, 70_000), (102_390, 100), (200_000, 1)])
def test_in_haste_the_same_bytes_are_read(file: Path, start: int, count: int) -> None:
    expected = file.read_bytes()[start : start + count]
    assert haste.read(str(file), start, count) == expected
    with haste.hurried():
        assert haste.read(str(file), start, count) == expected


@pytest.mark.skipif(not haste.NOWAIT, reason="this system cannot be asked what it has in memory")
def test_what_is_on_disk_only_takes_time(file: Path) -> None:
    with file.open("r+b") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    with haste.hurried():
        try:
            found = haste.read(str(file), 0, 1000)
        except haste.TakesTime:
            found = b""
    assert found in (b"", file.read_bytes()[:1000])  # some file systems forget nothing
    assert haste.read(str(file), 0, 1000) == file.read_bytes()[:1000]


def test_a_commit_takes_time_and_is_not_begun(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data")
    try:
        with haste.hurried(), pytest.raises(haste.TakesTime):
            store.records.put("kind", "", "name", {})
        assert store.records.get("kind", "", "name") is None
        store.records.put("kind", "", "name", {"a": 1})
        with haste.hurried():
            assert store.records.get("kind", "", "name") == {"a": 1}
    finally:
        store.close()


def test_only_the_thread_in_haste_is_in_haste() -> None:
    told: list[bool] = []
    with haste.hurried():
        other = threading.Thread(target=lambda: told.append(haste.in_haste()))
        other.start()
        other.join()
        assert haste.in_haste()
    assert told == [False]
    assert not haste.in_haste()
