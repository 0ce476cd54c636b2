"""Workers: warm, cancelled, killed, and ended with their pool."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.sql.base import Cancelled, Output, Query, SqlError
from cumulet.engines.sql.child import WorkerDied
from cumulet.engines.sql.pool import Pool

LONG = (
    "SELECT count(*) FROM UNNEST(sequence(1, 100000)) a(x) CROSS JOIN "
    "UNNEST(sequence(1, 100000)) b(y) WHERE x * y % 7 = 3"
)


class Nothing:
    """A catalog without tables; it tells when it is first asked."""

    def __init__(self) -> None:
        self.asked = threading.Event()

    def databases(self) -> list[str]:
        return ["db"]

    def tables(self, database: str) -> list[Any]:
        return []

    def table(self, database: str, name: str) -> None:
        self.asked.set()

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[Any]:
        return []


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    made = Pool(tmp_path / "workers", size=1)
    yield made
    made.close()


def query(tmp_path: Path, text: str) -> Query:
    return Query(text, "db", Output(tmp_path / "out"), now=0.0)


def test_a_second_query_uses_the_same_worker(pool: Pool, tmp_path: Path) -> None:
    assert pool.run(query(tmp_path, "SELECT 1"), Nothing(), "a").rows == 1
    first = pool.idle[0].process.pid
    assert pool.run(query(tmp_path, "SELECT 1 AS x"), Nothing(), "b").columns[0].name == "x"
    assert pool.idle[0].process.pid == first


def test_a_failed_query_leaves_its_worker_usable(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(SqlError, match=r"Table 'awsdatacatalog\.db\.t' does not exist"):
        pool.run(query(tmp_path, "SELECT * FROM t"), Nothing(), "a")
    assert pool.run(query(tmp_path, "SELECT 1"), Nothing(), "b").rows == 1


def running(pool: Pool, tmp_path: Path, key: str) -> tuple[threading.Thread, list[BaseException]]:
    """A long query in a thread of its own, at work in its worker."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            pool.run(query(tmp_path, LONG), Nothing(), key)
        except (SqlError, Cancelled) as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    with pool.turns.changed:
        pool.turns.changed.wait_for(lambda: pool.turns.free == 0)
    while key not in pool.running:
        threading.Event().wait(0.01)
    return thread, raised


def test_cancel_ends_a_running_query(pool: Pool, tmp_path: Path) -> None:
    thread, raised = running(pool, tmp_path, "long")
    pool.cancel("long")
    thread.join(30)
    assert [type(each) for each in raised] == [Cancelled]
    assert pool.run(query(tmp_path, "SELECT 1"), Nothing(), "next").rows == 1


def test_a_worker_that_is_killed_fails_only_its_own_query(pool: Pool, tmp_path: Path) -> None:
    thread, raised = running(pool, tmp_path, "long")
    os.kill(pool.running["long"].process.pid, signal.SIGKILL)
    thread.join(30)
    assert [type(each) for each in raised] == [WorkerDied]
    assert pool.run(query(tmp_path, "SELECT 1"), Nothing(), "next").rows == 1


def test_a_query_that_waits_can_be_cancelled_too(pool: Pool, tmp_path: Path) -> None:
    first, _ = running(pool, tmp_path, "long")
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            pool.run(query(tmp_path, "SELECT 1"), Nothing(), "waiting")
        except Cancelled as error:
            raised.append(error)

    second = threading.Thread(target=wait)
    second.start()
    while "waiting" not in pool.turns.waiting:
        threading.Event().wait(0.01)
    pool.cancel("waiting")
    second.join(30)
    pool.cancel("long")
    first.join(30)
    assert len(raised) == 1


def test_a_closed_pool_leaves_no_process_behind(pool: Pool, tmp_path: Path) -> None:
    pool.run(query(tmp_path, "SELECT 1"), Nothing(), "a")
    worker = pool.idle[0]
    pool.close()
    assert worker.process.poll() is not None


def test_all_who_run_at_once_have_less_memory_than_there_is_and_the_first_has_the_most(
    tmp_path: Path,
) -> None:
    pool = Pool(tmp_path / "workers", size=4)
    shares = [int(pool._share(others).removesuffix("MB")) for others in range(4)]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) * 1_000_000 < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    pool.close()


def test_a_query_is_told_its_turn_when_it_waits_no_more(pool: Pool, tmp_path: Path) -> None:
    told: list[str] = []
    with pool.turns.turn("before"):
        waiting = threading.Thread(
            target=lambda: pool.run(query(tmp_path, "SELECT 1"), Nothing(), "a", lambda: told.append("turn"))
        )
        waiting.start()
        assert told == []
    waiting.join(20)
    assert told == ["turn"]


def test_a_crowd_of_checks_takes_one_worker(pool: Pool) -> None:
    checks = [threading.Thread(target=pool.check, args=("SELECT 1",)) for _ in range(20)]
    for each in checks:
        each.start()
    for each in checks:
        each.join(20)
    assert len(pool.idle) == 1


def test_a_pool_that_is_warm_runs_on_the_worker_that_waits(pool: Pool, tmp_path: Path) -> None:
    pool.warm()
    (waiting,) = pool.idle
    pool.warm()
    assert pool.idle == [waiting]
    pool.run(query(tmp_path, "SELECT 1"), Nothing(), "a")
    assert pool.idle == [waiting]
