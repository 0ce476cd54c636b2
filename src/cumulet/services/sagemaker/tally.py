"""What happened at a variant since the last time somebody asked: numbers only, so that counting costs nothing.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-endpoint-invocation
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

CACHE_HIT = "ModelCacheHit"


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
    models: dict[str, Spread] = field(default_factory=dict)  # of a multi-model endpoint, by the metric's name

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
        for name, spread in other.models.items():
            self.models.setdefault(name, Spread()).join(spread)


class Tally:
    """Counted by whoever answers, taken by whoever tells CloudWatch."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.figures = Figures()
        self.loaded: dict[str, int] = {}  # models in memory, by instance, of a multi-model endpoint

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

    def found_model(self, figures: dict[str, float]) -> None:
        """What it took to have one of many models ready, by the metrics' names."""
        with self.lock:
            for name, value in figures.items():
                self.figures.models.setdefault(name, Spread()).add(value)

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
    for name, spread in figures.models.items():
        told.append((name, "None" if name == CACHE_HIT else "Microseconds", spread.statistics()))
    return told
