"""Trino's types: their names, what they become in DuckDB and Hive, and which values fit where."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")

MOST_CHARACTERS = 65536  # of a char
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
DIGITS = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19}
DUCK = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double": "DOUBLE",
    "varchar": "VARCHAR",
    "char": "VARCHAR",
    "varbinary": "BLOB",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMP",
    "interval day to second": "INTERVAL",
    "interval year to month": "INTERVAL",
    "json": "VARCHAR",
    "uuid": "UUID",
    "unknown": "INTEGER",
    "hyperloglog": "UBIGINT[]",
    "geometry": "BLOB",  # as WKB
    "sphericalgeography": "BLOB",
}
HIVE = {
    "integer": "int",
    "varbinary": "binary",
    "real": "float",
    "varchar": "string",
    "json": "string",
    "timestamp with time zone": "timestamp",
}
FROM_HIVE = {
    "int": "integer",
    "float": "real",
    "string": "varchar",
    "binary": "varbinary",
    "long": "bigint",
    "short": "smallint",
    "byte": "tinyint",
}
UNLIKE = ("function", "hyperloglog", "geometry", "sphericalgeography")  # cannot be compared
FROM_TRINO = {"int": "integer", "dec": "decimal", "numeric": "decimal", "double precision": "double"}


@dataclass(frozen=True, slots=True)
class Type:
    """One type. `numbers`: precision and scale, or a length; `parts`: of an array, map or row.

    `zone` belongs to "timestamp with time zone": every value of an expression has the same one, known
    when the query is planned; in DuckDB it is a TIMESTAMP in UTC.
    """

    base: str
    numbers: tuple[int, ...] = ()
    parts: tuple[Type, ...] = ()
    names: tuple[str, ...] = ()  # of a row's fields; "" where a field has none
    zone: str = "UTC"

    def __str__(self) -> str:
        if self.base == "row":
            fields = (f"{n} {t}".strip() for n, t in zip(self.names, self.parts, strict=True))
            return f"row({', '.join(fields)})"
        if self.parts:
            return f"{self.base}({', '.join(map(str, self.parts))})"
        if self.base == "timestamp with time zone":
            return f"timestamp({self.numbers[0]}) with time zone"
        return f"{self.base}({','.join(map(str, self.numbers))})" if self.numbers else self.base

    @property
    def duck(self) -> str:
        if self.base == "decimal":
            return f"DECIMAL({self.numbers[0]},{self.numbers[1]})"
        if self.base == "array":
            return f"{self.parts[0].duck}[]"
        if self.base == "map":
            return f"MAP({self.parts[0].duck}, {self.parts[1].duck})"
        if self.base == "row":
            return (
                f"STRUCT({', '.join(f'{n} {t.duck}' for n, t in zip(self.slots, self.parts, strict=True))})"
            )
        return DUCK[self.base]

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of a row's fields in DuckDB: by place, since Trino allows none and duplicates."""
        return tuple(f"f{i}" for i in range(len(self.parts)))

    @property
    def hive(self) -> str:
        if self.base == "array":
            return f"array<{self.parts[0].hive}>"
        if self.base == "map":
            return f"map<{self.parts[0].hive},{self.parts[1].hive}>"
        if self.base == "row":
            fields = (
                f"{n or f'field{i}'}:{t.hive}"
                for i, (n, t) in enumerate(zip(self.names, self.parts, strict=True))
            )
            return f"struct<{','.join(fields)}>"
        if self.base in ("decimal", "char") or (self.base == "varchar" and self.numbers):
            return f"{self.base}({','.join(map(str, self.numbers))})"
        return HIVE.get(self.base, self.base)

    @property
    def integral(self) -> bool:
        return self.base in INTEGERS

    @property
    def exact(self) -> bool:
        return self.integral or self.base == "decimal"

    @property
    def floating(self) -> bool:
        return self.base in ("real", "double")

    @property
    def numeric(self) -> bool:
        return self.exact or self.floating

    @property
    def textual(self) -> bool:
        return self.base in ("varchar", "char")

    @property
    def comparable(self) -> bool:
        return self.base not in UNLIKE and all(part.comparable for part in self.parts)

    @property
    def orderable(self) -> bool:
        return self.base not in (*UNLIKE, "map", "json") and all(part.orderable for part in self.parts)


BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT = (Type(n) for n in ("boolean", *INTEGERS))
REAL, DOUBLE, VARCHAR, VARBINARY = Type("real"), Type("double"), Type("varchar"), Type("varbinary")
DATE, JSON, UNKNOWN, UUID = Type("date"), Type("json"), Type("unknown"), Type("uuid")
SKETCH = Type("hyperloglog")  # the hashes themselves
GEOMETRY, GEOGRAPHY = Type("geometry"), Type("sphericalgeography")
TIME, TIMESTAMP, TIMESTAMP_TZ = (
    Type("time", (3,)),
    Type("timestamp", (3,)),
    Type("timestamp with time zone", (3,)),
)
DAY_TO_SECOND, YEAR_TO_MONTH = Type("interval day to second"), Type("interval year to month")
SIMPLE = {
    t.base: t
    for t in (
        BOOLEAN,
        TINYINT,
        SMALLINT,
        INTEGER,
        BIGINT,
        REAL,
        DOUBLE,
        VARCHAR,
        VARBINARY,
        DATE,
        JSON,
        UUID,
        SKETCH,
        GEOMETRY,
        GEOGRAPHY,
        TIME,
        TIMESTAMP,
    )
}


def varchar(length: int) -> Type:
    return Type("varchar", (length,))


def decimal(precision: int, scale: int) -> Type:
    return Type("decimal", (precision, scale))


def array(of: Type) -> Type:
    return Type("array", parts=(of,))


def mapping(key: Type, value: Type) -> Type:
    return Type("map", parts=(key, value))


def row(parts: list[Type], names: list[str] | None = None) -> Type:
    return Type("row", parts=tuple(parts), names=tuple(names or [""] * len(parts)))


def as_decimal(kind: Type) -> Type:
    return kind if kind.base == "decimal" else decimal(DIGITS[kind.base], 0)


def common(a: Type, b: Type) -> Type | None:
    """The type that both fit into without a cast, as Trino's TypeCoercion finds it; None where there is none."""
    if a == b or b == UNKNOWN:
        return a
    if a == UNKNOWN:
        return b
    if a.numeric and b.numeric:
        return _common_number(a, b)
    if a.base == b.base:
        return _common_parametric(a, b)
    order = ("date", "timestamp", "timestamp with time zone")
    if a.base in order and b.base in order:
        return max((a, b), key=lambda t: order.index(t.base))
    if a.textual and b.textual:
        return Type(
            "char",
            (
                min(
                    MOST_CHARACTERS,
                    max(each.numbers[0] if each.numbers else MOST_CHARACTERS for each in (a, b)),
                ),
            ),
        )
    return None


def _common_number(a: Type, b: Type) -> Type:
    if a.floating or b.floating:
        return DOUBLE if DOUBLE in (a, b) else REAL
    if a.integral and b.integral:
        return max((a, b), key=lambda t: DIGITS[t.base])
    a, b = as_decimal(a), as_decimal(b)
    scale = max(a.numbers[1], b.numbers[1])
    whole = max(a.numbers[0] - a.numbers[1], b.numbers[0] - b.numbers[1])
    return decimal(min(38, whole + scale), scale)


def _common_parametric(a: Type, b: Type) -> Type | None:
    if a.parts:
        if len(a.parts) != len(b.parts):
            return None
        parts = [common(x, y) for x, y in zip(a.parts, b.parts, strict=True)]
        names = tuple(x if x == y else "" for x, y in zip(a.names, b.names, strict=True))
        found = [p for p in parts if p is not None]
        return replace(a, parts=tuple(found), names=names) if len(found) == len(parts) else None
    if a.zone != b.zone:
        return None
    if not a.numbers or not b.numbers:
        return replace(a, numbers=())
    return replace(a, numbers=tuple(max(x, y) for x, y in zip(a.numbers, b.numbers, strict=True)))


def fits(value: Type, wanted: Type) -> bool:
    """Whether Trino lets a value of one type stand where another is wanted."""
    found = common(value, wanted)
    return found is not None and replace(found, names=wanted.names if found.base == "row" else ()) == replace(
        wanted, names=wanted.names if wanted.base == "row" else ()
    )


class UnknownType(ValueError):
    """A type's text that names no type."""


WORD = re.compile(r"\s*([A-Za-z_$][\w$-]*|\"(?:[^\"]|\"\")*\"|`[^`]*`|\d+|[<>(),:])")


class Spelling:
    """Reads a type's text, Hive's (array<int>, struct<a:int>) or Trino's (array(integer), row(a integer))."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = WORD.findall(text)
        self.at = 0
        if WORD.sub("", text).strip():
            raise UnknownType(text)

    def read(self) -> Type:
        found = self._type()
        if self.at < len(self.words):
            raise UnknownType(self.text)
        return found

    def _next(self) -> str:
        if self.at >= len(self.words):
            raise UnknownType(self.text)
        self.at += 1
        return str(self.words[self.at - 1])

    def _peek(self) -> str:
        return str(self.words[self.at]) if self.at < len(self.words) else ""

    def _type(self) -> Type:
        base = self._next().lower()
        base = FROM_HIVE.get(base, FROM_TRINO.get(base, base))
        if base in ("array", "map"):
            parts = self._list(self._type)
            if len(parts) != (1 if base == "array" else 2):
                raise UnknownType(self.text)
            return Type(base, parts=tuple(parts))
        if base in ("struct", "row"):
            fields = self._list(self._field)
            return row([t for _, t in fields], [n for n, _ in fields])
        numbers = tuple(int(n) for n in self._list(self._next)) if self._peek() == "(" else ()
        return self._plain(base, numbers)

    def _plain(self, base: str, numbers: tuple[int, ...]) -> Type:
        if base == "decimal":
            precision, scale = (*numbers, 0)[:2] if numbers else (10, 0)
            return decimal(precision, scale)
        if base in ("varchar", "char"):
            return Type(base, numbers or ((1,) if base == "char" else ()))
        if base in ("timestamp", "time") and self._peek().lower() in ("with", "without"):
            words = [self._next().lower() for _ in range(3)]
            zoned = words[0] == "with"
            base = f"{base} with time zone" if zoned else base
        if base in ("timestamp", "time", "timestamp with time zone"):
            return Type(base, numbers or (3,))
        if base not in SIMPLE or numbers:
            raise UnknownType(self.text)
        return SIMPLE[base]

    def _list(self, read: Callable[[], T]) -> list[T]:
        """What stands between brackets, separated by commas."""
        if self._next() not in "<(":
            raise UnknownType(self.text)
        found = [read()]
        while (mark := self._next()) == ",":
            found.append(read())
        if mark not in ">)":
            raise UnknownType(self.text)
        return found

    def _field(self) -> tuple[str, Type]:
        """A row's field; Trino's may have a type only."""
        after = self.words[self.at + 1].lower() if self.at + 1 < len(self.words) else ""
        if after in ("", ",", ")", "(", "<", ">", "with"):
            return "", self._type()
        name = self._next().strip('"`').lower()
        if self._peek() == ":":
            self._next()
        return name, self._type()


def parse(text: str) -> Type:
    """The type that a text names; `UnknownType` where it names none."""
    return Spelling(text).read()
