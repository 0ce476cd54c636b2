"""AWS's schedule expressions, `cron(minutes hours day-of-month month day-of-week year)`, in UTC.

https://docs.aws.amazon.com/glue/latest/dg/monitor-data-warehouse-schedule.html
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTH_NAMES = {name: number for number, name in enumerate(MONTHS, 1)}
WEEKDAY_NAMES = {name: number for number, name in enumerate(WEEKDAYS, 1)}
SHAPE = re.compile(r"cron\(\s*(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s*\)")
NEAREST = re.compile(r"(\d{1,2})W")
ORDINAL = re.compile(r"(\w+)#([1-5])")
LAST_YEAR = 2199


class BadSchedule(ValueError):
    """The expression is not one of AWS's; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When something is due: `next_after(moment)`, both in seconds since the epoch."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str  # of the month; "?" where days of the week are said
    months: tuple[int, ...]
    weekdays: str
    years: tuple[int, ...]

    def next_after(self, moment: float) -> float | None:
        """The first time that is later, or None where there is none any more."""
        return next(self.after(moment), None)

    def after(self, moment: float) -> Iterator[float]:
        """All times that are later."""
        start = datetime.fromtimestamp(moment, UTC)
        for year in (each for each in self.years if each >= start.year):
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    for day in self.days_of(year, month):
                        yield from self._times(datetime(year, month, day, tzinfo=UTC), moment)

    def _times(self, day: datetime, moment: float) -> Iterator[float]:
        if day.timestamp() + 86400 <= moment:
            return
        for hour in self.hours:
            for minute in self.minutes:
                found = day.timestamp() + hour * 3600 + minute * 60
                if found > moment:
                    yield found

    def days_of(self, year: int, month: int) -> list[int]:
        """The days of one month on which something is due."""
        last = calendar.monthrange(year, month)[1]
        if self.days != "?":
            found = (day for part in self.days.split(",") for day in days_meant(part, year, month))
        else:
            found = (day for part in self.weekdays.split(",") for day in weekdays_meant(part, year, month))
        return sorted({day for day in found if 1 <= day <= last})


def parse(text: str) -> Schedule:
    shape = SHAPE.fullmatch(text.strip())
    if shape is None:
        raise BadSchedule(f"{text!r} is not of the form cron(minutes hours day month weekday year).")
    minutes, hours, days, months, weekdays, years = (part.upper() for part in shape.groups())
    if (days == "?") == (weekdays == "?"):
        raise BadSchedule(f"{text!r} must have a ? as its day of the month or as its day of the week.")
    schedule = Schedule(
        numbers(minutes, 0, 59),
        numbers(hours, 0, 23),
        days,
        numbers(months, 1, 12, MONTH_NAMES),
        weekdays,
        numbers(years, 1970, LAST_YEAR),
    )
    schedule.days_of(2024, 1)  # says what is wrong with the days, if anything is
    return schedule


def days_meant(part: str, year: int, month: int) -> list[int]:
    """One part of the days of a month: 15, 1-5, 1/7, *, L (the last), LW, 15W (the weekday nearest to it)."""
    last = calendar.monthrange(year, month)[1]
    if part == "L":
        return [last]
    if part == "LW":
        return [nearest_weekday(year, month, last)]
    if found := NEAREST.fullmatch(part):
        (day,) = numbers(found[1], 1, 31)
        return [nearest_weekday(year, month, day)] if day <= last else []
    return list(numbers(part, 1, 31))


def weekdays_meant(part: str, year: int, month: int) -> list[int]:
    """One part of the days of a week: 2, MON-FRI, *, L (Saturday), 6L (the last Friday), 6#3 (the third)."""
    if part == "L":
        part = "SAT"
    if found := ORDINAL.fullmatch(part):
        (weekday,) = numbers(found[1], 1, 7, WEEKDAY_NAMES)
        return on(weekday, year, month)[int(found[2]) - 1 : int(found[2])]
    if part.endswith("L") and len(part) > 1:
        (weekday,) = numbers(part[:-1], 1, 7, WEEKDAY_NAMES)
        return on(weekday, year, month)[-1:]
    return [day for weekday in numbers(part, 1, 7, WEEKDAY_NAMES) for day in on(weekday, year, month)]


def on(weekday: int, year: int, month: int) -> list[int]:
    """The days of a month that are one day of the week; 1 is Sunday."""
    first, last = calendar.monthrange(year, month)  # of which Monday is 0
    return list(range(1 + (weekday - 2 - first) % 7, last + 1, 7))


def nearest_weekday(year: int, month: int, day: int) -> int:
    """The day itself from Monday to Friday, else the nearest one that is, in the same month."""
    last = calendar.monthrange(year, month)[1]
    weekday = calendar.weekday(year, month, day)
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def numbers(text: str, least: int, most: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """A list of numbers, ranges and steps: `1,5-9,20/10`."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, last = bounds(span, least, most, names or {})
        if slash and "-" not in span:
            last = most
        found.update(range(first, last + 1, number(step, 1, most, {}) if slash else 1))
    return tuple(sorted(found))


def bounds(span: str, least: int, most: int, names: dict[str, int]) -> tuple[int, int]:
    if span == "*":
        return least, most
    first, dash, last = span.partition("-")
    start = number(first, least, most, names)
    end = number(last, least, most, names) if dash else start
    if end < start:
        raise BadSchedule(f"{span!r} ends before it begins.")
    return start, end


def number(text: str, least: int, most: int, names: dict[str, int]) -> int:
    found = names.get(text)
    if found is None and text.isascii() and text.isdigit():
        found = int(text)
    if found is None or not least <= found <= most:
        raise BadSchedule(f"{text!r} is not a number from {least} to {most}.")
    return found
