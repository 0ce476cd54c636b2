"""Metrics on both databases: what is told of one span of time is one sample, and ages into coarser ones."""

from __future__ import annotations

import random
import statistics

import pytest

from cumulet.store.database import Database
from cumulet.store.distribution import EXACT, Distribution
from cumulet.store.metrics import Metrics, Name, Sample, Span

NAME = Name("Shop", "Latency", (("Page", "cart"),))


def one(*values: float) -> Distribution:
    return Distribution.of(values, [1.0] * len(values))


def sample(time: int, *values: float, resolution: int = 60, unit: str = "None") -> tuple[Name, Sample]:
    return NAME, Sample(Span(time, resolution, unit), one(*values))


@pytest.fixture
def metrics(database: Database) -> Metrics:
    return Metrics(database)


def read(metrics: Metrics, start: int = 0, end: int = 10**10) -> list[Sample]:
    number = metrics.find("1/here", NAME)
    return [] if number is None else metrics.samples(number, start, end)


def test_what_is_told_of_one_minute_is_one_sample(metrics):
    metrics.add("1/here", [sample(60, 1, 3), sample(120, 9)])
    metrics.add("1/here", [sample(60, 2)])
    first, second = read(metrics)
    assert first.span == Span(60, 60, "None")
    assert first.values == Distribution(3, 6, 1, 3, ((1, 1), (2, 1), (3, 1)))
    assert second.values.total == 9


def test_units_and_scopes_are_kept_apart(metrics):
    metrics.add("1/here", [sample(60, 1), sample(60, 2, unit="Bytes")])
    metrics.add("2/here", [sample(60, 5)])
    assert [(s.span.unit, s.values.total) for s in read(metrics)] == [("Bytes", 2), ("None", 1)]


def test_a_range_has_its_beginning_and_not_its_end(metrics):
    metrics.add("1/here", [sample(time, time) for time in (60, 120, 180)])
    assert [s.span.time for s in read(metrics, 60, 180)] == [60, 120]


def test_metrics_are_listed_with_when_they_were_last_seen(metrics):
    metrics.add("1/here", [sample(120, 1), sample(60, 1)])
    metrics.add("1/here", [(Name("Shop", "Errors", ()), sample(600, 1)[1])])
    assert [(m.name.name, m.seen) for m in metrics.seen_since("1/here", 0)] == [
        ("Errors", 600),
        ("Latency", 120),
    ]
    assert [m.name.name for m in metrics.seen_since("1/here", 121)] == ["Errors"]


def test_what_is_old_is_gathered_and_at_last_forgotten(metrics):
    metrics.add("1/here", [sample(time, time, resolution=1) for time in (60, 61, 119, 120, 240)])
    metrics.roll_up(1, 60, before=180)
    assert [(s.span.time, s.span.resolution, s.values.count) for s in read(metrics)] == [
        (60, 60, 3),
        (120, 60, 1),
        (240, 1, 1),
    ]
    metrics.forget(before=100)
    assert [s.span.time for s in read(metrics)] == [120, 240]


def test_what_comes_late_is_added_to_what_was_gathered(metrics):
    metrics.add("1/here", [sample(60, 1, resolution=1)])
    metrics.roll_up(1, 60, before=1000)
    metrics.add("1/here", [sample(61, 2, resolution=1)])
    metrics.roll_up(1, 60, before=1000)
    assert [s.values.count for s in read(metrics)] == [2]


def test_many_different_values_keep_three_digits_of_each(metrics):
    drawn = random.Random(1)
    values = [drawn.lognormvariate(0, 2) for _ in range(5 * EXACT)]
    kept = one(*values)
    assert kept.spread is not None
    assert (kept.count, kept.low, kept.high) == (len(values), min(values), max(values))
    told = [value for value, often in kept.spread for _ in range(int(often))]
    assert statistics.median(told) == pytest.approx(statistics.median(values), rel=0.005)


def test_sums_without_values_leave_the_spread_unknown(metrics):
    known, unknown = one(1.0), Distribution(4, 10, 1, 4, None)
    assert Distribution.together([known, unknown]) == Distribution(5, 11, 1, 4, None)
