"""Casts to dates, times and timestamps, and fewer digits of a second."""

from __future__ import annotations

import re
from datetime import date

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino.casting.base import checked, leads_to, refused
from cumulet.engines.sql.trino.printing import instant, local_time
from cumulet.engines.sql.trino.typed import cast
from cumulet.engines.sql.trino.types import Type

DATE_TEXT = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*$"
TIME_TEXT = r"^\s*\d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,12})?)?\s*$"
MOMENT_TEXT = r"^\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]{1,12})?)?)?\s*$"
WRITTEN_DATE = re.compile(r"'(\d{4}-\d\d-\d\d)'", re.ASCII)
MOST_DIGITS = 6  # of a second in DuckDB


@leads_to("date")
def to_date(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        if is_date(sql):
            return f"DATE {sql}"
        return checked(sql, DATE_TEXT, f"'Value cannot be cast to date: ' || {sql}", kind)
    if source.base in ("timestamp", "timestamp with time zone"):
        return cast(local_time(sql, source), kind)
    raise refused(source, kind)


def is_date(sql: str) -> bool:
    """Whether it is a date that is written out, which needs no look at run time."""
    found = WRITTEN_DATE.fullmatch(sql)
    try:
        return found is not None and bool(date.fromisoformat(found[1]))
    except ValueError:
        return False


@leads_to("time")
def to_time(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return time_of_day(
            checked(sql, TIME_TEXT, f"'Value cannot be cast to time: ' || {sql}", kind), (6,), kind.numbers
        )
    if source.base == "time":
        return time_of_day(sql, source.numbers, kind.numbers)
    if source.base in ("timestamp", "timestamp with time zone"):
        return cast(precise(local_time(sql, source), source.numbers, kind.numbers), kind)
    raise refused(source, kind)


def time_of_day(sql: str, source: tuple[int, ...], kind: tuple[int, ...]) -> str:
    """Fewer digits of a second, rounded half up; what is rounded up to midnight is the day's beginning."""
    moment = f"(DATE '1970-01-01' + {sql})"
    rounded = precise(moment, source, kind)
    return sql if rounded == moment else f"CAST({rounded} AS TIME)"


@leads_to("timestamp")
def to_timestamp(sql: str, source: Type, kind: Type) -> str:
    if kind.numbers[0] > MOST_DIGITS:
        raise NotSupported(f"{kind}: more than {MOST_DIGITS} digits of a second")
    if source.base == "varchar":
        return precise(
            checked(sql, MOMENT_TEXT, f"'Value cannot be cast to timestamp: ' || {sql}", kind),
            (6,),
            kind.numbers,
        )
    if source.base == "date":
        return cast(sql, kind)
    if source.base in ("timestamp", "timestamp with time zone"):
        return precise(local_time(sql, source), source.numbers, kind.numbers)
    raise refused(source, kind)


def precise(sql: str, source: tuple[int, ...], kind: tuple[int, ...]) -> str:
    """Fewer digits of a second, rounded half up."""
    if kind[0] >= min(source[0], 6):
        return sql
    unit = 10 ** (6 - kind[0])
    return f"make_timestamp(CAST(floor((epoch_us({sql}) + {unit // 2}) / {unit}) AS BIGINT) * {unit})"


@leads_to("timestamp with time zone")
def to_zoned(sql: str, source: Type, kind: Type) -> str:
    """A time without zone is one of the session's zone, which is UTC."""
    if source.base in ("date", "timestamp"):
        return instant(cast(sql, kind), kind.zone)
    if source.base == "timestamp with time zone":
        return precise(sql, source.numbers, kind.numbers)
    raise NotSupported(f"A cast from {source} to {kind}")
