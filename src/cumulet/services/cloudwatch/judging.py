"""Which state an alarm's latest datapoints put it in.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
EXTRA = 2  # periods that are looked at beyond the alarm's own, in case some of those have no value

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (
        lambda value, threshold: value >= threshold,
        "greater than or equal to",
    ),
    "GreaterThanThreshold": (lambda value, threshold: value > threshold, "greater than"),
    "LessThanThreshold": (lambda value, threshold: value < threshold, "less than"),
    "LessThanOrEqualToThreshold": (lambda value, threshold: value <= threshold, "less than or equal to"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """So many of the latest periods (`datapoints` of `periods`) beyond the threshold are an alarm."""

    comparison: str
    threshold: float
    periods: int
    datapoints: int
    missing: str  # breaching, notBreaching, ignore or missing

    @classmethod
    def of(cls, body: dict[str, Any]) -> Rule:
        periods = body["EvaluationPeriods"]
        return cls(
            body["ComparisonOperator"],
            body["Threshold"],
            periods,
            body.get("DatapointsToAlarm", periods),
            body.get("TreatMissingData", "missing"),
        )

    def breached(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


class Point(NamedTuple):
    time: int
    value: float | None


class Judgement(NamedTuple):
    state: str
    reason: str
    data: str  # the same for programs, as JSON


def judge(rule: Rule, points: Sequence[Point], current: str) -> str:
    """The state after the points of the evaluation range, the oldest first; None is a missing value."""
    known = [rule.breached(point.value) for point in points if point.value is not None]
    if len(known) >= rule.periods:
        return ALARM if sum(known[-rule.periods :]) >= rule.datapoints else OK
    if not known:
        return {"breaching": ALARM, "notBreaching": OK, "ignore": current}.get(
            rule.missing, INSUFFICIENT_DATA
        )
    if all(known) and rule.missing in ("missing", "ignore"):
        return _intermittent(rule, points, current)
    filled = rule.periods - len(known) if rule.missing == "breaching" else 0
    return ALARM if sum(known) + filled >= rule.datapoints else OK


def _intermittent(rule: Rule, points: Sequence[Point], current: str) -> str:
    """Too few values, all of them breaching: an alarm once the oldest of them is old enough, not before."""
    oldest = next(place for place, point in enumerate(points) if point.value is not None)
    old_enough = len(points) - oldest >= rule.datapoints
    return ALARM if old_enough and rule.missing == "missing" else current


def explain(
    rule: Rule, points: Sequence[Point], state: str, described: dict[str, Any], now: float
) -> Judgement:
    """The state with AWS's words for why."""
    known = [point for point in points if point.value is not None][-rule.periods :]
    data = _data(rule, points, known, described, now)
    if state == INSUFFICIENT_DATA:
        return Judgement(state, "Insufficient Data: no datapoints were received for the period.", data)
    words = COMPARISONS[rule.comparison][1]
    if not known:
        handled = f"no datapoints were received for {_count(rule.periods, 'period')} and missing data is "
        return Judgement(state, f"Threshold Crossed: {handled}treated as {rule.missing}.", data)
    crossing = [point for point in known if rule.breached(point.value or 0.0)]
    shown = crossing if state == ALARM else [point for point in known if point not in crossing]
    listed = ", ".join(f"{point.value!r} ({_date(point.time)})" for point in reversed(shown))
    reason = (
        f"Threshold Crossed: {len(shown)} out of the last {_count(rule.periods, 'datapoint')} [{listed}] "
        f"{'was' if len(shown) == 1 else 'were'} {'' if state == ALARM else 'not '}{words} the threshold "
        f"({rule.threshold!r}) (minimum {_count(rule.datapoints, 'datapoint')} for "
        f"{OK if state == ALARM else ALARM} -> {state} transition)."
    )
    return Judgement(state, reason, data)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _date(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%d/%m/%y %H:%M:%S")


def _data(
    rule: Rule, points: Sequence[Point], known: Sequence[Point], described: dict[str, Any], now: float
) -> str:
    told = {
        "version": "1.0",
        "queryDate": _iso(now),
        "startDate": _iso(known[0].time if known else points[0].time),
        **described,
        "recentDatapoints": [point.value for point in known],
        "threshold": rule.threshold,
        "evaluatedDatapoints": [
            {"timestamp": _iso(point.time), "value": point.value} for point in reversed(known)
        ],
    }
    return json.dumps(told, separators=(",", ":"))


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
