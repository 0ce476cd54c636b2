"""What every database of the store does alike: whole changes or none, durable, in any number of threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cumulet.config import Unusable
from cumulet.store.database import Closed, Database, open_database
from cumulet.store.records import Records

PUT = "INSERT INTO records (kind, scope, name, body) VALUES ('k', '', ?, ?)"
NAMES = "SELECT name FROM records ORDER BY name"


def names(database: Database) -> list[str]:
    return [name for (name,) in database.read(NAMES)]


def test_a_change_is_there_when_the_call_returns(database):
    database.write(lambda tx: tx.execute(PUT, ("a", "{}")))
    assert names(database) == ["a"]


def test_a_change_that_fails_leaves_nothing_and_raises_its_own_error(database):
    def change(tx):
        tx.execute(PUT, ("a", "{}"))
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        database.write(change)
    assert names(database) == []
    database.write(lambda tx: tx.execute(PUT, ("b", "{}")))
    assert names(database) == ["b"]


def test_a_statement_that_fails_leaves_nothing_and_the_next_change_goes_through(database):
    def change(tx):
        tx.execute(PUT, ("a", "{}"))
        tx.execute("INSERT INTO no_such_table VALUES (1)")

    with pytest.raises(Exception, match="no_such_table"):
        database.write(change)
    database.write(lambda tx: tx.execute(PUT, ("b", "{}")))
    assert names(database) == ["b"]


def test_changes_within_a_change_are_one_with_it(database):
    def inner():
        database.write(lambda tx: tx.execute(PUT, ("a", "{}")))
        assert names(database) == ["a"]  # its own view
        raise ValueError

    with pytest.raises(ValueError):
        database.write(lambda _: inner())
    assert names(database) == []


def test_others_see_nothing_of_a_change_before_its_end(database):
    seen: list[list[str]] = []

    def change(tx):
        tx.execute(PUT, ("a", "{}"))
        other = threading.Thread(target=lambda: seen.append(names(database)))
        other.start()
        other.join()

    database.write(change)
    assert seen[-1] == []
    assert names(database) == ["a"]


def test_what_need_not_wait_for_the_disk_is_seen_at_once_and_in_order(database):
    database.write(lambda tx: tx.execute(PUT, ("a", "{}")))
    with database.deferring():
        database.write(lambda tx: tx.execute(PUT, ("b", "{}")))
        assert names(database) == ["a", "b"]
    database.write(lambda tx: tx.execute(PUT, ("c", "{}")))
    assert names(database) == ["a", "b", "c"]


def test_what_need_not_wait_is_undone_where_it_fails(database):
    with database.deferring(), pytest.raises(ZeroDivisionError):
        database.write(lambda tx: (tx.execute(PUT, ("a", "{}")), 1 / 0))
    assert names(database) == []


def test_what_follows_a_commit_sees_it_and_comes_once(database):
    heard: list[str] = []

    def change(tx):
        tx.execute(PUT, ("a", "{}"))
        database.after_commit(lambda: heard.append("done"))
        assert heard == []

    database.write(change)
    database.write(lambda tx: tx.execute(PUT, ("b", "{}")))
    assert heard == ["done"]
    database.after_commit(lambda: heard.append("at once"))
    assert heard == ["done", "at once"]


def test_nothing_follows_a_change_that_failed(database):
    heard: list[str] = []

    def change(_):
        database.after_commit(lambda: heard.append("done"))
        raise ValueError

    with pytest.raises(ValueError):
        database.write(change)
    database.write(lambda tx: tx.execute(PUT, ("b", "{}")))
    assert heard == []


def test_many_threads_count_without_losing_one(database):
    records = Records(database)
    records.put("counter", "", "it", {"n": 0})

    def add(_):
        records.update("counter", "", "it", lambda body: {"n": body["n"] + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(100)))
    assert records.get("counter", "", "it") == {"n": 100}


def test_threads_that_have_ended_leave_no_connection_open(database):
    files = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(30):
        thread = threading.Thread(target=names, args=(database,))
        thread.start()
        thread.join()
    assert len(list(Path("/proc/self/fd").iterdir())) <= files + 3


def test_a_closed_database_refuses_instead_of_waiting_for_ever(database):
    database.close()
    with pytest.raises(Closed):
        database.write(lambda tx: tx.execute(PUT, ("a", "{}")))
    with pytest.raises(Closed):
        names(database)
    database.close()


def test_names_are_in_the_order_of_their_bytes(database):
    given = ["b", "B", "a/b", "a", "a-b", "ä", "z", "_", "\U0001f600", "ﬀ"]
    for name in given:
        database.write(lambda tx, name=name: tx.execute(PUT, (name, "{}")))
    assert names(database) == sorted(given, key=str.encode)


def test_percent_signs_and_quotes_are_values_like_others(database):
    database.write(lambda tx: tx.execute(PUT, ("100% 'x' ?", "{}")))
    assert database.read("SELECT name FROM records WHERE name LIKE '100%'") == [("100% 'x' ?",)]
    assert names(database) == ["100% 'x' ?"]


def test_a_store_that_is_opened_again_has_it_all_and_migrates_only_once(tmp_path, postgres_url):
    for url in (None, postgres_url):
        first = open_database(tmp_path, url)
        first.write(lambda tx: tx.execute(PUT, ("a", "{}")))
        first.close()
        second = open_database(tmp_path, url)
        assert names(second) == ["a"]
        second.close()


def test_another_url_is_refused_by_name(tmp_path):
    with pytest.raises(Unusable, match="mysql"):
        open_database(tmp_path, "mysql://x")


def test_a_database_of_a_newer_cumulet_is_left_alone(tmp_path):
    made = open_database(tmp_path, None)
    made.write(lambda tx: tx.execute("INSERT INTO migrations (name) VALUES ('9999_tomorrow')"))
    made.close()
    with pytest.raises(Unusable, match=r"newer Cumulet .*9999_tomorrow"):
        open_database(tmp_path, None)
