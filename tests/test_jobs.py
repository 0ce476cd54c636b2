"""Promised work: it is done once, told its attempt, stopped when asked, and fails loudly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cumulet import services
from cumulet.config import Config
from cumulet.house import House
from cumulet.jobs import Job, Suspended
from cumulet.services import Caller, Service
from cumulet.store.database import Closed

CALLER = Caller("123456789012", "us-east-1")
PATIENCE = 20.0
DONE = "SELECT state, error FROM queue WHERE id = ?"


class Probe(Service):
    """A service whose work is what the test says."""

    work: Any = None
    told: list[str] = []
    tell: Any = None

    def do(self, job: Job) -> None:
        type(self).work(job)

    def do_failed(self, job: Job, reason: str) -> None:
        type(self).told.append(reason)
        if type(self).tell:
            type(self).tell()


@pytest.fixture(autouse=True)
def probe(monkeypatch: pytest.MonkeyPatch) -> type[Probe]:
    found = services.service_class
    monkeypatch.setattr(services, "service_class", lambda name: Probe if name == "probe" else found(name))
    Probe.told, Probe.tell = [], None
    return Probe


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(Config(data_dir=tmp_path))
    yield made
    made.close()


def state(house: House, entry: str) -> tuple[str, str]:
    return house.store.database.read(DONE, (entry,))[0]


def done(house: House, entry: str) -> tuple[str, str]:
    """Its state once nothing of it runs any more."""
    clock = threading.Event()
    for _ in range(2000):
        if state(house, entry)[0] == "done" and entry not in house.jobs.running:
            break
        clock.wait(0.01)
    return state(house, entry)


def test_work_is_done_with_what_it_was_given_as_the_one_who_asked(house, probe):
    seen = []
    probe.work = lambda job: seen.append((job.caller, job.payload, job.attempt))
    house.jobs.start()
    entry = house.jobs.add("probe.do", CALLER, name="x")
    assert done(house, entry) == ("done", "")
    assert seen == [(CALLER, {"name": "x"}, 1)]


def test_work_promised_before_the_start_is_done_after_it(house, probe):
    probe.work = lambda job: None
    entries = [house.jobs.add("probe.do", CALLER) for _ in range(150)]
    house.jobs.start()
    assert [done(house, entry) for entry in entries] == [("done", "")] * 150


def test_a_promise_in_a_change_that_fails_was_never_made(house, probe):
    ran = threading.Event()
    probe.work = lambda job: ran.set()
    house.jobs.start()

    def change() -> None:
        house.jobs.add("probe.do", CALLER)
        raise ValueError

    with pytest.raises(ValueError):
        house.store.atomically(change)
    probe.work = lambda job: None
    done(house, house.jobs.add("probe.do", CALLER))
    assert not ran.is_set()


def test_work_that_was_running_when_the_server_ended_is_told_so(tmp_path, probe):
    first = House(Config(data_dir=tmp_path))
    saved = threading.Event()

    def leave(job: Job) -> None:
        job.save(step=1)
        saved.set()
        job.wait(PATIENCE)
        raise Suspended

    probe.work = leave
    first.jobs.start()
    entry = first.jobs.add("probe.do", CALLER, name="x")
    assert saved.wait(PATIENCE)
    first.close()

    seen = []
    probe.work = lambda job: seen.append((job.attempt, job.payload))
    second = House(Config(data_dir=tmp_path))
    second.jobs.start()
    assert done(second, entry) == ("done", "")
    assert seen == [(2, {"name": "x", "step": 1})]
    second.close()


def test_work_that_is_stopped_wakes_and_is_told_so(house, probe):
    begun, seen = threading.Event(), []

    def work(job: Job) -> None:
        begun.set()
        seen.append(job.wait(PATIENCE))
        seen.append((job.stopping, job.leaving))

    probe.work = work
    house.jobs.start()
    entry = house.jobs.add("probe.do", CALLER)
    assert begun.wait(PATIENCE)
    house.jobs.stop(entry)
    done(house, entry)
    assert seen == [True, (True, False)]


def test_work_stopped_before_it_began_is_told_so_at_once(house, probe):
    seen = []
    probe.work = lambda job: seen.append(job.wait(PATIENCE))
    entry = house.jobs.add("probe.do", CALLER)
    house.jobs.stop(entry)
    house.jobs.start()
    done(house, entry)
    assert seen == [True]


def test_a_stop_between_the_claim_and_the_beginning_is_heard(house, probe):
    seen = []
    probe.work = lambda job: seen.append(job.stopping)
    entry = house.jobs.add("probe.do", CALLER)
    (claimed,) = house.store.queue.claim(house.clock())
    house.jobs.stop(entry)
    house.jobs._begin(Job(house.jobs, claimed))
    done(house, entry)
    assert seen == [True]


def test_work_that_fails_is_told_to_its_resource_and_remembered(house, probe):
    def work(job: Job) -> None:
        raise ValueError("no such thing")

    probe.work = work
    house.jobs.start()
    entry = house.jobs.add("probe.do", CALLER)
    assert done(house, entry) == ("done", "ValueError: no such thing")
    assert probe.told == ["ValueError: no such thing"]


def test_a_resource_that_cannot_be_told_does_not_keep_the_work_running(house, probe):
    probe.work = probe.tell = lambda *_: 1 / 0
    house.jobs.start()
    entry = house.jobs.add("probe.do", CALLER)
    assert done(house, entry)[1].startswith("ZeroDivisionError")


@pytest.mark.parametrize("kind", ["probe.nothing", "nobody.do"])
def test_work_that_nobody_does_fails_by_name(house, kind):
    house.jobs.start()
    entry = house.jobs.add(kind, CALLER)
    assert kind.partition(".")[0 if kind.startswith("nobody") else 2] in done(house, entry)[1]


def test_work_that_exits_fails_instead_of_vanishing(house, probe):
    def work(job: Job) -> None:
        raise SystemExit(3)

    probe.work = work
    house.jobs.start()
    assert done(house, house.jobs.add("probe.do", CALLER)) == ("done", "SystemExit: 3")


def test_work_is_not_begun_before_it_is_due(house, probe):
    now = [1000.0]
    house.clock = lambda: now[0]
    order: list[str] = []
    probe.work = lambda job: order.append(job.payload["name"])
    house.jobs.start()
    later = house.jobs.add("probe.do", CALLER, due=2000.0, name="later")
    done(house, house.jobs.add("probe.do", CALLER, name="now"))
    assert order == ["now"]
    now[0] = 2000.0
    done(house, later)
    assert order == ["now", "later"]


def test_a_store_that_fails_for_a_moment_does_not_end_all_work(house, probe, monkeypatch):
    monkeypatch.setattr("cumulet.jobs.RECOVERY", 0.01)
    claim, failures = house.store.queue.claim, [OSError("disk full")] * 3

    def failing(now: float) -> Any:
        if failures:
            raise failures.pop()
        return claim(now)

    monkeypatch.setattr(house.store.queue, "claim", failing)
    probe.work = lambda job: None
    house.jobs.start()
    assert done(house, house.jobs.add("probe.do", CALLER, due=0.0)) == ("done", "")
    assert failures == []


def test_nothing_can_be_promised_to_a_closed_house(tmp_path):
    made = House(Config(data_dir=tmp_path))
    made.jobs.start()
    made.close()
    with pytest.raises(Closed):
        made.jobs.add("probe.do", CALLER)
