"""Dates as texts and back by patterns: MySQL's (date_format) and Joda's (format_datetime).

A pattern that is written out becomes strftime's, where that has all of its letters; the others are Python's work
(`engines/sql/dating.py`, `date_reading.py`). https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
"""

from __future__ import annotations

import re

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.dates import moment
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.printing import local_time
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, quote

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
LETTER = re.compile(r"%-?([A-Za-z])")
READ_ALIKE = set("YmdHMSfgBb")  # what strptime reads as Trino does


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


def joda(pattern: str) -> str | None:
    """A Joda pattern of the common letters in strftime's words; None where it has others, or quoted text."""
    if "'" in pattern:
        return None
    out, at = "", 0
    while at < len(pattern):
        mark = pattern[at]
        if mark.isalpha():
            run = len(pattern[at:]) - len(pattern[at:].lstrip(mark))
            if (found := JODA.get(mark * run)) is None:
                return None
            out += found
            at += run
        else:
            out += mark.replace("%", "%%")
            at += 1
    return out


def pattern_of(call: Call) -> Typed:
    if len(call.arguments) != 2:
        raise call.unexpected(call.values())
    found = call.to(call.arguments[1])
    if found.type.base not in ("varchar", "unknown"):
        raise call.unexpected(call.values())
    return coerce(found, t.VARCHAR)


@function("date_format", "format_datetime")
def formatted(call: Call) -> Typed:
    """By DuckDB where it has all the letters of a pattern that is written out, else by Python."""
    value, pattern = moment(call, call.to(call.arguments[0])), pattern_of(call)
    local = cast(local_time(value.sql, value.type), t.TIMESTAMP)
    known = None
    if pattern.text is not None:
        known = mysql(call, pattern.text) if call.name == "date_format" else joda(pattern.text)
    if known is not None:
        return Typed(f"strftime({local}, {quote(known)})", t.VARCHAR)
    zone = "" if call.name == "date_format" else f", {quote(value.type.zone)}"
    return Typed(f"cumulet_{call.name}(epoch_us({local}), {pattern.sql}{zone})", t.VARCHAR)


@function("date_parse", "parse_datetime")
def parsed(call: Call) -> Typed:
    """What DuckDB cannot read Python is asked about, which can or says why not."""
    value, pattern = coerce(call.to(call.arguments[0]), t.VARCHAR), pattern_of(call)
    asked = f"make_timestamp(cumulet_{call.name}({value.sql}, {pattern.sql}))"
    kind = t.TIMESTAMP if call.name == "date_parse" else t.TIMESTAMP_TZ
    known = None
    if pattern.text is not None:
        known = mysql(call, pattern.text) if call.name == "date_parse" else joda(pattern.text)
    if known is None or "%Y" not in known or not set(LETTER.findall(known)) <= READ_ALIKE:
        return Typed(asked, kind)
    bare = f"CASE WHEN NOT regexp_matches({value.sql}, '^\\s|\\s\\s|\\s$') THEN {value.sql} END"  # DuckDB skips them
    found = f"date_trunc('millisecond', try_strptime({bare}, {quote(known)}))"
    return Typed(f"coalesce({found}, {asked})", kind)
