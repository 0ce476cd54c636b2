"""Dates and times. https://trino.io/docs/current/functions/datetime.html"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.printing import instant, local_time
from cumulet.engines.sql.trino.typed import Typed, cast, coerce
from cumulet.engines.sql.trino.types import Type

DATE_UNITS = ("day", "week", "month", "quarter", "year")
TIME_UNITS = ("millisecond", "second", "minute", "hour")
FIELDS = {
    "year": "year",
    "quarter": "quarter",
    "month": "month",
    "week": "week",
    "week_of_year": "week",
    "day": "day",
    "day_of_month": "day",
    "day_of_week": "isodow",
    "dow": "isodow",
    "day_of_year": "dayofyear",
    "doy": "dayofyear",
    "year_of_week": "isoyear",
    "yow": "isoyear",
    "hour": "hour",
    "minute": "minute",
    "second": "second",
    "millisecond": "millisecond",
}
EXTRACTED = set(FIELDS) - {"week_of_year", "millisecond"}
OFFSETS = ("timezone_hour", "timezone_minute")
MOMENTS = ("date", "timestamp", "timestamp with time zone", "time")
TIMES = {"hour", "minute", "second", "millisecond"}
SPANS = {  # the units of a span: microseconds or months of one, and how many of them the next larger one has
    "interval day to second": {
        "day": (86_400_000_000, 0),
        "hour": (3_600_000_000, 24),
        "minute": (60_000_000, 60),
        "second": (1_000_000, 60),
        "millisecond": (1_000, 1_000),
    },
    "interval year to month": {"year": (12, 0), "month": (1, 12)},
}


def moment(call: Call, value: Typed, *, times: bool = False) -> Typed:
    if value.type.base not in MOMENTS[:3] and not (times and value.type.base == "time"):
        if value.type == t.UNKNOWN:
            return coerce(value, t.TIMESTAMP)
        raise call.unexpected(call.values())
    return value


def word(call: Call, place: int = 0) -> str:
    value = call.to(call.arguments[place])
    if value.text is None:
        raise NotSupported(
            f"{call.to.at(call.tree)}: {call.name} with a unit or format that is not a literal"
        )
    return value.text


def unit_of(call: Call, kind: Type) -> str:
    unit = word(call).lower()
    allowed = {"date": DATE_UNITS, "time": TIME_UNITS}.get(kind.base, DATE_UNITS + TIME_UNITS)
    if unit not in allowed:
        what = kind.base.upper() if kind.base in ("date", "time") else "TIMESTAMP"
        raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, f"'{unit}' is not a valid {what} field")
    return unit


@function(*FIELDS)
def field_of(call: Call) -> Typed:
    if len(call.arguments) != 1:
        raise call.unexpected(call.values())
    value = call.to(call.arguments[0])
    if value.type == t.UNKNOWN:
        value = coerce(value, t.TIMESTAMP)
    return extracted(call.name, value) or unfit(call)


def unfit(call: Call) -> Typed:
    raise call.unexpected(call.values())


def extracted(field: str, value: Typed) -> Typed | None:
    """One number of a date, a time or a span; None where it has no such number."""
    part = FIELDS[field]
    if value.type.base in SPANS:
        return part_of_span(SPANS[value.type.base].get(part), value)
    if value.type.base not in MOMENTS or (value.type.base == "time" and part not in TIMES):
        return None
    local = on_a_day(value) if value.type.base == "time" else local_time(value.sql, value.type)
    if part in ("second", "millisecond"):
        local = f"CAST({local} AS TIMESTAMP)"
    found = f"date_part('{part}', {local})"
    if part == "millisecond":
        found = f"({found} % 1000)"
    return Typed(f"CAST({'floor' if part == 'second' else ''}({found}) AS BIGINT)", t.BIGINT)


def part_of_span(sizes: tuple[int, int] | None, value: Typed) -> Typed | None:
    """The whole units in a span, without those of the larger unit: 1 02:03:04 has two hours."""
    if sizes is None:
        return None
    whole = f"(date_part('year', {value.sql}) * 12 + date_part('month', {value.sql}))"
    if value.type == t.DAY_TO_SECOND:
        whole = f"epoch_us(TIMESTAMP '1970-01-01' + {value.sql})"
    unit, larger = sizes
    rest = f" % {larger}" if larger else ""
    return Typed(f"CAST(({whole} // {unit}){rest} AS BIGINT)", t.BIGINT)


def on_a_day(value: Typed) -> str:
    """A time of the day as a timestamp."""
    return f"(DATE '1970-01-01' + {value.sql})"


@node(exp.Extract)
def extract(to: Expressions, tree: Any) -> Typed:
    field = tree.this.name.lower()
    value = to(tree.expression)
    if field in OFFSETS and value.type.base == "timestamp with time zone":
        return offset(field, value)
    if field not in EXTRACTED and field not in OFFSETS:
        raise to.error("SYNTAX_ERROR", tree, f"Invalid EXTRACT field: {field}")
    found = None if field in OFFSETS else extracted(field, value)
    if found is None:
        raise to.mismatch(tree, f"Cannot extract {field} from {value.type}")
    return found


@function("timezone_hour", "timezone_minute")
def offset_of(call: Call) -> Typed:
    """How far the zone is from UTC at that time."""
    value = call.to(call.arguments[0])
    if value.type.base != "timestamp with time zone":
        raise call.unexpected(call.values())
    return offset(call.name, value)


def offset(field: str, value: Typed) -> Typed:
    minutes = f"date_sub('minute', {value.sql}, {local_time(value.sql, value.type)})"
    sign = "//" if field == "timezone_hour" else "%"
    return Typed(f"CAST({minutes} {sign} 60 AS BIGINT)", t.BIGINT)


@function("date_trunc")
def trunc(call: Call) -> Typed:
    value = moment(call, call.to(call.arguments[1]), times=True)
    unit = unit_of(call, value.type)
    if value.type.base == "time":
        return Typed(f"CAST(date_trunc('{unit}', {on_a_day(value)}) AS TIME)", value.type)
    local = local_time(value.sql, value.type)
    if unit in TIME_UNITS and value.type.zone != "UTC":  # an hour that comes twice stays the one that it is
        return Typed(f"({value.sql} - ({local} - date_trunc('{unit}', {local})))", value.type)
    return Typed(instant(cast(f"date_trunc('{unit}', {local})", value.type), value.type.zone), value.type)


@function("date_add")
def add(call: Call) -> Typed:
    """Days and what is longer move the wall clock, hours and what is shorter the instant."""
    amount = coerce(call.to(call.arguments[1]), t.BIGINT)
    value = moment(call, call.to(call.arguments[2]), times=True)
    unit = unit_of(call, value.type)
    if unit in TIME_UNITS:
        return Typed(cast(f"({value.sql} + to_{unit}s({amount.sql}))", value.type), value.type)
    moved = f"({local_time(value.sql, value.type)} + to_{unit}s(CAST({amount.sql} AS INTEGER)))"
    return Typed(instant(cast(moved, value.type), value.type.zone), value.type)


@function("date_diff")
def diff(call: Call) -> Typed:
    """Whole units that have passed, not boundaries crossed; on the wall clock of the first one's zone."""
    one, other = (moment(call, call.to(a), times=True) for a in call.arguments[1:])
    kind = zoned(one.type, other.type) or t.common(one.type, other.type)
    if kind is None:
        raise call.unexpected([one, other])
    unit = unit_of(call, kind)
    if kind.base == "time":
        ends = [on_a_day(one), on_a_day(other)]
    elif kind == one.type and kind.base == "timestamp with time zone":
        ends = [one.sql, other.sql]
        if unit in DATE_UNITS:
            ends = [local_time(each, kind) for each in ends]
    else:
        ends = [coerce(one, kind).sql, coerce(other, kind).sql]
    return Typed(f"CAST(date_sub('{unit}', {ends[0]}, {ends[1]}) AS BIGINT)", t.BIGINT)


def zoned(one: Type, other: Type) -> Type | None:
    """The first one's type, where both have zones."""
    return one if one.base == other.base == "timestamp with time zone" else None


@function("date")
def date(call: Call) -> Typed:
    from cumulet.engines.sql.trino.casts import casted

    return casted(call.to, call.tree, call.to(call.arguments[0]), t.DATE)


def now_sql(to: Expressions) -> str:
    moment = datetime.fromtimestamp(to.plan.now, UTC)
    return f"TIMESTAMP '{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}'"


@node(exp.CurrentTimestamp)
def current_timestamp(to: Expressions, tree: Any) -> Typed:
    if tree.this is not None:
        raise NotSupported("current_timestamp with a precision")
    return Typed(now_sql(to), t.TIMESTAMP_TZ)


@function("now")
def now(call: Call) -> Typed:
    return Typed(now_sql(call.to), t.TIMESTAMP_TZ)


@node(exp.CurrentDate)
def current_date(to: Expressions, tree: Any) -> Typed:
    return Typed(f"CAST({now_sql(to)} AS DATE)", t.DATE)


@node(exp.Localtimestamp)
def localtimestamp(to: Expressions, tree: Any) -> Typed:
    return Typed(now_sql(to), t.TIMESTAMP)


@node(exp.Localtime)
def localtime(to: Expressions, tree: Any) -> Typed:
    return Typed(f"CAST({now_sql(to)} AS TIME)", t.TIME)


@function("from_unixtime")
def from_unixtime(call: Call) -> Typed:
    value = coerce(call.to(call.arguments[0]), t.DOUBLE)
    zone = "UTC"
    if len(call.arguments) == 2:
        zone = word(call, 1)
    elif len(call.arguments) == 3:
        zone = distance(call, [call.to(each).number for each in call.arguments[1:]])
    micros = f"CAST(round({value.sql} * 1000) AS BIGINT) * 1000"
    return Typed(f"make_timestamp({micros})", Type("timestamp with time zone", (3,), zone=zone))


def distance(call: Call, given: list[int | None]) -> str:
    """The zone that is so many hours and minutes from UTC."""
    hours, minutes = given
    if hours is None or minutes is None:
        raise NotSupported(f"{call.to.at(call.tree)}: {call.name} with an offset that is not a literal")
    away = hours * 60 + minutes
    return f"{'-' if away < 0 else '+'}{abs(away) // 60:02}:{abs(away) % 60:02}" if away else "UTC"


@function("to_unixtime")
def to_unixtime(call: Call) -> Typed:
    value = moment(call, call.to(call.arguments[0]))
    found = cast(value.instant or value.sql, t.TIMESTAMP)
    return Typed(f"(epoch_us({found}) / CAST(1000000 AS DOUBLE))", t.DOUBLE)


define("last_day_of_month", "date -> date", "last_day({0})")
define("last_day_of_month", "timestamp -> date", "last_day({0})")
define(
    "to_milliseconds", "interval day to second -> bigint", "(epoch_us(TIMESTAMP '1970-01-01' + {0}) // 1000)"
)
define("current_timezone", "-> varchar", "'UTC'")


@function("at_timezone", "with_timezone")
def at_timezone(call: Call) -> Typed:
    value, zone = moment(call, call.to(call.arguments[0])), word(call, 1)
    kind = Type("timestamp with time zone", value.type.numbers, zone=zone)
    if call.name == "at_timezone":
        return Typed(value.instant or value.sql, kind)
    return Typed(instant(value.sql, zone), kind)
