"""Scheduled actions: other limits at a time, at every so many minutes, or by a cron expression.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scheduled-scaling.html
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cumulet.services import cron
from cumulet.services.application_autoscaling.activities import Activities
from cumulet.services.application_autoscaling.refusals import invalid, not_found
from cumulet.services.application_autoscaling.targets import PAGE, SCHEDULED, TARGET, Place, place_of
from cumulet.wire.errors import NotImplementedByCumulet

RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)")
AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?)\)")
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


class Schedules(Activities):
    def put_scheduled_action(
        self,
        *,
        ServiceNamespace: str,
        ScheduledActionName: str,
        ResourceId: str,
        ScalableDimension: str,
        Schedule: str | None = None,
        Timezone: str | None = None,
        StartTime: datetime | None = None,
        EndTime: datetime | None = None,
        ScalableTargetAction: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        self._wanted_target(place)
        name, scope = f"{place}|{ScheduledActionName}", self.caller.scope
        now = self.house.clock()
        found = self.store.records.get(SCHEDULED, scope, name) or {
            "ScheduledActionName": ScheduledActionName,
            "ScheduledActionARN": self._scheduled_arn(place, ScheduledActionName),
            **place.members,
            "CreationTime": now,
        }
        given = {
            "Schedule": Schedule,
            "Timezone": Timezone,
            "StartTime": StartTime and StartTime.timestamp(),
            "EndTime": EndTime and EndTime.timestamp(),
            "ScalableTargetAction": ScalableTargetAction,
        }
        found.update({member: value for member, value in given.items() if value is not None})
        if not found.get("Schedule") or not found.get("ScalableTargetAction"):
            raise invalid("A scheduled action needs a Schedule and a ScalableTargetAction.")
        found["due"] = due_after(found, now)
        self.store.records.put(SCHEDULED, scope, name, found)
        return {}

    def _scheduled_arn(self, place: Place, name: str) -> str:
        where = f"resource/{place.namespace}/{place.resource}:scheduledActionName/{name}"
        return self.arn(f"scheduledAction:{uuid.uuid4()}:{where}", "autoscaling")

    def delete_scheduled_action(
        self, *, ServiceNamespace: str, ScheduledActionName: str, ResourceId: str, ScalableDimension: str
    ) -> dict[str, Any]:
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        if not self.store.records.delete(SCHEDULED, self.caller.scope, f"{place}|{ScheduledActionName}"):
            raise not_found(f"scheduled action {ScheduledActionName}", place.resource)
        return {}

    def describe_scheduled_actions(
        self,
        *,
        ServiceNamespace: str,
        ScheduledActionNames: list[str] | None = None,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        found = self._all(SCHEDULED, ServiceNamespace, ResourceId, ScalableDimension)
        wanted = ScheduledActionNames
        found = [body for body in found if not wanted or body["ScheduledActionName"] in wanted]
        return self._paged("ScheduledActions", found, NextToken, MaxResults)

    def act_on_schedule(self, now: float) -> None:
        """Carry out what is due."""
        for name, body in self.store.records.list(SCHEDULED, self.caller.scope):
            if body["due"] is not None and body["due"] <= now:
                due = due_after(body, now)
                self.store.records.update(SCHEDULED, self.caller.scope, name, partial(_put_off, due))
                self._carry_out(body)

    def _carry_out(self, body: dict[str, Any]) -> None:
        place = place_of(body["ServiceNamespace"], body["ResourceId"], body["ScalableDimension"])
        target = self._target(place)
        if target is None or target["SuspendedState"].get("ScheduledScalingSuspended"):
            return
        limits = body["ScalableTargetAction"]
        self.store.records.update(
            TARGET, self.caller.scope, str(place), lambda target: target.update(_within(target, limits))
        )
        self.scale(
            place, self._capacity(place), f"scheduled action name {body['ScheduledActionName']} was triggered"
        )


def _put_off(due: float | None, body: dict[str, Any]) -> None:
    body["due"] = due


def _within(target: dict[str, Any], limits: dict[str, int]) -> dict[str, int]:
    least = limits.get("MinCapacity", target["MinCapacity"])
    most = limits.get("MaxCapacity", target["MaxCapacity"])
    return {
        "MinCapacity": min(least, most) if "MinCapacity" not in limits else least,
        "MaxCapacity": max(least, most),
    }


def due_after(body: dict[str, Any], now: float) -> float | None:
    """When an action is due next; None where it never is again."""
    due = _next(body["Schedule"], body.get("Timezone"), max(now, body.get("StartTime", now)), body)
    return None if due is None or due > body.get("EndTime", due) else due


def _next(schedule: str, zone: str | None, now: float, body: dict[str, Any]) -> float | None:
    if at := AT.fullmatch(schedule):
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=_zone(zone)).timestamp()
        return moment if moment > now or "due" not in body else None
    if rate := RATE.fullmatch(schedule):
        begin = body.get("StartTime", body["CreationTime"])
        step = int(rate[1]) * SECONDS[rate[2]]
        return float(begin + step * (int(max(0.0, now - begin) // step) + 1))
    if zone not in (None, "UTC", "Etc/UTC"):
        raise NotImplementedByCumulet("PutScheduledAction with a cron expression and a Timezone")
    try:
        return cron.parse(schedule).next_after(now)
    except cron.BadSchedule as error:
        raise invalid(f"Schedule {schedule} is not valid: {error}") from None


def _zone(name: str | None) -> Any:
    try:
        return ZoneInfo(name) if name and name != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError):
        raise invalid(f"{name} is not a time zone.") from None
