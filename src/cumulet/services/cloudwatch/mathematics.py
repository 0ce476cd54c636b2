"""The functions of metric math.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from cumulet.services.cloudwatch.refusals import unfit
from cumulet.services.cloudwatch.series import Range, Series, Value

Function = Callable[["Scope", "Sequence[Value]"], Value]


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see: the periods asked for, and the request's metrics by their ids."""

    range: Range
    metrics: dict[str, Series]


def call(name: str, scope: Scope, arguments: Sequence[Value]) -> Value:
    if (found := FUNCTIONS.get(name)) is None:
        raise unfit(f"Unknown function {name}: known are {', '.join(sorted(FUNCTIONS))}.")
    function, least, most = found
    if not least <= len(arguments) <= most:
        raise unfit(f"{name} takes {least} to {most} arguments, not {len(arguments)}.")
    return function(scope, arguments)


def series(value: Value) -> Series:
    if not isinstance(value, Series):
        raise unfit("A single time series is expected.")
    return value


def array(value: Value) -> list[Series]:
    if isinstance(value, Series):
        return [value]
    if not isinstance(value, list):
        raise unfit("A time series or an array of time series is expected.")
    return value


def number(value: Value) -> float:
    if not isinstance(value, float | int):
        raise unfit("A number is expected.")
    return value


def word(value: Value) -> str:
    if not isinstance(value, str):
        raise unfit("A word is expected.")
    return value


def _each(change: Callable[[Series], Series]) -> Function:
    """A function of one series that takes arrays series by series."""

    def function(_: Scope, arguments: Sequence[Value]) -> Value:
        (given,) = arguments
        return [change(one) for one in given] if isinstance(given, list) else change(series(given))

    return function


def _every(change: Callable[[float], float | None]) -> Function:
    return _each(lambda one: one.each(change))


def _reduced(compute: Callable[[list[float]], float]) -> Function:
    """Of one series a number, of an array one series: period by period."""

    def function(_: Scope, arguments: Sequence[Value]) -> Value:
        (given,) = arguments
        if not isinstance(given, list):
            values = list(series(given).values.values())
            return compute(values) if values else 0.0
        times = sorted({time for one in given for time in one.values})
        together = {
            time: compute([one.values[time] for one in given if time in one.values]) for time in times
        }
        return Series(together, period=given[0].period if given else 60)

    return function


def _stepwise(compute: Callable[[tuple[int, float], tuple[int, float]], float]) -> Function:
    """Each value from the one before it and itself; the first has none before it and is left out."""

    def change(one: Series) -> Series:
        found = {later[0]: compute(earlier, later) for earlier, later in pairwise(sorted(one.values.items()))}
        return replace(one, values=found)

    return _each(change)


def _running(one: Series) -> Series:
    ordered = sorted(one.values.items())
    sums = accumulate(value for _, value in ordered)
    return replace(one, values={time: total for (time, _), total in zip(ordered, sums, strict=True)})


def _dated(part: Callable[[datetime], float]) -> Function:
    """A value for every period, made of its date and time in UTC."""

    def function(scope: Scope, arguments: Sequence[Value]) -> Value:
        given = series(arguments[0])
        moments = {time: part(datetime.fromtimestamp(time, UTC)) for time in scope.range.beginnings()}
        return replace(given, values=moments)

    return function


def _metrics(scope: Scope, arguments: Sequence[Value]) -> Value:
    wanted = word(arguments[0]) if arguments else ""
    return [one for name, one in scope.metrics.items() if wanted in name]


def _constant(scope: Scope, arguments: Sequence[Value]) -> Value:
    value = number(arguments[0])
    return Series(dict.fromkeys(scope.range.beginnings(), value), period=scope.range.period)


def _fill(scope: Scope, arguments: Sequence[Value]) -> Value:
    given, filler = arguments
    filled = [replace(one, values=_filled(one, filler, scope.range)) for one in array(given)]
    return filled if isinstance(given, list) else filled[0]


def _filled(one: Series, filler: Value, periods: Range) -> dict[int, float]:
    if filler == "LINEAR":
        return {time: value for time in periods.beginnings() if (value := _linear(one, time)) is not None}
    if filler == "REPEAT":
        return {time: value for time in periods.beginnings() if (value := _repeated(one, time)) is not None}
    other = (
        filler.values if isinstance(filler, Series) else dict.fromkeys(periods.beginnings(), number(filler))
    )
    return dict(sorted((other | one.values).items()))


def _repeated(one: Series, time: int) -> float | None:
    before = [moment for moment in one.values if moment <= time]
    return one.values[max(before)] if before else None


def _linear(one: Series, time: int) -> float | None:
    """Between two values on the line through them; outside the first and the last there is none."""
    before = max((moment for moment in one.values if moment <= time), default=None)
    behind = min((moment for moment in one.values if moment >= time), default=None)
    if before is None or behind is None:
        return None
    if before == behind:
        return one.values[time]
    share = (time - before) / (behind - before)
    return one.values[before] + share * (one.values[behind] - one.values[before])


def _if(_: Scope, arguments: Sequence[Value]) -> Value:
    condition, then, *rest = arguments
    other = rest[0] if rest else None
    if not isinstance(condition, Series):
        chosen = then if number(condition) else other
        return Series({}) if chosen is None else chosen
    found: dict[int, float] = {}
    for time, true in condition.values.items():
        value = _value_at(then if true else other, time)
        if value is not None or (true and isinstance(then, Series)):
            found[time] = value or 0.0
    return replace(condition, values=found)


def _value_at(value: Value | None, time: int) -> float | None:
    if value is None:
        return None
    return value.values.get(time) if isinstance(value, Series) else number(value)


def _slice(_: Scope, arguments: Sequence[Value]) -> Value:
    given, *bounds = arguments
    return array(given)[slice(*(int(number(bound)) for bound in bounds), *[None] * (2 - len(bounds)))]


def _sort(_: Scope, arguments: Sequence[Value]) -> Value:
    given, function, order, *limit = arguments
    if word(order) not in ("ASC", "DESC") or word(function) not in SORTED_BY:
        raise unfit("SORT takes AVG, MIN, MAX or SUM, and ASC or DESC.")
    compute = SORTED_BY[word(function)]
    found = sorted(array(given), key=lambda one: _worth(one, compute), reverse=order == "DESC")
    return found[: int(number(limit[0]))] if limit else found


def _worth(one: Series, compute: Callable[[list[float]], float]) -> float:
    return compute(list(one.values.values())) if one.values else -math.inf


def _count_points(_: Scope, arguments: Sequence[Value]) -> Value:
    given = arguments[0]
    if not isinstance(given, list):
        return float(len(series(given).values))
    times = sorted({time for one in given for time in one.values})
    return Series({time: float(sum(time in one.values for one in given)) for time in times})


def _end(place: int) -> Function:
    def function(_: Scope, arguments: Sequence[Value]) -> Value:
        given = array(arguments[0])
        return given[place] if given else Series({})

    return function


def _logarithm(compute: Callable[[float], float]) -> Function:
    return _every(lambda value: compute(value) if value > 0 else None)


SORTED_BY: dict[str, Callable[[list[float]], float]] = {
    "AVG": statistics.fmean,
    "MIN": min,
    "MAX": max,
    "SUM": math.fsum,
}
FUNCTIONS: dict[str, tuple[Function, int, int]] = {
    "ABS": (_every(abs), 1, 1),
    "AVG": (_reduced(statistics.fmean), 1, 1),
    "CEIL": (_every(lambda value: float(math.ceil(value))), 1, 1),
    "DATAPOINT_COUNT": (_count_points, 1, 1),
    "DATE": (_dated(lambda moment: moment.day), 1, 1),
    "DAY": (_dated(lambda moment: moment.isoweekday()), 1, 1),
    "DIFF": (_stepwise(lambda earlier, later: later[1] - earlier[1]), 1, 1),
    "DIFF_TIME": (_stepwise(lambda earlier, later: float(later[0] - earlier[0])), 1, 1),
    "EPOCH": (_dated(lambda moment: moment.timestamp()), 1, 1),
    "FILL": (_fill, 2, 2),
    "FIRST": (_end(0), 1, 1),
    "FLOOR": (_every(lambda value: float(math.floor(value))), 1, 1),
    "HOUR": (_dated(lambda moment: moment.hour), 1, 1),
    "IF": (_if, 2, 3),
    "LAST": (_end(-1), 1, 1),
    "LOG": (_logarithm(math.log), 1, 1),
    "LOG10": (_logarithm(math.log10), 1, 1),
    "MAX": (_reduced(max), 1, 1),
    "METRICS": (_metrics, 0, 1),
    "METRIC_COUNT": (lambda _, arguments: float(len(array(arguments[0]))), 1, 1),
    "MIN": (_reduced(min), 1, 1),
    "MINUTE": (_dated(lambda moment: moment.minute), 1, 1),
    "MONTH": (_dated(lambda moment: moment.month), 1, 1),
    "PERIOD": (lambda _, arguments: float(series(arguments[0]).period), 1, 1),
    "RATE": (_stepwise(lambda earlier, later: (later[1] - earlier[1]) / (later[0] - earlier[0])), 1, 1),
    "REMOVE_EMPTY": (lambda _, arguments: [one for one in array(arguments[0]) if one.values], 1, 1),
    "RUNNING_SUM": (_each(_running), 1, 1),
    "SLICE": (_slice, 2, 3),
    "SORT": (_sort, 3, 4),
    "STDDEV": (_reduced(statistics.pstdev), 1, 1),
    "SUM": (_reduced(math.fsum), 1, 1),
    "TIME_SERIES": (_constant, 1, 1),
    "YEAR": (_dated(lambda moment: moment.year), 1, 1),
}
