"""What is kept of many values: their count, sum, least and greatest, and how they are spread."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

EXACT = 200  # different values that are kept as they are; of more, three digits


@dataclass(frozen=True, slots=True)
class Distribution:
    """The values of one span of time. `spread` is (value, how often), or None where only the sums are known."""

    count: float
    total: float
    low: float
    high: float
    spread: tuple[tuple[float, float], ...] | None

    @classmethod
    def of(cls, values: Iterable[float], counts: Iterable[float]) -> Distribution:
        spread = tuple(zip(values, counts, strict=True))
        told = [value for value, _ in spread]
        total = sum(value * count for value, count in spread)
        return cls(sum(count for _, count in spread), total, min(told), max(told), _fewer(spread))

    @classmethod
    def together(cls, parts: Iterable[Distribution]) -> Distribution:
        """All values of several distributions as one; there must be at least one."""
        found = list(parts)
        spreads = [part.spread for part in found if part.spread is not None]
        whole = len(spreads) == len(found)
        return cls(
            sum(part.count for part in found),
            sum(part.total for part in found),
            min(part.low for part in found),
            max(part.high for part in found),
            _fewer(pair for spread in spreads for pair in spread) if whole else None,
        )

    def written(self) -> str | None:
        return None if self.spread is None else json.dumps(self.spread, separators=(",", ":"))

    @classmethod
    def read(cls, count: float, total: float, low: float, high: float, spread: str | None) -> Distribution:
        told = None if spread is None else tuple((value, often) for value, often in json.loads(spread))
        return cls(count, total, low, high, told)


def _fewer(pairs: Iterable[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Equal values counted together; where they are too many, those that agree in three digits are equal."""
    counted = _counted(pairs)
    if len(counted) > EXACT:
        counted = _counted((float(f"{value:.3g}"), often) for value, often in counted.items())
    return tuple(sorted(counted.items()))


def _counted(pairs: Iterable[tuple[float, float]]) -> Counter[float]:
    counted: Counter[float] = Counter()
    for value, often in pairs:
        counted[value] += often  # type: ignore[assignment]  # counts may be fractions
    return counted
