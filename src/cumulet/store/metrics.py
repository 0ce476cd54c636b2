"""Metrics: series of measured values, gathered by the second or the minute, and coarser as they age.

A metric is named by scope, namespace, name and dimensions (pairs in the order of their names). A sample is
all that was told of one metric, one unit and one span of time; what is told later is added to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cumulet.store.database import Database, Transaction
from cumulet.store.distribution import Distribution
from cumulet.store.order import Order

FIND = "SELECT id FROM metrics WHERE scope = ? AND namespace = ? AND name = ? AND dimensions = ?"
CREATE = "INSERT INTO metrics (id, scope, namespace, name, dimensions, seen) VALUES (?, ?, ?, ?, ?, ?)"
SEEN = "UPDATE metrics SET seen = ? WHERE id = ? AND seen < ?"
LIST = (
    "SELECT id, namespace, name, dimensions, seen FROM metrics WHERE scope = ? AND seen >= ? "
    "ORDER BY namespace, name, dimensions"
)
COLUMNS = "time, resolution, unit, count, total, low, high, spread"
SAMPLES = f"SELECT metric, {COLUMNS} FROM samples WHERE metric = ? AND time >= ? AND time < ? ORDER BY time"
SAMPLE = (
    "SELECT count, total, low, high, spread FROM samples "
    "WHERE metric = ? AND time = ? AND resolution = ? AND unit = ?"
)
WRITE = (
    f"INSERT INTO samples (metric, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (metric, time, resolution, unit) DO UPDATE SET count = excluded.count, "
    "total = excluded.total, low = excluded.low, high = excluded.high, spread = excluded.spread"
)
AGED = (
    f"SELECT metric, {COLUMNS} FROM samples WHERE resolution = ? AND time < ? ORDER BY metric, time LIMIT ?"
)
DROP = "DELETE FROM samples WHERE metric = ? AND time = ? AND resolution = ? AND unit = ?"
FORGET = "DELETE FROM samples WHERE time < ?"
FORGET_METRICS = "DELETE FROM metrics WHERE seen < ?"
PAGE = 2000

Dimensions = tuple[tuple[str, str], ...]


class Name(NamedTuple):
    namespace: str
    name: str
    dimensions: Dimensions

    @property
    def written(self) -> tuple[str, str, str]:
        return self.namespace, self.name, json.dumps(self.dimensions, separators=(",", ":"))


class Metric(NamedTuple):
    id: int
    name: Name
    seen: int  # seconds since the epoch: when its latest value was measured


class Span(NamedTuple):
    """When, and of what unit: `time` and `resolution` in seconds; a span starts at its time."""

    time: int
    resolution: int
    unit: str


class Sample(NamedTuple):
    span: Span
    values: Distribution


class Metrics:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.order = Order()

    def add(self, scope: str, told: Iterable[tuple[Name, Sample]]) -> None:
        """Remember measured values as one change."""
        named: dict[Name, dict[Span, list[Distribution]]] = {}
        for name, sample in told:
            named.setdefault(name, {}).setdefault(sample.span, []).append(sample.values)

        def change(tx: Transaction) -> None:
            for name, spans in named.items():
                metric = self._identified(tx, scope, name, max(span.time for span in spans))
                for span, parts in spans.items():
                    _merge(tx, metric, span, parts)

        self.database.write(change)

    def find(self, scope: str, name: Name) -> int | None:
        rows = self.database.read(FIND, (scope, *name.written))
        return rows[0][0] if rows else None

    def seen_since(self, scope: str, since: int) -> list[Metric]:
        """The metrics with values since a moment, in the order of their names."""
        return [
            Metric(number, Name(namespace, name, _read(dimensions)), seen)
            for number, namespace, name, dimensions, seen in self.database.read(LIST, (scope, since))
        ]

    def samples(self, metric: int, start: int, end: int) -> list[Sample]:
        """In the order of time, those whose span starts in `start <= time < end`."""
        return [_sample(row) for row in self.database.read(SAMPLES, (metric, start, end))]

    def roll_up(self, resolution: int, coarser: int, before: int) -> None:
        """Gather what is older than a moment into coarser spans, page by page."""
        while self.database.write(lambda tx: _roll_up(tx, resolution, coarser, before)) == PAGE:
            pass

    def forget(self, before: int) -> None:
        def change(tx: Transaction) -> None:
            tx.execute(FORGET, (before,))
            tx.execute(FORGET_METRICS, (before,))

        self.database.write(change)

    def _identified(self, tx: Transaction, scope: str, name: Name, seen: int) -> int:
        """The metric's number, given to it now if it is new."""
        if rows := tx.execute(FIND, (scope, *name.written)):
            tx.execute(SEEN, (seen, rows[0][0], seen))
            return int(rows[0][0])
        number = self.order.take()[0]
        tx.execute(CREATE, (number, scope, *name.written, seen))
        return number


def _read(dimensions: str) -> Dimensions:
    return tuple((name, value) for name, value in json.loads(dimensions))


def _sample(row: Sequence[object]) -> Sample:
    _, time, resolution, unit, *values = row
    return Sample(Span(time, resolution, unit), Distribution.read(*values))  # type: ignore[arg-type]


def _merge(tx: Transaction, metric: int, span: Span, parts: list[Distribution]) -> None:
    """Add values to a sample, which may be there already."""
    there = [Distribution.read(*row) for row in tx.execute(SAMPLE, (metric, *span))]
    found = Distribution.together([*there, *parts])
    tx.execute(WRITE, (metric, *span, found.count, found.total, found.low, found.high, found.written()))


def _roll_up(tx: Transaction, resolution: int, coarser: int, before: int) -> int:
    rows = tx.execute(AGED, (resolution, before, PAGE))
    gathered: dict[tuple[int, Span], list[Distribution]] = {}
    for row in rows:
        span, values = _sample(row)
        wider = Span(span.time // coarser * coarser, coarser, span.unit)
        gathered.setdefault((row[0], wider), []).append(values)
        tx.execute(DROP, (row[0], *span))
    for (metric, span), parts in gathered.items():
        _merge(tx, metric, span, parts)
    return len(rows)
