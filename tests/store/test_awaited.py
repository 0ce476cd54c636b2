"""Changes that an event loop waits for, without a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from cumulet.store.database import Closed, Full, Transaction
from cumulet.store.sqlite import SqliteDatabase

PUT = "INSERT INTO records (kind, scope, name, body) VALUES ('k', '', ?, '')"
COUNT = "SELECT COUNT(*) FROM records WHERE kind = 'k'"


@pytest.fixture
def database(tmp_path: Path) -> SqliteDatabase:
    return SqliteDatabase(tmp_path / "cumulet.db")


def test_each_who_waits_gets_the_result_of_its_own_change(database: SqliteDatabase) -> None:
    async def put(name: str) -> str:
        def change(tx: Transaction) -> str:
            tx.execute(PUT, (name,))
            return name

        return await database.write_soon(change)

    async def all_at_once() -> list[str]:
        return await asyncio.gather(*(put(str(number)) for number in range(300)))

    assert asyncio.run(all_at_once()) == [str(number) for number in range(300)]
    assert database.read(COUNT) == [(300,)]
    database.close()


def test_what_a_change_raises_comes_to_who_waits_and_leaves_the_others_alone(
    database: SqliteDatabase,
) -> None:
    async def both() -> list[object]:
        again = [database.write_soon(lambda tx: tx.execute(PUT, ("same",))) for _ in range(2)]
        return await asyncio.gather(*again, return_exceptions=True)

    done, failed = asyncio.run(both())
    assert done == []
    assert isinstance(failed, sqlite3.IntegrityError)
    database.close()


def test_a_full_disk_is_told_as_such(database: SqliteDatabase) -> None:
    pages = database.read("PRAGMA page_count")[0][0]
    database.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages}"))

    async def fill() -> None:
        for number in range(1000):
            await database.write_soon(lambda tx, n=number: tx.execute(PUT, (f"{n}" * 500,)))  # type: ignore[misc]

    with pytest.raises(Full):
        asyncio.run(fill())
    database.close()


def test_who_has_given_up_does_not_undo_the_change(database: SqliteDatabase) -> None:
    async def give_up() -> None:
        waiting = asyncio.ensure_future(database.write_soon(lambda tx: tx.execute(PUT, ("kept",))))
        waiting.cancel()

    asyncio.run(give_up())
    assert database.write(lambda tx: tx.execute(COUNT)) == [(1,)]
    database.close()
    with pytest.raises(Closed):
        asyncio.run(give_up())
