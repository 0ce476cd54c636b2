"""What has expired is deleted when the policy is set and every day after."""

from __future__ import annotations

import pytest

from cumulet.config import Config
from cumulet.house import House
from cumulet.jobs import Job
from cumulet.services import Caller

CALLER = Caller("123456789012", "us-east-1")
DAY = 86_400_000


@pytest.fixture
def now() -> list[float]:
    return [1_800_000_000.0]


@pytest.fixture
def logs(tmp_path, now):
    """The service in a house whose clock the test moves and whose supervisor the test plays."""
    made = House(Config(data_dir=tmp_path), clock=lambda: now[0])
    service = made.service("logs", CALLER)
    service.ensure_stream("g", "s")
    yield service
    made.close()


def put(logs, message: str) -> None:
    event = {"timestamp": logs.now(), "message": message}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])


def kept(logs) -> list[str]:
    return [line.text for line in logs.store.lines.read(logs.journal("g"))]


def work(logs) -> int:
    """Do the work that is due; how much there was."""
    entries = logs.store.queue.claim(logs.house.clock())
    for entry in entries:
        logs.forget_expired(Job(logs.house.jobs, entry))
        logs.store.queue.finish(entry.id)
    return len(entries)


def test_the_expired_is_deleted_at_once_and_each_day_while_there_is_a_policy(logs, now):
    put(logs, "old")
    now[0] += 2 * DAY / 1000
    put(logs, "new")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    assert work(logs) == 1
    assert kept(logs) == ["new"]
    assert work(logs) == 0
    now[0] += 1.5 * DAY / 1000
    assert work(logs) == 1
    assert kept(logs) == []
    logs.delete_retention_policy(logGroupName="g")
    now[0] += 2 * DAY / 1000
    assert work(logs) == 1
    assert work(logs) == 0


def test_another_policy_for_the_same_group_does_not_double_the_work(logs, now):
    for days in (1, 3, 7):
        logs.put_retention_policy(logGroupName="g", retentionInDays=days)
    assert work(logs) == 1


def test_a_deleted_group_ends_the_work(logs, now):
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    logs.delete_log_group(logGroupName="g")
    assert work(logs) == 1
    now[0] += 2 * DAY / 1000
    assert work(logs) == 0
