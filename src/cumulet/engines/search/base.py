"""The interface of all searchers: a space of settings, what was tried in it, and what to try next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Scale = Literal["linear", "logarithmic", "reverse"]
Value = float | int | str
Settings = Mapping[str, Value]


class CannotSearch(Exception):
    """The space cannot be searched like that, or what does it is not installed; the text says which."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` to `high`, both included. A "reverse" scale is finest just below 1."""

    low: float
    high: float
    whole: bool = False
    scale: Scale = "linear"

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise CannotSearch(f"the range from {self.low:g} to {self.high:g} is empty")
        if self.scale == "logarithmic" and self.low <= 0:
            raise CannotSearch(
                f"a logarithmic scale needs values above 0, and the range begins at {self.low:g}"
            )
        if self.scale == "reverse" and not 0 <= self.low <= self.high < 1:
            raise CannotSearch("a reverse logarithmic scale needs values from 0 to below 1")

    def at(self, share: float) -> float | int:
        """The number at a share (0 to 1) of the way, as the scale measures it."""
        if self.whole:
            whole = math.floor(self._at(share, self.low, self.high + 1))
            return min(int(self.high), max(int(self.low), whole))
        return min(self.high, max(self.low, self._at(share, self.low, self.high)))

    def _at(self, share: float, low: float, high: float) -> float:
        if self.scale == "logarithmic":
            return math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
        if self.scale == "reverse":
            return 1 - math.exp(math.log(1 - low) + share * (math.log(1 - high) - math.log(1 - low)))
        return low + share * (high - low)

    def holds(self, value: Value) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    def at(self, share: float) -> str:
        return self.words[min(len(self.words) - 1, int(share * len(self.words)))]

    def holds(self, value: Value) -> bool:
        return value in self.words


Space = Mapping[str, Range | Choice]


@dataclass(frozen=True, slots=True)
class Tried:
    """A trial: its settings, and what came of it (None while it runs)."""

    settings: Settings
    value: float | None = None


class Searcher(Protocol):
    def suggest(self, number: int, trials: Sequence[Tried]) -> dict[str, Value]:
        """The settings of trial `number` (from 0), given the others. The same question has the same answer."""


def fits(settings: Settings, space: Space) -> bool:
    """Whether settings, perhaps of another search, lie in a space and say all of it."""
    return settings.keys() == space.keys() and all(
        space[name].holds(value) for name, value in settings.items()
    )
