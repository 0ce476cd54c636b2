"""Crawlers' schedules: a promise in the queue for each next time, so that they outlive the server.

A time that went by while the server was down is made up once, when it is back.
"""

from __future__ import annotations

import uuid
from itertools import islice, pairwise
from typing import Any

from cumulet.jobs import Job
from cumulet.services import cron
from cumulet.services.glue.catalog import Catalog
from cumulet.services.glue.crawl_history import CRAWLER
from cumulet.services.glue.refusals import invalid, missing
from cumulet.wire.errors import AwsError

FASTEST = 300.0  # seconds between two times, which AWS has as the least
LOOKED_AT = 400  # times that are compared with their next


class CrawlerSchedules(Catalog):
    def update_crawler_schedule(self, *, CrawlerName: str, Schedule: str | None = None) -> dict[str, Any]:
        """No schedule, or an empty one, takes the crawler's away."""
        self._change_schedule(CrawlerName, lambda body: self._schedule(body, Schedule or ""))
        return {}

    def start_crawler_schedule(self, *, CrawlerName: str) -> dict[str, Any]:
        def change(body: dict[str, Any]) -> None:
            schedule = body.get("Schedule")
            if schedule is None:
                raise AwsError("NoScheduleException", f"Crawler {CrawlerName} has no schedule.")
            if schedule["State"] == "SCHEDULED":
                message = f"The schedule of crawler {CrawlerName} is running already."
                raise AwsError("SchedulerRunningException", message)
            self._schedule(body, schedule["ScheduleExpression"])

        self._change_schedule(CrawlerName, change)
        return {}

    def stop_crawler_schedule(self, *, CrawlerName: str) -> dict[str, Any]:
        def change(body: dict[str, Any]) -> None:
            schedule = body.get("Schedule")
            if schedule is None or schedule["State"] != "SCHEDULED":
                message = f"The schedule of crawler {CrawlerName} is not running."
                raise AwsError("SchedulerNotRunningException", message)
            schedule["State"] = "NOT_SCHEDULED"
            body.pop("Timer", None)

        self._change_schedule(CrawlerName, change)
        return {}

    def run_crawler_schedule(self, job: Job) -> None:
        """A scheduled time has come: start the crawler, where it is not running still, and set the next."""
        glue: Any = self

        def change() -> None:
            name = job.payload["name"]
            body = self.store.records.get(CRAWLER, self.caller.scope, name)
            if body is None or body.get("Timer") != job.payload["timer"]:
                return  # another schedule by now, or none
            if body["State"] == "READY":
                glue.start_crawler(Name=name)
            self.store.records.update(CRAWLER, self.caller.scope, name, self._set_timer)

        self.store.atomically(change)

    def _schedule(self, body: dict[str, Any], expression: str) -> None:
        """Give a crawler's body a schedule, and promise its next time."""
        if not expression:
            body.pop("Schedule", None)
            body.pop("Timer", None)
            return
        check(expression, self.house.clock())
        body["Schedule"] = {"ScheduleExpression": expression, "State": "SCHEDULED"}
        self._set_timer(body)

    def _set_timer(self, body: dict[str, Any]) -> None:
        """The timer's name is new each time: who holds an old one has come too late."""
        body["Timer"] = timer = str(uuid.uuid4())
        due = cron.parse(body["Schedule"]["ScheduleExpression"]).next_after(self.house.clock())
        if due is not None:
            kind = "glue.run_crawler_schedule"
            self.house.jobs.add(kind, self.caller, due=due, name=body["Name"], timer=timer)

    def _change_schedule(self, name: str, change: Any) -> None:
        if self.store.records.update(CRAWLER, self.caller.scope, name, change) is None:
            raise missing("Crawler", name)


def check(expression: str, now: float) -> None:
    try:
        schedule = cron.parse(expression)
    except cron.BadSchedule as error:
        raise invalid(f"Schedule: {error}") from None
    times = list(islice(schedule.after(now), LOOKED_AT))
    if any(later - earlier < FASTEST for earlier, later in pairwise(times)):
        raise invalid(f"Schedule {expression} would start it more often than every five minutes.")
