"""Time series and the arithmetic between them, as metric math has it.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from cumulet.services.cloudwatch.refusals import unfit


@dataclass(frozen=True, slots=True)
class Range:
    """The periods that are asked for, in seconds since the epoch; `start` is the first one's beginning."""

    start: int
    end: int
    period: int

    def beginnings(self) -> range:
        return range(self.start, self.end, self.period)


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the beginning of their period; periods without one are not in it."""

    values: dict[int, float]
    label: str = ""
    period: int = 60

    def each(self, change: Callable[[float], float | None]) -> Series:
        """Every value changed; None drops it."""
        return self.at(lambda _, value: change(value))

    def at(self, change: Callable[[int, float], float | None]) -> Series:
        changed = ((time, change(time, value)) for time, value in self.values.items())
        return replace(self, values={time: value for time, value in changed if value is not None})


Value = float | str | Series | list[Series]
Operation = Callable[[float, float], float | None]


def _divided(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(left: float, right: float) -> float | None:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, float | int) and math.isfinite(found) else None


OPERATORS: dict[str, Operation] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "&&": lambda left, right: float(bool(left) and bool(right)),
    "||": lambda left, right: float(bool(left) or bool(right)),
}


def combine(operator: str, left: Value, right: Value) -> Value:
    """An operator between scalars, series and arrays of series: an array takes it series by series."""
    if isinstance(left, str) or isinstance(right, str):
        raise unfit(f"The operator {operator} works on numbers and time series, not on text.")
    if isinstance(left, list) and isinstance(right, list):
        raise unfit(f"The operator {operator} does not work on two arrays of time series.")
    if isinstance(left, list):
        return [_between(operator, one, right) for one in left]  # type: ignore[misc, arg-type]
    if isinstance(right, list):
        return [_between(operator, left, one) for one in right]  # type: ignore[misc]
    return _between(operator, left, right)


def _between(operator: str, left: float | Series, right: float | Series) -> float | Series:
    compute = OPERATORS[operator]
    if isinstance(left, Series) and isinstance(right, Series):
        return _pairwise(compute, left, right)
    if isinstance(left, Series):
        scalar = float(right)  # type: ignore[arg-type]
        return left.each(lambda value: compute(value, scalar))
    if isinstance(right, Series):
        number = float(left)
        return right.each(lambda value: compute(number, value))
    found = compute(left, right)
    if found is None:
        raise unfit(f"The operator {operator} has no result for {left} and {right}.")
    return found


def _pairwise(compute: Operation, left: Series, right: Series) -> Series:
    """A value that one of two series lacks counts as 0."""
    times = sorted(left.values.keys() | right.values.keys())
    found = {time: compute(left.values.get(time, 0.0), right.values.get(time, 0.0)) for time in times}
    return replace(left, values={time: value for time, value in found.items() if value is not None})
