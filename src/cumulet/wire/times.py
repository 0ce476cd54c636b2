"""AWS's three ways to write a moment: seconds since the epoch, ISO 8601, and HTTP's date."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from cumulet.wire.shapes import Malformed

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
END = 253402300800  # the year 10000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?([eE][+-]?\d{1,3})?", re.ASCII)
DATE = r"\d{4}-\d\d-\d\d"
ISO = re.compile(rf"{DATE}([Tt ]\d\d:\d\d(:\d\d(\.\d{{1,9}})?)?([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)


def from_epoch(seconds: float) -> datetime:
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise Malformed(f"{seconds!r:.40} is not a time that can be told.") from error


def from_text(text: str, form: str) -> datetime:
    """A timestamp from a header, a query string or XML, in the form that the model names."""
    try:
        if form == "unixtimestamp":
            return from_epoch(float(_whole(NUMBER, text)))
        if form == "rfc822" and not ISO.fullmatch(text):
            return _aware(parsedate_to_datetime(text))
        return _aware(datetime.fromisoformat(_whole(ISO, text).upper()))
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        raise Malformed(f"{text!r:.60} is not a timestamp of the form {form}.") from error


def _whole(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text.strip()):
        raise ValueError(text)
    return text.strip()


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment(value: datetime | float | str) -> datetime:
    """What a service returned as a time: a datetime (UTC if it does not say), epoch seconds, or ISO text."""
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, str):
        return from_text(value, "iso8601")
    return from_epoch(value)


def to_epoch(value: datetime | float | str) -> int | float:
    """Epoch seconds with AWS's precision, milliseconds; whole seconds as an integer."""
    seconds = moment(value).timestamp() if not isinstance(value, (int, float)) else value
    rounded = round(seconds, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def to_text(value: datetime | float | str, form: str) -> str:
    if form == "rfc822" and isinstance(value, float) and value.is_integer() and 0 <= value < END:
        return _http_date(value)
    if form == "unixtimestamp":
        return str(to_epoch(value))
    when = moment(value)
    if form == "rfc822":
        return format_datetime(when.replace(microsecond=0), usegmt=True)
    return when.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _http_date(seconds: float) -> str:
    """As `format_datetime`, which takes ten times as long: every answer about an object has such a date."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(seconds)
    return f"{DAYS[weekday]}, {day:02} {MONTHS[month - 1]} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
