"""Dates read by patterns, MySQL's and Joda's, and from ISO 8601; and what is said of a text that is none."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from cumulet.engines.sql.dating import DAYS, EPOCH, MONTHS, OFFSET, Piece, formatted, joda, mysql
from cumulet.engines.sql.refusing import bad

PIVOT = 1970  # two digits are a year from here on: 70 is 1970, 69 is 2069
WIDEST = {"year": 9, "week year": 9, "day of year": 3, "fraction": 9}
LIMITS = {  # what Joda calls the field, and its least and greatest value
    "month": ("monthOfYear", 1, 12), "day": ("dayOfMonth", 1, 31), "hour": ("hourOfDay", 0, 23),
    "clock hour": ("clockhourOfHalfday", 1, 12), "minute": ("minuteOfHour", 0, 59),
    "second": ("secondOfMinute", 0, 59), "day of year": ("dayOfYear", 1, 366), "week": ("weekOfWeekyear", 1, 53),
    "weekday": ("dayOfWeek", 1, 7), "hour from 1": ("clockhourOfDay", 1, 24), "half hour": ("hourOfHalfday", 0, 11),
}  # fmt: skip


@lru_cache(256)
def grammar(pieces: tuple[Piece, ...]) -> list[tuple[str, re.Pattern[str]]]:
    """What a text must look like, piece by piece; numbers take all the digits that they may have."""
    found = []
    for piece in pieces:
        if not piece.field:
            pattern = re.escape(piece.text)
        elif piece.field in ("month text", "weekday text"):
            names = MONTHS if piece.field == "month text" else DAYS
            pattern = "|".join([*names, *(name[:3] for name in names)])
        elif piece.field == "half":
            pattern = "AM|PM"
        elif piece.field == "offset":
            pattern = r"Z|[+-]\d\d:?\d\d"
        elif piece.field in ("short year", "short week year"):
            pattern = r"\d{2}"
        elif piece.field in ("year", "week year"):
            pattern = rf"[+-]?\d{{1,{4 if piece.digits == 4 else 9}}}"
        elif piece.field in LIMITS or piece.field == "fraction":
            pattern = rf"\d{{1,{WIDEST.get(piece.field, 2)}}}"
        else:
            raise ValueError(
                f"trino:NOT_SUPPORTED:parsing a {piece.field} is not supported by Cumulet yet:trino"
            )
        found.append((piece.field, re.compile(pattern, re.IGNORECASE | re.ASCII)))
    return found


def parsed(pieces: list[Piece], text: str) -> tuple[int, int]:
    """Microseconds of the wall clock since 1970, and the minutes that it is before UTC."""
    at, known = 0, {}
    for field, pattern in grammar(tuple(pieces)):
        if (found := pattern.match(text, at)) is None:
            raise malformed(text, at)
        at = found.end()
        if field:
            known[field] = found[0]
    if at < len(text):
        raise malformed(text, at)
    return wall(known, text), minutes(known.get("offset", "Z"))


def malformed(text: str, at: int) -> ValueError:
    if at >= len(text):
        return bad(f'Invalid format: "{text}" is too short')
    tail = f' is malformed at "{text[at:]}"' if at else ""
    return bad(f'Invalid format: "{text}"{tail}')


def minutes(written: str) -> int:
    found = OFFSET.fullmatch(written)
    return 0 if found is None else int(f"{found[1]}1") * (int(found[2]) * 60 + int(found[3]))


def wall(known: dict[str, str], text: str) -> int:
    values = {field: int(written) for field, written in known.items() if field in LIMITS}
    for field, value in values.items():
        named, least, most = LIMITS[field]
        if not least <= value <= most:
            raise bad(
                f'Cannot parse "{text}": Value {value} for {named} must be in the range [{least},{most}]'
            )
    day = date_of(known, values, text)
    fraction = int(known.get("fraction", "0").ljust(9, "0")[:3]) * 1000
    clock = timedelta(
        hours=hour_of(known, values), minutes=values.get("minute", 0), seconds=values.get("second", 0)
    )
    return (day + clock - EPOCH) // timedelta(microseconds=1) + fraction


def date_of(known: dict[str, str], values: dict[str, int], text: str) -> datetime:
    year = int(known.get("year", PIVOT))
    if "short year" in known:
        year = PIVOT + (int(known["short year"]) - PIVOT) % 100
    try:
        if "week" in values or "week year" in known:
            week_year = int(known.get("week year", PIVOT))
            return datetime.combine(
                datetime.fromisocalendar(week_year, values.get("week", 1), 1 + weekday(known)), EPOCH.time()
            )
        if "day of year" in values:
            return datetime(year, 1, 1) + timedelta(days=values["day of year"] - 1)
        month = values.get("month") or month_of(known.get("month text", "Jan"))
        return datetime(year, month, values.get("day", 1))
    except ValueError:
        most = (datetime(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        day = values.get("day")
        raise bad(
            f'Cannot parse "{text}": Value {day} for dayOfMonth must be in the range [1,{most}]'
        ) from None


def month_of(name: str) -> int:
    return [each[:3].lower() for each in MONTHS].index(name[:3].lower()) + 1


def weekday(known: dict[str, str]) -> int:
    if "weekday" in known:
        return int(known["weekday"]) - 1
    return [each[:3].lower() for each in DAYS].index(known.get("weekday text", "Mon")[:3].lower())


def hour_of(known: dict[str, str], values: dict[str, int]) -> int:
    half = 12 * (known.get("half", "AM").upper() == "PM")
    if "clock hour" in values:
        return values["clock hour"] % 12 + half
    if "half hour" in values:
        return values["half hour"] + half
    return values.get("hour", values.get("hour from 1", 0) % 24)


def parse_mysql(text: str, pattern: str) -> int:
    return parsed(mysql(pattern), text)[0]


def parse_joda(text: str, pattern: str) -> int:
    """In UTC: with another offset each row would have a zone of its own."""
    micros, away = parsed(joda(pattern), text)
    if away:
        message = f"parse_datetime with an offset other than UTC: {text} is not supported by Cumulet yet"
        raise ValueError(f"trino:NOT_SUPPORTED:{message}:trino")
    return micros


ISO = re.compile(
    r"(?P<year>\d{4})(?:-W(?P<week>\d\d)(?:-(?P<weekday>\d))?|-(?P<nth>\d{3})|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
    r"(?:T(?:(?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d))?)?(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


def iso(text: str) -> tuple[int, int]:
    """Microseconds since 1970 of the wall clock, in milliseconds, and the minutes that it is before UTC."""
    if (found := ISO.fullmatch(text)) is None:
        raise bad(f'Invalid format: "{text}"')
    named = {"week": "week", "weekday": "weekday", "nth": "day of year", "month": "month", "day": "day",
             "hour": "hour", "minute": "minute", "second": "second", "fraction": "fraction"}  # fmt: skip
    known = {field: found[name] for name, field in named.items() if found[name] is not None}
    known["week year" if found["week"] else "year"] = found["year"]
    offset = found["offset"] or "Z"
    return wall(known, text), minutes(offset if len(offset) != 3 else offset + "00")


def iso_instant(text: str) -> int:
    micros, away = iso(text)
    return micros - away * 60_000_000


def iso_in_utc(text: str) -> int:
    micros, away = iso(text)
    if away:
        message = f"from_iso8601_timestamp with an offset other than UTC, used as a wall clock: {text}"
        raise ValueError(f"trino:NOT_SUPPORTED:{message} is not supported by Cumulet yet:trino")
    return micros


DATING: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "date_format": (lambda m, p: formatted(mysql(p), m, "UTC"), ["BIGINT", "VARCHAR"], "VARCHAR"),
    "format_datetime": (
        lambda m, p, z: formatted(joda(p), m, z),
        ["BIGINT", "VARCHAR", "VARCHAR"],
        "VARCHAR",
    ),
    "date_parse": (parse_mysql, ["VARCHAR", "VARCHAR"], "BIGINT"),
    "iso_instant": (iso_instant, ["VARCHAR"], "BIGINT"),
    "iso_in_utc": (iso_in_utc, ["VARCHAR"], "BIGINT"),
    "iso_date": (lambda text: iso(text)[0], ["VARCHAR"], "BIGINT"),
    "parse_datetime": (parse_joda, ["VARCHAR", "VARCHAR"], "BIGINT"),
}
