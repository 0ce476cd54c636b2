"""sequence(): numbers, days and months; as many as are asked for, where Trino stops at 10,000.

https://trino.io/docs/current/functions/array.html#sequence
"""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.typed import Typed, coerce, fail
from cumulet.engines.sql.trino.types import Type

DIRECTION = (
    "'sequence stop value should be greater than or equal to start value if step is greater than zero "
    "otherwise stop should be less than or equal to start'"
)
MONTHS = "(date_part('year', {0}) * 12 + date_part('month', {0}))"


@function("sequence")
def sequence(call: Call) -> Typed:
    values = call.values()
    if len(values) not in (2, 3):
        raise call.unexpected(values)
    kind = t.common(values[0].type, values[1].type)
    if kind is not None and kind.integral:
        return numbers(call, [coerce(value, t.BIGINT) for value in values if value.type.integral], values)
    if kind is None or kind.base not in ("date", "timestamp"):
        raise call.unexpected(values)
    start, stop = (coerce(value, kind) for value in values[:2])
    if len(values) == 2:
        return days(call, start, stop, None) if kind == t.DATE else refused(call, values)
    step = values[2]
    if step.type == t.DAY_TO_SECOND:
        return days(call, start, stop, step)
    return months(start, stop, step) if step.type == t.YEAR_TO_MONTH else refused(call, values)


def refused(call: Call, values: list[Typed]) -> Typed:
    raise call.unexpected(values)


def numbers(call: Call, given: list[Typed], values: list[Typed]) -> Typed:
    if len(given) != len(values):
        raise call.unexpected(values)
    start, stop = given[0].sql, given[1].sql
    step = given[2].sql if len(given) == 3 else f"(CASE WHEN {stop} >= {start} THEN 1 ELSE -1 END)"
    return checked(start, stop, step, f"generate_series({start}, {stop}, {step})", t.BIGINT)


def checked(start: str, stop: str, step: str, series: str, kind: Type) -> Typed:
    """The series, if there is one from start to stop by that step."""
    found = t.array(kind)

    def bad(message: str) -> str:
        return fail("INVALID_FUNCTION_ARGUMENT", message, found)

    return Typed(
        f"(CASE WHEN {step} = 0 THEN {bad(chr(39) + 'step must not be zero' + chr(39))} "
        f"WHEN ({step} > 0 AND {stop} < {start}) OR ({step} < 0 AND {stop} > {start}) THEN {bad(DIRECTION)} "
        f"ELSE {series} END)",
        found,
    )


def days(call: Call, start: Typed, stop: Typed, step: Typed | None) -> Typed:
    """By microseconds; without a step by days, forwards or backwards."""
    ends = [f"epoch_us(CAST({each.sql} AS TIMESTAMP))" for each in (start, stop)]
    micros = f"(CASE WHEN {ends[1]} >= {ends[0]} THEN 86400000000 ELSE -86400000000 END)"
    if step is not None:
        micros = f"epoch_us(TIMESTAMP '1970-01-01' + {step.sql})"
    made = f"generate_series({ends[0]}, {ends[1]}, {micros})"
    series = f"list_transform({made}, lambda m: CAST(make_timestamp(m) AS {start.type.duck}))"
    return checked(ends[0], ends[1], micros, series, start.type)


def months(start: Typed, stop: Typed, step: Typed) -> Typed:
    """Each is so many months behind the first, not behind the one before it: 31 January, 29 February, 31 March."""
    by = MONTHS.format(step.sql)
    moved = f"CAST({start.sql} + to_months(CAST(m AS INTEGER)) AS {start.type.duck})"
    whole = f"date_sub('month', {start.sql}, {stop.sql})"
    more = f"generate_series(0, {whole} + sign({by}) * 2, {by})"
    within = f"CASE WHEN {by} > 0 THEN d <= {stop.sql} ELSE d >= {stop.sql} END"
    series = f"list_filter(list_transform({more}, lambda m: {moved}), lambda d: {within})"
    ends = [f"epoch_us(CAST({each.sql} AS TIMESTAMP))" for each in (start, stop)]
    return checked(ends[0], ends[1], by, series, start.type)
