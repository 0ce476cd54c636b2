"""Dates and times with intervals and zones."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.printing import instant, local_time
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded

MONTHS = {"year": 12, "month": 1}
SECONDS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
SEPARATORS = {"month": "-", "hour": " ", "minute": ":", "second": ":"}
PIECES = {"second": r"(\d+(?:\.\d{1,3})?)"}
WRITTEN_SPAN = re.compile(r"to_microseconds\(CAST\((-?\d+) AS BIGINT\)\)")
DAY = 86_400_000_000  # microseconds
INTERVALS = ("interval day to second", "interval year to month")
MOMENTS = ("date", "timestamp", "timestamp with time zone", "time")


def moments(sign: str, left: Typed, right: Typed) -> Typed | None:
    """Dates and times with intervals; an interval of months on a date keeps it a date."""
    if sign == "+" and left.type.base in INTERVALS and right.type.base in MOMENTS:
        left, right = right, left
    if sign in "+-" and left.type.base in MOMENTS and right.type.base in INTERVALS:
        if left.type.base == "time" and right.type == t.YEAR_TO_MONTH:
            return None
        if left.type.zone != "UTC" and right.type == t.YEAR_TO_MONTH:  # by the wall clock
            moved = cast(f"({local_time(left.sql, left.type)} {sign} {right.sql})", left.type)
            return Typed(instant(moved, left.type.zone), left.type)
        if left.type == t.DATE and right.type == t.DAY_TO_SECOND:
            return Typed(cast(whole_days(left, right, sign), t.DATE), t.DATE)
        return Typed(cast(f"({left.sql} {sign} {right.sql})", left.type), left.type)
    if sign in "+-" and left.type == right.type and left.type.base in INTERVALS:
        return Typed(f"({left.sql} {sign} {right.sql})", left.type)
    if sign == "*" and left.type.base in INTERVALS and right.type.integral:
        return Typed(f"({left.sql} * {right.sql})", left.type)
    if sign == "*" and right.type.base in INTERVALS and left.type.integral:
        return Typed(f"({right.sql} * {left.sql})", right.type)
    if sign in "*/" and left.type.base in INTERVALS and right.type.numeric:
        return divisible(sign, left, right)
    if sign == "*" and right.type.base in INTERVALS and left.type.numeric:
        return scaled(sign, right, left)
    if sign == "-" and left.type.base == right.type.base and left.type.base in MOMENTS[:3]:
        return Typed(
            f"to_microseconds(epoch_us(CAST({left.sql} AS TIMESTAMP)) - epoch_us(CAST({right.sql} AS TIMESTAMP)))",
            t.DAY_TO_SECOND,
        )
    return None


def whole_days(left: Typed, right: Typed, sign: str) -> str:
    """A date takes an interval of whole days only."""
    message = "'Cannot add hour, minutes or seconds to a date'"
    moved = f"({left.sql} {sign} {right.sql})"
    if (written := WRITTEN_SPAN.fullmatch(right.sql)) and not int(written[1]) % DAY:
        return moved
    partial = f"epoch_us({moved}) % 86400000000 <> 0"
    return (
        f"(CASE WHEN {partial} THEN "
        f"{fail('INVALID_FUNCTION_ARGUMENT', message, t.DATE)} ELSE CAST({moved} AS "
        f"DATE) END)"
    )


@node(exp.AtTimeZone)
def at_time_zone(to: Expressions, tree: exp.AtTimeZone) -> Typed:
    value, zone = to(tree.this), to(tree.args["zone"])
    if zone.text is None:
        raise NotSupported(f"{to.at(tree)}: AT TIME ZONE with a zone that is not a literal")
    if value.type.base not in ("timestamp", "timestamp with time zone"):
        raise to.mismatch(
            tree, f"Type of value must be a time or timestamp with or without time zone (actual {value.type})"
        )
    found = value.instant or value.sql
    return Typed(found, t.Type("timestamp with time zone", value.type.numbers, zone=zone.text))


@node(exp.Interval)
def interval(to: Expressions, tree: exp.Interval) -> Typed:
    """INTERVAL [-] '...' UNIT [TO UNIT]."""
    given, negative = tree.this, isinstance(tree.this, exp.Neg)
    amount = to(given.this if negative else given)
    units = [each.name.lower() for each in unit_names(tree.args.get("unit"))]
    if amount.text is None or not units:
        raise NotSupported(f"{to.at(tree)}: this interval literal")
    sign = -1 if negative != amount.text.startswith("-") else 1
    numbers = measured(amount.text.lstrip("+-"), units)
    if numbers is None:
        raise NotSupported(f"{to.at(tree)}: INTERVAL '{amount.text}' {' TO '.join(units).upper()}")
    if units[0] in MONTHS:
        return Typed(f"to_months({sign * sum(MONTHS[u] * int(n) for u, n in numbers)})", t.YEAR_TO_MONTH)
    micros = int(sum(SECONDS[u] * Decimal(n) for u, n in numbers) * 1_000_000)
    return Typed(f"to_microseconds(CAST({sign * micros} AS BIGINT))", t.DAY_TO_SECOND)


def unit_names(tree: Any) -> list[Any]:
    """DAY, or DAY TO SECOND."""
    if isinstance(tree, exp.IntervalSpan):
        return [tree.this, tree.expression]
    return [tree] if tree is not None else []


def measured(text: str, units: list[str]) -> list[tuple[str, str]] | None:
    """Each unit with its number: '2 03:04' DAY TO MINUTE has three."""
    order = list(MONTHS) if units[0] in MONTHS else list(SECONDS)
    if not set(units) <= set(order) or order.index(units[0]) > order.index(units[-1]):
        return None
    wanted = order[order.index(units[0]) : order.index(units[-1]) + 1]
    pattern = "".join(
        (SEPARATORS[each] if i else "") + PIECES.get(each, r"(\d+)") for i, each in enumerate(wanted)
    )
    found = re.fullmatch(pattern, text)
    return None if found is None else list(zip(wanted, found.groups(), strict=True))


def divisible(sign: str, value: Typed, factor: Typed) -> Typed:
    if sign == "*":
        return scaled(sign, value, factor)
    zero = f"{coerce(factor, t.DOUBLE).sql} = 0"
    found = scaled(sign, value, factor)
    return Typed(guarded(zero, "DIVISION_BY_ZERO", "'/ by zero'", found.sql, found.type), found.type)


def scaled(sign: str, value: Typed, factor: Typed) -> Typed:
    """A span times or through a number, cut off at whole milliseconds or months."""
    by = coerce(factor, t.DOUBLE).sql
    if value.type == t.YEAR_TO_MONTH:
        months = f"(date_part('year', {value.sql}) * 12 + date_part('month', {value.sql}))"
        return Typed(f"to_months(CAST(trunc({months} {sign} {by}) AS INTEGER))", value.type)
    millis = f"(epoch_us(TIMESTAMP '1970-01-01' + {value.sql}) / 1000)"
    whole = f"CAST(trunc({millis} {sign} {by}) AS BIGINT)"
    return Typed(f"to_microseconds({whole} * 1000)", value.type)
