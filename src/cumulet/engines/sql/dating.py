"""Dates by patterns, where DuckDB's own strftime and strptime do not suffice: patterns that rows bring along,
letters that it has not got, and what is said of a text that is no date.

A pattern, MySQL's or Joda's, becomes a list of pieces: texts, and fields with a number of digits.
https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH = datetime(1970, 1, 1)
PIVOT = 1970  # two digits are a year from here on: 70 is 1970, 69 is 2069
JODA_PIECE = re.compile(r"(?P<quoted>'(?:[^']|'')*')|(?P<run>([A-Za-z])\3*)|(?P<plain>.)", re.DOTALL)
OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")


class Piece(NamedTuple):
    """A field with its least number of digits; or, where it has no name, a text."""

    field: str
    digits: int = 1
    text: str = ""


MYSQL = {
    "a": [Piece("weekday text", 3)], "b": [Piece("month text", 3)], "c": [Piece("month", 1)],
    "d": [Piece("day", 2)], "e": [Piece("day", 1)], "f": [Piece("fraction", 6)], "H": [Piece("hour", 2)],
    "h": [Piece("clock hour", 2)], "i": [Piece("minute", 2)], "I": [Piece("clock hour", 2)],
    "j": [Piece("day of year", 3)], "k": [Piece("hour", 1)], "l": [Piece("clock hour", 1)],
    "M": [Piece("month text", 9)], "m": [Piece("month", 2)], "p": [Piece("half", 2)],
    "S": [Piece("second", 2)], "s": [Piece("second", 2)], "v": [Piece("week", 2)],
    "W": [Piece("weekday text", 9)], "x": [Piece("week year", 4)], "Y": [Piece("year", 4)],
    "y": [Piece("short year", 2)],
}  # fmt: skip
COLON = Piece("", text=":")
MYSQL["T"] = [Piece("hour", 2), COLON, Piece("minute", 2), COLON, Piece("second", 2)]
MYSQL["r"] = [Piece("clock hour", 2), *MYSQL["T"][1:], Piece("", text=" "), Piece("half", 2)]
REFUSED = "DUuVwX"
JODA = {
    "y": "year", "Y": "year", "x": "week year", "w": "week", "e": "weekday", "D": "day of year", "d": "day",
    "H": "hour", "k": "hour from 1", "K": "half hour", "h": "clock hour", "m": "minute", "s": "second",
    "S": "fraction", "a": "half",
}  # fmt: skip
WIDEST = {"year": 9, "week year": 9, "day of year": 3, "fraction": 9}
LIMITS = {  # what Joda calls the field, and its least and greatest value
    "month": ("monthOfYear", 1, 12), "day": ("dayOfMonth", 1, 31), "hour": ("hourOfDay", 0, 23),
    "clock hour": ("clockhourOfHalfday", 1, 12), "minute": ("minuteOfHour", 0, 59),
    "second": ("secondOfMinute", 0, 59), "day of year": ("dayOfYear", 1, 366), "week": ("weekOfWeekyear", 1, 53),
    "weekday": ("dayOfWeek", 1, 7), "hour from 1": ("clockhourOfDay", 1, 24), "half hour": ("hourOfHalfday", 0, 11),
}  # fmt: skip


def bad(message: str) -> ValueError:
    return ValueError(f"trino:INVALID_FUNCTION_ARGUMENT:{message}:trino")


@lru_cache(256)
def mysql(pattern: str) -> list[Piece]:
    pieces: list[Piece] = []
    for marked, plain in re.findall(r"%(.)|(.)", pattern, re.DOTALL):
        if marked and marked in REFUSED:
            raise bad(f"%{marked} not supported in date format string")
        pieces += MYSQL.get(marked) or [Piece("", text=marked or plain)]
    return pieces


@lru_cache(256)
def joda(pattern: str) -> list[Piece]:
    """Runs of letters are fields; what stands between two marks ' is a text, and '' is the mark itself."""
    pieces: list[Piece] = []
    for found in JODA_PIECE.finditer(pattern):
        if found["run"]:
            pieces.append(joda_field(found["run"]))
        else:
            inner = found["quoted"][1:-1].replace("''", "'") if found["quoted"] else found["plain"]
            pieces.append(Piece("", text=inner or "'"))
    return pieces


def joda_field(run: str) -> Piece:
    letter, count = run[0], len(run)
    if letter in "yYx" and count == 2:
        return Piece("short week year" if letter == "x" else "short year", 2)
    if letter == "M":
        return Piece("month", count) if count < 3 else Piece("month text", 3 if count == 3 else 9)
    if letter == "E":
        return Piece("weekday text", 3 if count < 4 else 9)
    if letter == "Z":
        return Piece("zone id" if count > 2 else "offset", count)
    if letter == "z":
        return Piece("zone text", count)
    if letter == "G":
        return Piece("era")
    if letter not in JODA:
        raise bad(f"Illegal pattern component: {run}")
    return Piece(JODA[letter], count)


def formatted(pieces: list[Piece], micros: int, zone: str) -> str:
    """A wall clock's microseconds since 1970 as a text."""
    moment = EPOCH + timedelta(microseconds=micros)
    return "".join(piece.text if not piece.field else shown(piece, moment, zone) for piece in pieces)


def shown(piece: Piece, moment: datetime, zone: str) -> str:
    field, digits = piece.field, piece.digits
    match field:
        case "month text" | "weekday text":
            name = MONTHS[moment.month - 1] if field == "month text" else DAYS[moment.weekday()]
            return name[:3] if digits == 3 else name
        case "half":
            return "PM" if moment.hour >= 12 else "AM"
        case "era":
            return "AD"
        case "fraction":
            return f"{moment.microsecond // 1000:03}000000"[: max(digits, 1)]
        case "zone id":
            return zone
        case "offset" | "zone text":
            return offset(moment, zone, field, digits)
    return f"{number(field, moment):0{digits}}"


def number(field: str, moment: datetime) -> int:
    year, week, weekday = moment.isocalendar()
    return {
        "year": moment.year, "short year": moment.year % 100, "week year": year, "short week year": year % 100,
        "week": week, "weekday": weekday, "month": moment.month, "day": moment.day,
        "day of year": moment.timetuple().tm_yday, "hour": moment.hour, "hour from 1": moment.hour or 24,
        "half hour": moment.hour % 12, "clock hour": moment.hour % 12 or 12, "minute": moment.minute,
        "second": moment.second,
    }[field]  # fmt: skip


def offset(moment: datetime, zone: str, field: str, digits: int) -> str:
    """How far a wall clock is from UTC: +0100, +01:00; or the zone's short name."""
    if (written := OFFSET.fullmatch(zone)) is not None:
        found = f"{written[1]}{written[2]}{written[3]}"
    else:
        local = moment.replace(tzinfo=ZoneInfo(zone))
        if field == "zone text":
            return f"{local:%Z}"
        found = f"{local:%z}"
    return found if digits == 1 else f"{found[:3]}:{found[3:]}"


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
