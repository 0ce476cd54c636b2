"""Partition projection: a table's partitions reckoned from its properties instead of kept in Glue.

Each partition column says what values it can have (a list, a range of numbers or of dates, or whatever a
query asks for); with the conditions of a query that gives the folders to look into.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, product
from typing import Any

from cumulet.engines.sql.base import SqlError
from cumulet.services.athena import java_dates

PREFIX = "projection."
MOST = 1_000_000  # partitions that one query may look into
RELATIVE = re.compile(
    r"\s*NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE
)
STEPS = {"WEEK": 604_800.0, "DAY": 86_400.0, "HOUR": 3600.0, "MINUTE": 60.0, "SECOND": 1.0, "MILLI": 0.001}
UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS", "MILLIS")
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A partition column, and the part of the table's properties that is about it."""

    name: str
    type: str  # Hive's
    settings: dict[str, str]

    def setting(self, key: str) -> str:
        if key not in self.settings:
            raise invalid(f"Table property '{PREFIX}{self.name}.{key}' is missing")
        return self.settings[key]


def enabled(table: dict[str, Any]) -> bool:
    return properties(table).get("projection.enabled", "").lower() == "true"


def properties(table: dict[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in (table.get("Parameters") or {}).items()}


def partitions(
    table: dict[str, Any], predicate: list[dict[str, Any]], now: float
) -> list[tuple[str, list[str]]]:
    """Each partition that can hold wanted rows: its folder and its values."""
    found: list[list[str]] = []
    count = 1
    for each in columns(table):
        found.append(list(islice(wanted(each, predicate, now), MOST + 1)))
        count *= len(found[-1])
        if count > MOST:
            raise too_many(table)
    place = placed(table)
    return [(place(list(values)), list(values)) for values in product(*found)]


def too_many(table: dict[str, Any]) -> SqlError:
    name = f"{table['DatabaseName']}.{table['Name']}"
    text = f"Query over table '{name}' can potentially read more than {MOST} partitions"
    return SqlError("HIVE_EXCEEDED_PARTITION_LIMIT", text)


def columns(table: dict[str, Any]) -> list[Column]:
    given = properties(table)
    found = []
    for each in table["PartitionKeys"]:
        start = f"{PREFIX}{each['Name'].lower()}."
        own = {key[len(start) :]: value for key, value in given.items() if key.lower().startswith(start)}
        found.append(Column(each["Name"].lower(), (each.get("Type") or "string").lower(), own))
    return found


def placed(table: dict[str, Any]) -> Callable[[list[str]], str]:
    """Where a partition lies: by the template, else in a folder key=value for each column."""
    names = [each["Name"].lower() for each in table["PartitionKeys"]]
    template = properties(table).get("storage.location.template", "")
    if not template:
        root = table["StorageDescriptor"]["Location"].rstrip("/")
        template = root + "".join(f"/{name}=${{{name}}}" for name in names)
    if missing := [name for name in names if f"${{{name}}}" not in template.lower()]:
        raise invalid(f"Partition column '{missing[0]}' is missing from storage.location.template")
    holes = re.compile(r"\$\{(\w+)\}")

    def place(values: list[str]) -> str:
        by_name = dict(zip(names, values, strict=True))
        return holes.sub(lambda found: by_name.get(found[1].lower(), found[0]), template).rstrip("/") + "/"

    return place


def wanted(column: Column, predicate: list[dict[str, Any]], now: float) -> Iterator[str]:
    """The column's possible values that fulfil the conditions on it."""
    own = [each for each in predicate if each["column"] == column.name]
    kind = column.setting("type").lower()
    if kind not in KINDS:
        raise invalid(f"Unknown projection type '{kind}' of column '{column.name}'")
    for value in KINDS[kind](column, own, now):
        if all(fulfils(column, value, each) for each in own):
            yield value


def fulfils(column: Column, value: str, condition: dict[str, Any]) -> bool:
    """Whether a value may be wanted; what cannot be compared here is left to the query."""
    try:
        mine = comparable(column, value)
        theirs = [comparable(column, str(each)) for each in condition["values"]]
    except ValueError:
        return True
    if condition["operator"] == "in":
        return mine in theirs
    return COMPARISONS[condition["operator"]](mine, theirs[0])


def comparable(column: Column, text: str) -> Any:
    if column.type in ("tinyint", "smallint", "int", "integer", "bigint", "long"):
        return int(text)
    return date.fromisoformat(text) if column.type == "date" else text


def listed(column: Column, conditions: list[dict[str, Any]], now: float) -> Iterator[str]:
    """enum: the values themselves."""
    yield from (each.strip() for each in column.setting("values").split(","))


def numbered(column: Column, conditions: list[dict[str, Any]], now: float) -> Iterator[str]:
    """integer: a range with both of its ends."""
    first, last = (whole(column, each) for each in ends(column))
    step = whole(column, column.settings.get("interval", "1"))
    digits = whole(column, column.settings.get("digits", "0"))
    if step < 1:
        raise invalid(f"Table property '{PREFIX}{column.name}.interval' must be positive")
    yield from (f"{number:0{digits}d}" for number in range(first, last + 1, step))


def dated(column: Column, conditions: list[dict[str, Any]], now: float) -> Iterator[str]:
    """date: moments from one to another, printed by a pattern."""
    shape = java_dates.Pattern(column.setting("format"))
    first, last = (moment(column, shape, each, now) for each in ends(column))
    step = advance(column, shape)
    at, n = first, 0
    while at <= last:
        yield shape.printed(at)
        n += 1
        at = step(first, n)


def injected(column: Column, conditions: list[dict[str, Any]], now: float) -> Iterator[str]:
    """injected: the values that the query itself names."""
    named = [each["values"] for each in conditions if each["operator"] in ("=", "in")]
    if not named:
        raise SqlError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {column.name}, the WHERE clause must contain only "
            "static equality conditions, and at least one such condition must be present.",
        )
    yield from dict.fromkeys(str(each) for each in named[0])


KINDS = {"enum": listed, "integer": numbered, "date": dated, "injected": injected}


def ends(column: Column) -> tuple[str, str]:
    parts = column.setting("range").split(",")
    if len(parts) != 2:
        raise invalid(f"Table property '{PREFIX}{column.name}.range' must be 'first,last'")
    return parts[0].strip(), parts[1].strip()


def whole(column: Column, text: str) -> int:
    if re.fullmatch(r"[+-]?\d+", text.strip()) is None:
        raise invalid(f"'{text}' is no whole number in the projection of column '{column.name}'")
    return int(text)


def moment(column: Column, shape: java_dates.Pattern, text: str, now: float) -> datetime:
    if (found := RELATIVE.fullmatch(text)) is not None:
        at = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
        sign = -1 if found[1] == "-" else 1
        return later(at, found[3].upper() + "S", sign * int(found[2])) if found[2] else at
    try:
        return shape.read(text)
    except ValueError:
        raise invalid(f"'{text}' does not fit the format of column '{column.name}'") from None


def advance(column: Column, shape: java_dates.Pattern) -> Callable[[datetime, int], datetime]:
    """How to get from the first moment to the nth; days and months are the steps where none is told."""
    unit = column.settings.get("interval.unit", shape.unit).upper()
    unit = "MILLIS" if unit == "MILLISECONDS" else unit
    told = "interval" in column.settings and "interval.unit" in column.settings
    if unit not in UNITS or not (told or shape.unit in ("DAYS", "MONTHS")):
        raise invalid(f"Table property '{PREFIX}{column.name}.interval' and its unit are needed")
    count = whole(column, column.settings.get("interval", "1"))
    if count < 1:
        raise invalid(f"Table property '{PREFIX}{column.name}.interval' must be positive")
    return lambda first, n: later(first, unit, n * count)


def later(at: datetime, unit: str, count: int) -> datetime:
    if unit in ("YEARS", "MONTHS"):
        months = at.year * 12 + at.month - 1 + count * (12 if unit == "YEARS" else 1)
        year, month = divmod(months, 12)
        day = min(at.day, monthrange(year, month + 1)[1])
        return at.replace(year=year, month=month + 1, day=day)
    return at + timedelta(seconds=STEPS[unit.rstrip("S")] * count)


def invalid(message: str) -> SqlError:
    return SqlError("INVALID_TABLE_PROPERTY", message)
