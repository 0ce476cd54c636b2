"""The statistics that CloudWatch makes of the values of a period.

Percentiles (`p99`), trimmed means (`tm90`, `TM(10%:90%)`), winsorized means, interquartile mean, percentile
ranks, trimmed counts and sums. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import NamedTuple

from cumulet.services.cloudwatch.refusals import invalid
from cumulet.store.distribution import Distribution

Measure = Callable[[Distribution], float | None]
Pairs = list[tuple[float, float]]

SIMPLE: dict[str, Measure] = {
    "SampleCount": lambda values: values.count,
    "Average": lambda values: values.total / values.count,
    "Sum": lambda values: values.total,
    "Minimum": lambda values: values.low,
    "Maximum": lambda values: values.high,
}
SHORT = re.compile(r"(p|tm|wm|tc|ts)(100|\d{1,2}(?:\.\d{1,10})?)")
LONG = re.compile(r"(PR|TM|WM|TC|TS)\(([^:()]*):([^:()]*)\)")
BOUND = re.compile(r"(-?\d+(?:\.\d+)?)(%?)")


class Bounds(NamedTuple):
    """From and to: as values, or as shares of the count from 0 to 1."""

    low: float
    high: float
    shares: bool


def measure(stat: str) -> Measure:
    """What computes a statistic by its name; None where the values themselves are not known."""
    if found := SIMPLE.get(stat):
        return found
    if stat == "IQM":
        return _of_spread(lambda pairs: _mean(_within(pairs, Bounds(0.25, 0.75, True))))
    if short := SHORT.fullmatch(stat):
        return _short(short[1], float(short[2]) / 100)
    if long := LONG.fullmatch(stat):
        return _long(long[1], _bounds(long[2], long[3], stat))
    raise invalid(f"The value {stat} for parameter Stat is not supported.")


def _short(kind: str, share: float) -> Measure:
    if kind == "p":
        return _of_spread(lambda pairs: _percentile(pairs, share))
    return _long(kind.upper(), Bounds(0, share, True))


def _long(kind: str, bounds: Bounds) -> Measure:
    return _of_spread(lambda pairs: KINDS[kind](pairs, bounds))


def _of_spread(compute: Callable[[Pairs], float | None]) -> Measure:
    return lambda values: None if values.spread is None else compute(list(values.spread))


def _bounds(low: str, high: str, stat: str) -> Bounds:
    read = [BOUND.fullmatch(text) for text in (low, high)]
    units = {found[2] for found in read if found}
    if any(text and not found for text, found in zip((low, high), read, strict=True)) or len(units) != 1:
        raise invalid(f"The value {stat} for parameter Stat is not supported.")
    shares = units == {"%"}
    least, most = (0.0, 1.0) if shares else (-math.inf, math.inf)
    told = [float(found[1]) / (100 if shares else 1) if found else None for found in read]
    return Bounds(least if told[0] is None else told[0], most if told[1] is None else told[1], shares)


def _percentile(pairs: Pairs, share: float) -> float:
    """The least value that so large a share of all values is not above."""
    wanted, passed = share * sum(often for _, often in pairs), 0.0
    for value, often in pairs:
        passed += often
        if passed >= wanted:
            return value
    return pairs[-1][0]


def _within(pairs: Pairs, bounds: Bounds) -> Pairs:
    """The values between the bounds: below exclusive, above inclusive, as AWS counts them."""
    if not bounds.shares:
        return [(value, often) for value, often in pairs if bounds.low < value <= bounds.high]
    whole = sum(often for _, often in pairs)
    first, last, passed, kept = bounds.low * whole, bounds.high * whole, 0.0, []
    for value, often in pairs:
        share = min(passed + often, last) - max(passed, first)
        if share > 0:
            kept.append((value, share))
        passed += often
    return kept


def _mean(pairs: Pairs) -> float | None:
    often = _count(pairs)
    return _total(pairs) / often if often else None


def _count(pairs: Pairs) -> float:
    return sum(often for _, often in pairs)


def _total(pairs: Pairs) -> float:
    return sum(value * often for value, often in pairs)


def _winsorized(pairs: Pairs, bounds: Bounds) -> float | None:
    """The mean where what is outside the bounds counts as the nearest value inside."""
    inside = _within(pairs, bounds)
    if not inside:
        return None
    low, high = inside[0][0], inside[-1][0]
    return _mean([(min(max(value, low), high), often) for value, often in pairs])


KINDS: dict[str, Callable[[Pairs, Bounds], float | None]] = {
    "TM": lambda pairs, bounds: _mean(_within(pairs, bounds)),
    "TC": lambda pairs, bounds: _count(_within(pairs, bounds)),
    "TS": lambda pairs, bounds: _total(_within(pairs, bounds)),
    "WM": _winsorized,
    "PR": lambda pairs, bounds: 100 * _count(_within(pairs, bounds)) / _count(pairs),
}
