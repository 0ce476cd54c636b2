"""Points in time with the precision that they were written with: `2017T`, `2017-02-03T04:05Z`.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-select-sql-reference-date.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from cumulet.engines.sql.picking.base import Refused

WRITTEN = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(T?)(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d))?"
)
PRECISIONS = ("YEAR", "MONTH", "DAY", "MINUTE", "SECOND", "FRACTION")


@dataclass(frozen=True, slots=True, eq=False)
class Timestamp:
    """`digits` are those of a second's fraction."""

    moment: datetime
    precision: str = "SECOND"
    digits: int = 0

    def __str__(self) -> str:
        at = self.moment
        date = f"{at.year:04d}-{at.month:02d}-{at.day:02d}"
        if self.precision in ("YEAR", "MONTH", "DAY"):
            return {"YEAR": date[:4] + "T", "MONTH": date[:7] + "T", "DAY": date + "T"}[self.precision]
        clock = f"{at.hour:02d}:{at.minute:02d}"
        if self.precision != "MINUTE":
            clock += f":{at.second:02d}"
        if self.precision == "FRACTION":
            clock += "." + f"{at.microsecond:06d}".ljust(9, "0")[: self.digits]
        return f"{date}T{clock}{offset(at)}"


def offset(moment: datetime, *, colon: bool = True, zulu: bool = True) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    if seconds == 0 and zulu:
        return "Z"
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}{':' if colon else ''}{minutes:02d}"


def of(moment: datetime) -> Timestamp:
    """A moment of a file's or the clock's."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Timestamp(moment, "FRACTION" if moment.microsecond else "SECOND", 6 if moment.microsecond else 0)


def parse(text: str) -> Timestamp | None:
    found = WRITTEN.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, separator, hour, minute, second, fraction, zone = found.groups()
    if (hour and not (day and separator)) or (not (hour or separator) and not day):
        return None
    precision = "YEAR"
    for name, value in (
        ("MONTH", month),
        ("DAY", day),
        ("MINUTE", hour),
        ("SECOND", second),
        ("FRACTION", fraction),
    ):
        precision = name if value else precision
    micros = int((fraction or "0").ljust(6, "0")[:6])
    try:
        clock = (int(hour or 0), int(minute or 0), int(second or 0), micros, _zone(zone or "Z"))
        moment = datetime(int(year), int(month or 1), int(day or 1), *clock)
    except ValueError:
        return None
    return Timestamp(moment, precision, min(len(fraction or ""), 6))


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[4:6])))


def add(part: str, count: int, to: Timestamp) -> Timestamp:
    precision = to.precision
    if part in PRECISIONS or part == "HOUR":
        finer = "MINUTE" if part == "HOUR" else part
        precision = max(precision, finer, key=PRECISIONS.index)
    try:
        if part in ("YEAR", "MONTH"):
            moment = _add_months(to.moment, count * (12 if part == "YEAR" else 1))
        else:
            moment = to.moment + timedelta(**{f"{part.lower()}s": count})
    except (ValueError, OverflowError):
        raise Refused("ValueParseFailure", "DATE_ADD leads out of the range of timestamps.") from None
    return Timestamp(moment, precision, to.digits)


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def difference(part: str, first: Timestamp, second: Timestamp) -> int:
    """Whole units that have passed; negative where the second comes before the first."""
    if part in ("YEAR", "MONTH"):
        return _whole_months(first.moment, second.moment, 12 if part == "YEAR" else 1)
    seconds = {"DAY": 86400, "HOUR": 3600, "MINUTE": 60, "SECOND": 1}[part]
    return int((second.moment - first.moment) / timedelta(seconds=seconds))


def _whole_months(first: datetime, second: datetime, unit: int) -> int:
    if second < first:
        return -_whole_months(second, first, unit)
    second = second.astimezone(first.tzinfo)
    months = (second.year - first.year) * 12 + second.month - first.month
    rest = (second.day, second.time()) < (first.day, first.time())
    return (months - rest) // unit


def extract(part: str, of: Timestamp) -> int:
    at = of.moment
    if part.startswith("TIMEZONE"):
        minutes = int((at.utcoffset() or timedelta()).total_seconds()) // 60
        sign = -1 if minutes < 0 else 1
        return sign * (abs(minutes) // 60 if part.endswith("HOUR") else abs(minutes) % 60)
    return int(getattr(at, part.lower()))


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

# The longest of those that begin alike comes first.
FORMATS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04d}",
    "yy": lambda at: f"{at.year % 100:02d}",
    "y": lambda at: str(at.year),
    "MMMMM": lambda at: MONTHS[at.month - 1][0],
    "MMMM": lambda at: MONTHS[at.month - 1],
    "MMM": lambda at: MONTHS[at.month - 1][:3],
    "MM": lambda at: f"{at.month:02d}",
    "M": lambda at: str(at.month),
    "dd": lambda at: f"{at.day:02d}",
    "d": lambda at: str(at.day),
    "a": lambda at: "AM" if at.hour < 12 else "PM",
    "hh": lambda at: f"{at.hour % 12 or 12:02d}",
    "h": lambda at: str(at.hour % 12 or 12),
    "HH": lambda at: f"{at.hour:02d}",
    "H": lambda at: str(at.hour),
    "mm": lambda at: f"{at.minute:02d}",
    "m": lambda at: str(at.minute),
    "ss": lambda at: f"{at.second:02d}",
    "s": lambda at: str(at.second),
    "n": lambda at: str(at.microsecond * 1000),
    "XXXXX": lambda at: offset(at),
    "XXXX": lambda at: offset(at, colon=False),
    "XXX": lambda at: offset(at),
    "XX": lambda at: offset(at, colon=False),
    "X": lambda at: "Z" if offset(at) == "Z" else offset(at)[:3],
    "xxxxx": lambda at: offset(at, zulu=False),
    "xxxx": lambda at: offset(at, colon=False, zulu=False),
    "xxx": lambda at: offset(at, zulu=False),
    "xx": lambda at: offset(at, colon=False, zulu=False),
    "x": lambda at: offset(at, zulu=False)[:3],
}
PIECES = re.compile(r"'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+", re.DOTALL)
FRACTION = re.compile(r"S{1,9}")


def written(at: Timestamp, pattern: str) -> str:
    """TO_STRING."""
    found = []
    for match in PIECES.finditer(pattern):
        text = match[0]
        if match[1] is not None:
            found.append(match[1])
        elif FRACTION.fullmatch(text):
            found.append(f"{at.moment.microsecond:06d}".ljust(9, "0")[: len(text)])
        elif match[2] is None:
            found.append(text)
        elif text in FORMATS:
            found.append(FORMATS[text](at.moment))
        else:
            message = f"Time stamp format pattern contains an invalid token: {text}"
            raise Refused("EvaluatorInvalidTimestampFormatPatternToken", message)
    return "".join(found)
