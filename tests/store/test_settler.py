"""Small objects, on their way from the commit that carries them to files of their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cumulet.store import Store
from cumulet.store.objects import Entry
from cumulet.store.writeback import Disk


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same data directory again and again; one process of several, or the next."""
    made: list[Store] = []

    def open_again() -> Store:
        made.append(Store.open(tmp_path / "data"))
        return made[-1]

    yield open_again
    for store in made:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch) -> Store:
    """Nothing is settled before a test says so."""
    monkeypatch.setattr("cumulet.store.settler.Settler._run", lambda settler: None)
    made = opened()
    made.tree.add_bucket("lake")
    return made


def put(store: Store, data: bytes, key: str = "a.csv", version: str = "null") -> str:
    blob = store.blobs.hold(data, ".csv")
    entry = Entry("lake", key, size=len(data), blob=blob, version=version)
    lost = store.atomically(lambda: store.objects.put(entry))
    store.settler.follow(("lake", key), blob, lost)
    return blob


def shown(store: Store, key: str = "a.csv") -> bytes | None:
    path = store.directory / "s3/lake" / key
    return path.read_bytes() if path.exists() else None


def rows(store: Store) -> set[str]:
    return store.fresh.names()


def files(store: Store) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.blobs.folder.glob("??/*")}


def read(store: Store, blob: str) -> bytes:
    with store.blobs.open(blob) as file:
        return file.read()


def crash(store: Store) -> None:
    """What is in memory is gone; only the database and the files are left."""
    store.settler.due.clear()
    store.fresh.held.clear()


def test_bytes_lie_in_the_row_until_they_have_a_file(store: Store) -> None:
    blob = put(store, b"one")
    assert (rows(store), files(store), shown(store), read(store, blob)) == ({blob}, {}, None, b"one")
    store.settler.settle()
    assert (rows(store), files(store), shown(store)) == (set(), {blob: b"one"}, b"one")
    assert read(store, blob) == b"one"
    assert store.fresh.held == {}
    assert store.fresh.size == 0


def test_what_is_overwritten_before_its_turn_never_gets_a_file(store: Store) -> None:
    put(store, b"one")
    second = put(store, b"two")
    store.settler.settle()
    assert (files(store), shown(store), rows(store)) == ({second: b"two"}, b"two", set())


def test_what_was_overwritten_after_it_goes_once_something_else_shows(store: Store) -> None:
    first = put(store, b"one")
    store.settler.settle()
    second = put(store, b"two")
    assert files(store) == {first: b"one"}
    store.settler.settle()
    assert (files(store), shown(store)) == ({second: b"two"}, b"two")


def test_every_version_gets_its_file(store: Store) -> None:
    blobs = [put(store, b"%d" % number, version=f"v{number}") for number in range(3)]
    store.settler.settle()
    assert files(store) == {blob: b"%d" % number for number, blob in enumerate(blobs)}
    assert shown(store) == b"2"


def test_another_process_reads_what_has_no_file(store: Store, opened: Callable[[], Store]) -> None:
    blob, other = put(store, b"one"), opened()
    assert read(other, blob) == b"one"
    other.settle("lake")
    assert files(other) == {blob: b"one"}
    assert rows(store) == {blob}, "it need not be on disk yet"
    store.settler.settle()
    assert (files(store), rows(store)) == ({blob: b"one"}, set())


def test_a_file_stays_the_same_whoever_settles_it(store: Store, opened: Callable[[], Store]) -> None:
    blob, other = put(store, b"one"), opened()
    other.settler.settle_all()
    inode = store.blobs.path(blob).stat().st_ino
    store.settler.settle()
    assert store.blobs.path(blob).stat().st_ino == inode
    assert (store.directory / "s3/lake/a.csv").stat().st_ino == inode
    assert (files(store), rows(store)) == ({blob: b"one"}, set())


def test_what_another_process_overwrote_leaves_nothing(store: Store, opened: Callable[[], Store]) -> None:
    put(store, b"one")
    other = opened()
    second = put(other, b"two")
    store.settler.settle()
    assert read(store, second) == b"two"
    other.settler.settle()
    assert (files(store), shown(store), rows(store)) == ({second: b"two"}, b"two", set())


def test_what_is_overwritten_while_it_is_settled_leaves_nothing(
    store: Store, opened: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, b"one")
    other, sync = opened(), store.blobs.disk.sync

    def overwriting() -> None:
        if "two" not in written:
            written["two"] = put(other, b"two")
        sync()

    written: dict[str, str] = {}
    monkeypatch.setattr(store.blobs.disk, "sync", overwriting)
    store.settler.settle()
    assert shown(store) == b"two"
    other.settler.settle()
    assert (files(store), shown(store), rows(store)) == ({written["two"]: b"two"}, b"two", set())


def test_a_start_settles_what_a_crash_left(store: Store, opened: Callable[[], Store]) -> None:
    blob = put(store, b"one")
    crash(store)
    store.checkup.close()
    following = opened()
    assert (files(following), shown(following), rows(following)) == ({blob: b"one"}, b"one", set())


def test_a_file_that_a_power_cut_left_half_is_made_anew(store: Store, opened: Callable[[], Store]) -> None:
    blob = put(store, b"one")
    store.blobs.path(blob).write_bytes(b"")
    os.link(store.blobs.path(blob), store.directory / "s3/lake/a.csv")
    crash(store)
    os.close(store.checkup.lock)
    store.checkup.keeper, store.checkup.lock = False, -1
    following = opened()
    assert (files(following), shown(following), rows(following)) == ({blob: b"one"}, b"one", set())


def test_files_are_made_anew_where_the_disk_did_not_sync(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(disk: Disk) -> None:
        raise OSError("the disk is unwell")

    blob = put(store, b"one")
    with monkeypatch.context() as patched:
        patched.setattr(Disk, "sync", failing)
        with pytest.raises(OSError, match="unwell"):
            store.settler.settle()
    assert (rows(store), files(store), read(store, blob)) == ({blob}, {}, b"one")
    store.settler.settle()
    assert (files(store), shown(store), rows(store)) == ({blob: b"one"}, b"one", set())


def test_a_file_that_somebody_put_there_meanwhile_stays(store: Store) -> None:
    own, blob = store.directory / "s3/lake/a.csv", put(store, b"one")
    own.write_bytes(b"by hand")
    store.settler.settle()
    assert (files(store), shown(store)) == ({blob: b"one"}, b"by hand")


def test_a_file_that_somebody_had_put_there_before_is_replaced(store: Store) -> None:
    own = store.directory / "s3/lake/a.csv"
    own.write_bytes(b"by hand")
    until = own.stat().st_ctime
    blob = put(store, b"one")
    assert store.settler.due["lake", "a.csv"].since >= until
    store.settler.settle()
    assert (files(store), shown(store)) == ({blob: b"one"}, b"one")


def test_a_change_that_fails_takes_its_bytes_with_it(store: Store) -> None:
    blob = store.blobs.hold(b"one")

    def failing() -> None:
        store.objects.put(Entry("lake", "a", size=3, blob=blob))
        raise ValueError("not this time")

    with pytest.raises(ValueError, match="not this time"):
        store.atomically(failing)
    store.blobs.delete(blob)
    assert (rows(store), store.fresh.held) == (set(), {})


def test_closing_leaves_nothing_to_do(store: Store, opened: Callable[[], Store]) -> None:
    blob = put(store, b"one")
    store.close()
    following = opened()
    assert (files(following), shown(following), rows(following)) == ({blob: b"one"}, b"one", set())


@pytest.mark.parametrize(("size", "carried"), [(0, True), (65_536, True), (65_537, False)])
def test_only_small_blobs_are_carried(store: Store, size: int, carried: bool) -> None:
    assert store.blobs.carries(size) is carried


def test_what_waits_for_its_files_has_a_bound(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cumulet.store.fresh.ROOM", 10)
    put(store, b"x" * 10)
    assert not store.blobs.carries(1)
    store.settler.settle()
    assert store.blobs.carries(1)


def test_postgres_carries_none(postgres_url: str, tmp_path: Path) -> None:
    made: Any = Store.open(tmp_path / "data", postgres_url)
    assert not made.blobs.carries(1)
    made.settler.settle_all()
    made.close()
