"""What happened at a variant since the last time somebody asked: numbers only, so that counting costs nothing.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-endpoint-invocation
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Spread:
    """Sum, number, least and most of some figures."""

    total: float = 0.0
    count: int = 0
    least: float = 0.0
    most: float = 0.0

    def add(self, value: float) -> None:
        self.least = value if not self.count else min(self.least, value)
        self.most = max(self.most, value)
        self.total += value
        self.count += 1

    def join(self, other: Spread) -> None:
        if other.count:
            both = self.count > 0
            self.least = min(self.least, other.least) if both else other.least
            self.most = max(self.most, other.most)
            self.total += other.total
            self.count += other.count

    def statistics(self) -> dict[str, float]:
        return {
            "SampleCount": float(self.count),
            "Sum": self.total,
            "Minimum": self.least,
            "Maximum": self.most,
        }


@dataclass(slots=True)
class Figures:
    """One period's."""

    invocations: int = 0
    refused: int = 0  # with a 4xx
    failed: int = 0  # with a 5xx
    model_errors: int = 0
    model_latency: Spread = field(default_factory=Spread)  # microseconds
    overhead: Spread = field(default_factory=Spread)
    model_load: Spread = field(default_factory=Spread)  # of a multi-model endpoint's models
    cache_hits: Spread = field(default_factory=Spread)

    @property
    def empty(self) -> bool:
        return self.invocations == 0

    def join(self, other: Figures) -> None:
        """Another period's to this one's."""
        self.invocations += other.invocations
        self.refused += other.refused
        self.failed += other.failed
        self.model_errors += other.model_errors
        self.model_latency.join(other.model_latency)
        self.overhead.join(other.overhead)
        self.model_load.join(other.model_load)
        self.cache_hits.join(other.cache_hits)


class Tally:
    """Counted by whoever answers, taken by whoever tells CloudWatch."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.figures = Figures()

    def count(self, status: int, seconds: float, overhead: float) -> None:
        """One question: the status of its answer, what the model took, and what all the rest took."""
        with self.lock:
            figures = self.figures
            figures.invocations += 1
            figures.refused += 400 <= status < 500
            figures.failed += status >= 500
            figures.model_errors += status >= 400
            figures.model_latency.add(seconds * 1e6)
            figures.overhead.add(max(0.0, overhead) * 1e6)

    def found_model(self, seconds: float | None) -> None:
        """A model of many was there already (None), or had to be laid out first."""
        with self.lock:
            self.figures.cache_hits.add(float(seconds is None))
            if seconds is not None:
                self.figures.model_load.add(seconds * 1e6)

    def take(self) -> Figures:
        with self.lock:
            figures, self.figures = self.figures, Figures()
        return figures

    def give_back(self, figures: Figures) -> None:
        """What was taken could not be told now; it is later."""
        with self.lock:
            self.figures.join(figures)


def metric_data(figures: Figures, instances: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, unit and value (or statistics) of each metric of a variant in one period."""
    if figures.empty:
        return []
    calls = float(figures.invocations)

    def ones(hits: int) -> dict[str, float]:
        """A count as AWS keeps it: one sample for each invocation, 1 or 0."""
        low = 1.0 if hits == figures.invocations else 0.0
        return {"SampleCount": calls, "Sum": float(hits), "Minimum": low, "Maximum": 1.0 if hits else 0.0}

    each = 1.0 / max(1, instances)
    told = [
        ("Invocations", "None", ones(figures.invocations)),
        (
            "InvocationsPerInstance",
            "None",
            {"SampleCount": calls, "Sum": calls * each, "Minimum": each, "Maximum": each},
        ),
        ("Invocation4XXErrors", "None", ones(figures.refused)),
        ("Invocation5XXErrors", "None", ones(figures.failed)),
        ("InvocationModelErrors", "None", ones(figures.model_errors)),
        ("ModelLatency", "Microseconds", figures.model_latency.statistics()),
        ("OverheadLatency", "Microseconds", figures.overhead.statistics()),
    ]
    for name, unit, spread in (
        ("ModelLoadingWaitTime", "Microseconds", figures.model_load),
        ("ModelCacheHit", "None", figures.cache_hits),
    ):
        if spread.count:
            told.append((name, unit, spread.statistics()))
    return told
