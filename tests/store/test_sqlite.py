"""What only SQLite can get wrong: the group commit when the disk is full, and a change that fails midway."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cumulet.store.database import Full
from cumulet.store.sqlite import SqliteDatabase

PUT = "INSERT INTO records (kind, scope, name, body) VALUES ('k', '', ?, ?)"
COUNT = "SELECT COUNT(*) FROM records"


@pytest.fixture
def sqlite(tmp_path: Path):
    made = SqliteDatabase(tmp_path / "cumulet.db")
    yield made
    made.close()


def held(database: SqliteDatabase, changes: list) -> list:
    """Run changes as one group: they queue up while the writer is kept busy. Results or errors in order."""
    go, busy = threading.Event(), threading.Event()

    def hold(_):
        busy.set()
        go.wait()

    def outcome(change):
        try:
            return database.write(change)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(changes) + 1) as pool:
        pool.submit(database.write, hold)
        busy.wait()
        futures = []
        for number, change in enumerate(changes, 1):
            futures.append(pool.submit(outcome, change))
            while database.changes.qsize() < number:
                pass
        go.set()
        return [future.result() for future in futures]


def put(name: str, body: str = "{}"):
    return lambda tx: tx.execute(PUT, (name, body))


def fail(tx):
    tx.execute(PUT, ("lost", "{}"))
    raise ValueError("mine")


def test_a_change_that_fails_leaves_the_others_of_its_group_alone(sqlite):
    outcomes = held(sqlite, [put("a"), fail, put("b")])
    assert outcomes[0] == outcomes[2] == []
    assert isinstance(outcomes[1], ValueError)
    assert sqlite.read("SELECT name FROM records ORDER BY name") == [("a",), ("b",)]


def test_a_full_disk_is_told_to_everyone_and_the_store_goes_on(sqlite):
    pages = sqlite.read("PRAGMA page_count")[0][0]
    sqlite.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages + 20}"))
    outcomes = held(sqlite, [put("small"), put("large", "x" * (1 << 20)), put("after")])
    assert isinstance(outcomes[1], Full)
    remembered = {name for (name,) in sqlite.read("SELECT name FROM records")}
    told = {
        name for name, outcome in zip(("small", "large", "after"), outcomes, strict=True) if outcome == []
    }
    assert remembered == told
    sqlite.write(put("next"))
    assert ("next",) in sqlite.read("SELECT name FROM records")


def test_a_commit_that_fails_is_told_to_the_whole_group(sqlite):
    def defer(tx):
        tx.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        tx.execute("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")

    sqlite.write(defer)
    sqlite.writer.connection.execute("PRAGMA foreign_keys=ON")
    heard: list[str] = []

    def orphan(tx):
        tx.execute("INSERT INTO child VALUES (1)")
        sqlite.after_commit(lambda: heard.append("never"))

    outcomes = held(sqlite, [put("a"), orphan])
    assert all(isinstance(outcome, sqlite3.IntegrityError) for outcome in outcomes)
    assert sqlite.read(COUNT) == [(0,)]
    sqlite.write(put("b"))
    assert heard == []


def test_what_fails_after_a_commit_does_not_stop_the_writer(sqlite):
    def change(tx):
        tx.execute(PUT, ("a", "{}"))
        sqlite.after_commit(lambda: 1 / 0)

    sqlite.write(change)
    sqlite.write(put("b"))
    assert sqlite.read(COUNT) == [(2,)]


def test_what_was_asked_before_the_end_is_done(sqlite):
    go = threading.Event()
    with ThreadPoolExecutor(9) as pool:
        pool.submit(sqlite.write, lambda _: go.wait())
        while not sqlite.changes.empty():
            pass
        asked = [pool.submit(sqlite.write, put(str(number))) for number in range(8)]
        while sqlite.changes.qsize() < 8:
            pass
        closing = threading.Thread(target=sqlite.close)
        closing.start()
        go.set()
        assert [future.result() for future in asked] == [[]] * 8
        closing.join()
    again = SqliteDatabase(sqlite.path)
    assert again.read(COUNT) == [(8,)]
    again.close()


def test_what_need_not_wait_for_the_disk_survives_the_death_of_the_process(tmp_path: Path):
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from cumulet.store.sqlite import SqliteDatabase\n"
        "made = SqliteDatabase(Path(sys.argv[1]))\n"
        "with made.deferring():\n"
        f'    made.write(lambda tx: tx.execute("{PUT}", ("a", "{{}}")))\n'
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "cumulet.db"
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    again = SqliteDatabase(path)
    assert again.read(COUNT) == [(1,)]
    again.close()
