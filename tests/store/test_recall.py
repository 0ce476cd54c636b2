"""What is recalled is what a read would find, whichever process has changed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cumulet.store.recall import Changes, Recall
from cumulet.store.sqlite import SqliteDatabase

PUT = "INSERT INTO records (kind, scope, name, body) VALUES ('k', '', ?, '{}')"
COUNT = "SELECT count(*) FROM records WHERE kind = 'k'"


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[SqliteDatabase]]:
    """One database as two processes have it open."""
    databases = [SqliteDatabase(tmp_path / "cumulet.db") for _ in range(2)]
    yield databases
    for database in databases:
        database.close()


def count(database: SqliteDatabase) -> int:
    looked: int = database.recall("count", lambda: int(database.read(COUNT)[0][0]))
    return looked


def test_a_change_is_seen_at_once_wherever_it_was_made(two: list[SqliteDatabase]) -> None:
    for round_ in range(20):
        assert [count(database) for database in two] == [round_, round_]
        two[round_ % 2].write(lambda tx, round_=round_: tx.execute(PUT, (str(round_),)))


def test_nothing_is_read_twice_while_nothing_changes(two: list[SqliteDatabase]) -> None:
    looks: list[int] = []
    for _ in range(3):
        two[0].recall("what", lambda: looks.append(1))
    assert looks == [1]


def test_inside_a_change_its_own_view_is_read(two: list[SqliteDatabase]) -> None:
    database = two[0]
    assert count(database) == 0

    def change(tx: object) -> int:
        database.write(lambda tx: tx.execute(PUT, ("one",)))
        return count(database)

    assert database.write(change) == 1


def test_a_change_that_failed_leaves_what_was(two: list[SqliteDatabase]) -> None:
    def change(tx: object) -> None:
        two[0].write(lambda tx: tx.execute(PUT, ("one",)))
        raise LookupError

    with pytest.raises(LookupError):
        two[0].write(change)
    assert [count(database) for database in two] == [0, 0]


def test_a_process_that_died_while_it_committed_leaves_nothing_to_be_recalled(tmp_path: Path) -> None:
    dying, living = (Changes(tmp_path / "changes") for _ in range(2))
    recall, values = Recall(living), iter(range(10))
    assert recall.get("x", lambda: next(values)) == recall.get("x", lambda: next(values)) == 0
    dying.__enter__()
    assert [recall.get("x", lambda: next(values)) for _ in range(2)] == [1, 2]
    with living:
        assert recall.get("x", lambda: next(values)) == 3
    assert [recall.get("x", lambda: next(values)) for _ in range(2)] == [4, 4]
