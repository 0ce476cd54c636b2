"""Crawlers that start by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from cumulet.house import Caller, House

from .conftest import Refusal
from .lake import PATIENCE, ROLE, Lake

DAILY = "cron(0 10 * * ? *)"


def test_a_schedule_is_told_stopped_started_changed_and_taken_away(lake: Lake, refused: Refusal) -> None:
    glue, name = lake.glue, lake.crawler("s/", Schedule=DAILY)

    def schedule() -> dict[str, str] | None:
        found: dict[str, str] | None = glue.get_crawler(Name=name)["Crawler"].get("Schedule")
        return found

    assert schedule() == {"ScheduleExpression": DAILY, "State": "SCHEDULED"}
    refused("SchedulerRunningException", glue.start_crawler_schedule, CrawlerName=name)
    glue.stop_crawler_schedule(CrawlerName=name)
    assert schedule() == {"ScheduleExpression": DAILY, "State": "NOT_SCHEDULED"}
    refused("SchedulerNotRunningException", glue.stop_crawler_schedule, CrawlerName=name)
    glue.start_crawler_schedule(CrawlerName=name)
    glue.update_crawler_schedule(CrawlerName=name, Schedule="cron(15 12 ? * MON *)")
    assert schedule() == {"ScheduleExpression": "cron(15 12 ? * MON *)", "State": "SCHEDULED"}
    glue.update_crawler(Name=name, Schedule=DAILY)
    assert schedule() == {"ScheduleExpression": DAILY, "State": "SCHEDULED"}
    glue.update_crawler_schedule(CrawlerName=name, Schedule="")
    assert schedule() is None
    refused("NoScheduleException", glue.start_crawler_schedule, CrawlerName=name)
    refused("EntityNotFoundException", glue.start_crawler_schedule, CrawlerName="nobody")


@pytest.mark.parametrize(
    "schedule", ["daily", "cron(0 10 * * * *)", "cron(0/4 * * * ? *)", "cron(58,0 * * * ? *)"]
)
def test_schedules_that_aws_would_not_have_are_refused(lake: Lake, refused: Refusal, schedule: str) -> None:
    with pytest.raises(lake.glue.exceptions.InvalidInputException):
        lake.crawler("s/", Schedule=schedule)


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self, text: str) -> None:
        self.now = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


def test_a_crawler_starts_each_time_its_schedule_says(house: House, caller: Caller) -> None:
    house.clock = clock = Clock("2024-05-01T09:00")
    s3, glue = house.service("s3", caller), house.service("glue", caller)
    s3.create_bucket(Bucket="timed")
    s3.put_object(Bucket="timed", Key="s/a.csv", Body=b"id,who\n1,Ann\n2,Bob\n")
    targets = {"S3Targets": [{"Path": "s3://timed/s/"}]}
    glue.create_crawler(Name="c", Role=ROLE, DatabaseName="d", Targets=targets, Schedule=DAILY)

    def crawls() -> list[dict[str, Any]]:
        found = glue.list_crawls(CrawlerName="c")["Crawls"]
        return [one for one in found if one["State"] == "COMPLETED"]

    for count, text in enumerate(["2024-05-01T10:00:01", "2024-05-02T10:00:01"], 1):
        assert len(crawls()) == count - 1
        clock.now = Clock(text).now
        until(lambda count=count: len(crawls()) == count)
        assert crawls()[0]["StartTime"] == clock.now
    glue.stop_crawler_schedule(CrawlerName="c")
    assert glue.get_table(DatabaseName="d", Name="s")["Table"]
