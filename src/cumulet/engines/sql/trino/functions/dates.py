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
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, quote
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
MYSQL = {
    "a": "%a",
    "b": "%b",
    "c": "%-m",
    "d": "%d",
    "e": "%-d",
    "f": "%f",
    "H": "%H",
    "h": "%I",
    "I": "%I",
    "i": "%M",
    "j": "%j",
    "k": "%-H",
    "l": "%-I",
    "M": "%B",
    "m": "%m",
    "p": "%p",
    "r": "%I:%M:%S %p",
    "S": "%S",
    "s": "%S",
    "T": "%H:%M:%S",
    "v": "%V",
    "W": "%A",
    "x": "%G",
    "Y": "%Y",
    "y": "%y",
    "%": "%%",
}
JODA = {
    "yyyy": "%Y",
    "YYYY": "%Y",
    "yy": "%y",
    "MM": "%m",
    "M": "%-m",
    "MMM": "%b",
    "MMMM": "%B",
    "dd": "%d",
    "d": "%-d",
    "HH": "%H",
    "H": "%-H",
    "hh": "%I",
    "h": "%-I",
    "mm": "%M",
    "m": "%-M",
    "ss": "%S",
    "s": "%-S",
    "SSS": "%g",
    "EEE": "%a",
    "EEEE": "%A",
    "a": "%p",
    "DDD": "%j",
}


def moment(call: Call, value: Typed, texts: bool = False) -> Typed:
    if value.type.base not in ("date", "timestamp", "timestamp with time zone"):
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
    allowed = DATE_UNITS if kind.base == "date" else DATE_UNITS + TIME_UNITS
    if unit not in allowed:
        what = "DATE" if kind.base == "date" else "TIMESTAMP"
        raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, f"'{unit}' is not a valid {what} field")
    return unit


@function(*FIELDS)
def field_of(call: Call) -> Typed:
    if len(call.arguments) != 1:
        raise call.unexpected(call.values())
    return extracted(call.name, moment(call, call.to(call.arguments[0])))


def extracted(field: str, value: Typed) -> Typed:
    part = FIELDS[field]
    local = local_time(value.sql, value.type)
    if part in ("second", "millisecond"):
        local = f"CAST({local} AS TIMESTAMP)"
    found = f"date_part('{part}', {local})"
    if part == "millisecond":
        found = f"({found} % 1000)"
    return Typed(f"CAST({'floor' if part == 'second' else ''}({found}) AS BIGINT)", t.BIGINT)


@node(exp.Extract)
def extract(to: Expressions, tree: Any) -> Typed:
    field = tree.this.name.lower()
    if field not in EXTRACTED:
        raise to.error("SYNTAX_ERROR", tree, f"Invalid EXTRACT field: {field}")
    value = to(tree.expression)
    if value.type.base not in ("date", "timestamp", "timestamp with time zone"):
        raise to.mismatch(tree, f"Cannot extract {field} from {value.type}")
    return extracted(field, value)


@function("timezone_hour", "timezone_minute")
def offset_of(call: Call) -> Typed:
    """How far the zone is from UTC at that time."""
    value = call.to(call.arguments[0])
    if value.type.base != "timestamp with time zone":
        raise call.unexpected(call.values())
    minutes = f"date_sub('minute', {value.sql}, {local_time(value.sql, value.type)})"
    sign = "//" if call.name == "timezone_hour" else "%"
    return Typed(f"CAST({minutes} {sign} 60 AS BIGINT)", t.BIGINT)


@function("date_trunc")
def trunc(call: Call) -> Typed:
    value = moment(call, call.to(call.arguments[1]))
    unit = unit_of(call, value.type)
    found = f"date_trunc('{unit}', {local_time(value.sql, value.type)})"
    return Typed(instant(cast(found, value.type), value.type.zone), value.type)


@function("date_add")
def add(call: Call) -> Typed:
    amount, value = coerce(call.to(call.arguments[1]), t.BIGINT), moment(call, call.to(call.arguments[2]))
    unit = unit_of(call, value.type)
    step = {
        "week": "to_weeks",
        "day": "to_days",
        "month": "to_months",
        "quarter": "to_quarters",
        "year": "to_years",
        "hour": "to_hours",
        "minute": "to_minutes",
        "second": "to_seconds",
        "millisecond": "to_milliseconds",
    }[unit]
    number = f"CAST({amount.sql} AS INTEGER)" if unit in DATE_UNITS else amount.sql
    moved = f"({local_time(value.sql, value.type)} + {step}({number}))"
    return Typed(instant(cast(moved, value.type), value.type.zone), value.type)


@function("date_diff")
def diff(call: Call) -> Typed:
    """Whole units that have passed, not boundaries crossed."""
    one, other = (moment(call, call.to(a)) for a in call.arguments[1:])
    kind = t.common(one.type, other.type)
    if kind is None or kind.zone != "UTC":
        raise NotSupported(f"{call.to.at(call.tree)}: date_diff across time zones")
    unit = unit_of(call, kind)
    return Typed(
        f"CAST(date_sub('{unit}', {coerce(one, kind).sql}, {coerce(other, kind).sql}) AS BIGINT)", t.BIGINT
    )


def mysql(call: Call, pattern: str) -> str:
    """A MySQL date pattern in strftime's words."""
    out, at = "", 0
    while at < len(pattern):
        if pattern[at] != "%" or at + 1 == len(pattern):
            out += pattern[at]
            at += 1
            continue
        mark = pattern[at + 1]
        if mark in "DUuVwX":
            raise call.to.error(
                "INVALID_FUNCTION_ARGUMENT", call.tree, f"%{mark} not supported in date format string"
            )
        out += MYSQL.get(mark, mark)
        at += 2
    return out


def joda(call: Call, pattern: str) -> str:
    out, at = "", 0
    while at < len(pattern):
        mark = pattern[at]
        if mark == "'":
            end = pattern.find("'", at + 1)
            out += pattern[at + 1 : end].replace("%", "%%") or "'"
            at = end + 1
        elif mark.isalpha():
            run = len(pattern[at:]) - len(pattern[at:].lstrip(mark))
            if (found := JODA.get(mark * run)) is None:
                raise NotSupported(f"{call.to.at(call.tree)}: {mark * run} in the pattern of {call.name}")
            out += found
            at += run
        else:
            out += mark.replace("%", "%%")
            at += 1
    return out


@function("date_format", "format_datetime")
def formatted(call: Call) -> Typed:
    value = moment(call, call.to(call.arguments[0]))
    pattern = mysql(call, word(call, 1)) if call.name == "date_format" else joda(call, word(call, 1))
    return Typed(f"strftime({local_time(value.sql, value.type)}, {quote(pattern)})", t.VARCHAR)


@function("date_parse")
def parsed(call: Call) -> Typed:
    value = coerce(call.to(call.arguments[0]), t.VARCHAR)
    return Typed(
        f"date_trunc('millisecond', strptime({value.sql}, {quote(mysql(call, word(call, 1)))}))", t.TIMESTAMP
    )


@function("parse_datetime")
def parsed_joda(call: Call) -> Typed:
    value = coerce(call.to(call.arguments[0]), t.VARCHAR)
    return Typed(f"strptime({value.sql}, {quote(joda(call, word(call, 1)))})", t.TIMESTAMP_TZ)


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


@function("from_unixtime")
def from_unixtime(call: Call) -> Typed:
    value = coerce(call.to(call.arguments[0]), t.DOUBLE)
    zone = word(call, 1) if len(call.arguments) == 2 else "UTC"
    micros = f"CAST(round({value.sql} * 1000) AS BIGINT) * 1000"
    return Typed(f"make_timestamp({micros})", Type("timestamp with time zone", (3,), zone=zone))


define("to_unixtime", "timestamp -> double", "(epoch_us({0}) / CAST(1000000 AS DOUBLE))")
define("to_unixtime", "timestamp with time zone -> double", "(epoch_us({0}) / CAST(1000000 AS DOUBLE))")
define("last_day_of_month", "date -> date", "last_day({0})")
define("last_day_of_month", "timestamp -> date", "last_day({0})")
define("from_iso8601_date", "varchar -> date", "CAST({0} AS DATE)")
define("to_iso8601", "date -> varchar", "CAST({0} AS VARCHAR)")
define("to_iso8601", "timestamp -> varchar", "strftime({0}, '%Y-%m-%dT%H:%M:%S.%g')")
define(
    "to_milliseconds", "interval day to second -> bigint", "(epoch_us(TIMESTAMP '1970-01-01' + {0}) // 1000)"
)
for _span in ("interval day to second", "interval year to month"):
    _series = "generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), {2})"
    define("sequence", f"date, date, {_span} -> array(date)", f"CAST({_series} AS DATE[])")
    define("sequence", f"timestamp, timestamp, {_span} -> array(timestamp)", _series)
define(
    "sequence",
    "date, date -> array(date)",
    "CAST(generate_series(CAST({0} AS TIMESTAMP), CAST({1} AS TIMESTAMP), "
    "to_days(CASE WHEN {1} >= {0} THEN 1 ELSE -1 END)) AS DATE[])",
)
define("current_timezone", "-> varchar", "'UTC'")


@function("from_iso8601_timestamp")
def from_iso(call: Call) -> Typed:
    """Only UTC: with another offset each row would have a zone of its own."""
    value = coerce(call.to(call.arguments[0]), t.VARCHAR).sql
    from cumulet.engines.sql.trino.typed import fail

    bad = fail(
        "NOT_SUPPORTED",
        f"'from_iso8601_timestamp with an offset other than UTC: ' || {value}",
        t.TIMESTAMP_TZ,
    )
    return Typed(
        f"(CASE WHEN regexp_matches({value}, '[+-][0-9]{{2}}:?[0-9]{{2}}$') AND NOT regexp_matches({value}, '00:?00$') "
        f"THEN {bad} ELSE "
        f"date_trunc('millisecond', CAST(regexp_replace({value}, 'Z$|[+-]00:?00$', '') AS TIMESTAMP)) END)",
        t.TIMESTAMP_TZ,
    )


@function("at_timezone", "with_timezone")
def at_timezone(call: Call) -> Typed:
    value, zone = moment(call, call.to(call.arguments[0])), word(call, 1)
    kind = Type("timestamp with time zone", value.type.numbers, zone=zone)
    return Typed(instant(value.sql, zone) if call.name == "with_timezone" else value.sql, kind)
