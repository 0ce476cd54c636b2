"""Dates written by patterns, where DuckDB's own strftime does not suffice: patterns that rows bring along, and
letters that it has not got. `date_reading` reads them.

A pattern, MySQL's or Joda's, becomes a list of pieces: texts, and fields with a number of digits.
https://trino.io/docs/current/functions/datetime.html#mysql-date-functions
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cumulet.engines.sql.refusing import bad

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EPOCH = datetime(1970, 1, 1)
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
