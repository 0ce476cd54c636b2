"""What PutMetricData is told of a metric, made sure of and gathered into samples.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from cumulet.services.cloudwatch.refusals import combination, invalid, missing
from cumulet.store.distribution import Distribution
from cumulet.store.metrics import Dimensions, Name, Sample, Span

LARGEST = 2.0**360
PAST, FUTURE = 14 * 86400, 2 * 3600  # seconds from now that a value may have been measured
MOST_DIMENSIONS = 30
RESOLUTIONS = (1, 60)


def measured(namespace: str, datum: dict[str, Any], now: float, place: str) -> tuple[Name, Sample]:
    """One datum as a sample of its metric; `place` is its name in a refusal."""
    name = Name(namespace, datum["MetricName"], dimensions(datum.get("Dimensions") or [], place))
    resolution = datum.get("StorageResolution", 60)
    if resolution not in RESOLUTIONS:
        raise invalid(
            f"The parameter {place}.StorageResolution must be 1 for a high-resolution metric or 60 for a "
            "standard metric."
        )
    time = _time(datum.get("Timestamp"), now, place)
    span = Span(int(time) // resolution * resolution, resolution, datum.get("Unit", "None"))
    return name, Sample(span, _values(datum, place))


def dimensions(told: list[dict[str, str]], place: str) -> Dimensions:
    """In the order of their names: they name the same metric however they are ordered."""
    if len(told) > MOST_DIMENSIONS:
        raise invalid(
            f"The collection {place}.Dimensions must not have a size greater than {MOST_DIMENSIONS}."
        )
    named = {dimension["Name"]: dimension["Value"] for dimension in told}
    if len(named) < len(told):
        raise invalid(f"The collection {place}.Dimensions must not name a dimension twice.")
    return tuple(sorted(named.items()))


def _time(told: datetime | None, now: float, place: str) -> float:
    if told is None:
        return now
    time = told.timestamp()
    if not now - PAST <= time <= now + FUTURE:
        raise invalid(
            f"The parameter {place}.Timestamp must specify a time no earlier than two weeks in the past and "
            "no later than two hours in the future."
        )
    return time


def _values(datum: dict[str, Any], place: str) -> Distribution:
    forms = [form for form in ("Value", "StatisticValues", "Values") if datum.get(form) is not None]
    if not forms:
        raise missing(
            f"At least one of the parameters must be specified: {place}.Value, StatisticValues, Values."
        )
    if len(forms) > 1:
        raise combination(
            f"The parameters {place}.{forms[0]} and {place}.{forms[1]} are mutually exclusive and you have "
            "specified both."
        )
    if forms == ["Value"]:
        return Distribution.of([_number(datum["Value"], f"{place}.Value")], [1.0])
    return _listed(datum, place) if forms == ["Values"] else _summed(datum["StatisticValues"], place)


def _listed(datum: dict[str, Any], place: str) -> Distribution:
    values = [_number(value, f"{place}.Values") for value in datum["Values"]]
    counts = datum.get("Counts") or [1.0] * len(values)
    if not values or len(values) > 150 or len(counts) != len(values):
        raise invalid(f"{place}.Values and {place}.Counts must have the same size, from 1 to 150.")
    if any(not 0 < count < LARGEST for count in counts):
        raise invalid(f"{place}.Counts must be greater than 0.")
    return Distribution.of(values, counts)


def _summed(told: dict[str, float], place: str) -> Distribution:
    """Of a set of statistics the values themselves are known only where they are all one."""
    count, total, low, high = (
        _number(told[part], f"{place}.StatisticValues.{part}")
        for part in ("SampleCount", "Sum", "Minimum", "Maximum")
    )
    if count <= 0 or low > high:
        raise invalid(f"{place}.StatisticValues: SampleCount must be above 0 and Minimum not above Maximum.")
    spread = ((low, count),) if low == high else None
    return Distribution(count, total, low, high, spread)


def _number(value: float, place: str) -> float:
    if math.isnan(value) or abs(value) > LARGEST:
        raise invalid(f"The value {value} for parameter {place} is invalid.")
    return float(value)
