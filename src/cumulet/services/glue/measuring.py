"""Statistics measured: the SQL that asks a table for them, and what its answer means to Glue."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cumulet.services.glue.column_statistics import DATA

Members = dict[str, Any]
KINDS = {
    "boolean": "BOOLEAN",
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint", "long", "timestamp"), "LONG"),
    **dict.fromkeys(("float", "real", "double"), "DOUBLE"),
    "decimal": "DECIMAL",
    "date": "DATE",
    **dict.fromkeys(("string", "varchar", "char"), "STRING"),
    "binary": "BINARY",
}
BOUNDED = ["min({0})", "max({0})", "count(DISTINCT {0})"]
MEASURED = ["max(length({0}))", "avg(CAST(length({0}) AS double))"]
QUESTIONS = {
    "BOOLEAN": ["count_if({0})", "count_if(NOT {0})"],
    "LONG": BOUNDED,
    "DOUBLE": BOUNDED,
    "DECIMAL": BOUNDED,
    "DATE": BOUNDED,
    "STRING": [*MEASURED, "count(DISTINCT {0})"],
    "BINARY": MEASURED,
}
MEMBERS = {
    "BOOLEAN": ("NumberOfTrues", "NumberOfFalses"),
    "STRING": ("MaximumLength", "AverageLength", "NumberOfDistinctValues"),
    "BINARY": ("MaximumLength", "AverageLength"),
}
USUAL = ("MinimumValue", "MaximumValue", "NumberOfDistinctValues")
AT_ONCE = 50  # columns in one query


@dataclass(frozen=True, slots=True)
class Measured:
    """A column that can be measured. Those of arrays, maps and structs cannot, on AWS either."""

    name: str
    type: str

    @property
    def base(self) -> str:
        return self.type.lower().partition("(")[0].strip()

    @property
    def kind(self) -> str:
        return KINDS[self.base]

    @property
    def questions(self) -> list[str]:
        """One expression for each of `members`, and the number of NULLs."""
        name = '"' + self.name.replace('"', '""') + '"'
        asked = [*QUESTIONS[self.kind], "count(*) - count({0})"]
        if self.base == "timestamp":
            asked[:2] = ["to_unixtime(min({0}))", "to_unixtime(max({0}))"]
        return [one.format(name) for one in asked]

    def statistics(self, answers: list[str], now: float) -> Members:
        """What Glue keeps of the answers to `questions`."""
        members = (*MEMBERS.get(self.kind, USUAL), "NumberOfNulls")
        data = {member: self._value(member, answer) for member, answer in zip(members, answers, strict=True)}
        return {
            "ColumnName": self.name,
            "ColumnType": self.type,
            "AnalyzedTime": now,
            "StatisticsData": {
                "Type": self.kind,
                DATA[self.kind]: {name: value for name, value in data.items() if value is not None},
            },
        }

    def _value(self, member: str, answer: str) -> Any:
        """Of no rows, or of NULLs only, the least and the greatest are not there; lengths are 0."""
        if member in ("MinimumValue", "MaximumValue"):
            return BOUNDS[self.kind](answer) if answer else None
        return float(answer or 0) if member == "AverageLength" else int(answer or 0)


def measurable(columns: list[dict[str, Any]]) -> list[Measured]:
    found = [Measured(one["Name"], one.get("Type", "string")) for one in columns]
    return [one for one in found if one.base in KINDS]


def query(table: str, columns: list[Measured]) -> str:
    asked = ", ".join(question for column in columns for question in column.questions)
    return f'SELECT {asked} FROM "{table}"'


def told(columns: list[Measured], row: list[str], now: float) -> list[Members]:
    found, at = [], 0
    for column in columns:
        width = len(column.questions)
        found.append(column.statistics(row[at : at + width], now))
        at += width
    return found


def double(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def decimal(text: str) -> Members:
    """A number as its digits without the point, in two's complement, and how many come behind the point."""
    number = Decimal(text)
    scale = -int(number.as_tuple().exponent)
    unscaled = int(number.scaleb(scale))
    width = (unscaled if unscaled >= 0 else ~unscaled).bit_length() // 8 + 1
    return {"UnscaledValue": unscaled.to_bytes(width, "big", signed=True), "Scale": scale}


def midnight(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def seconds(text: str) -> int:
    """A whole number as it is; of a moment, the seconds since the epoch."""
    return math.floor(float(text)) if set(text) & {".", "E"} else int(text)


BOUNDS: dict[str, Callable[[str], Any]] = {
    "LONG": seconds,
    "DOUBLE": double,
    "DECIMAL": decimal,
    "DATE": midnight,
}
