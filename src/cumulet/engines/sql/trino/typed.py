"""A piece of DuckDB SQL whose Trino type is known, and how one is made to fit another type."""

from __future__ import annotations

from dataclasses import dataclass

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino.types import Type, array, common, fits

DISTINCT_DIGITS = 15  # decimals of so many digits that differ are different doubles, too


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression. `text` is its value where it is a string literal, `number` where it is an integer, `exact`
    the decimal that a number such as 1.20, which is a double, was written as."""

    sql: str
    type: Type
    text: str | None = None
    number: int | None = None
    cost: bool = False  # holds an aggregate or a window call
    exact: Typed | None = None
    finite: bool = False  # a double that cannot be NaN
    query: str | None = None  # of a subquery, which gives one column: what stands in its brackets
    instant: str | None = None  # of a timestamp whose zone rows tell, where the wall clock does not matter


def quote(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(text: str) -> str:
    """A name as a SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def cast(sql: str, kind: Type) -> str:
    return f"CAST({sql} AS {kind.duck})"


def trimmed(sql: str, kind: Type) -> str:
    """A text as a char(n), which is held without the spaces at its end."""
    return f"rtrim(left({sql}, {kind.numbers[0]}), ' ')"


def fail(error: str, message: str, kind: Type) -> str:
    """An expression that ends the query with a Trino error; TRY turns it into NULL.

    `message` is SQL of type VARCHAR. DuckDB's own error() is volatile and so barred from TRY: hence a cast
    that cannot succeed, whose text `execution` takes apart again.
    """
    raised = f"CAST('trino:{error}:' || ({message}) || ':trino' AS INTEGER)"
    return f"CAST(CAST({raised} AS VARCHAR) AS {kind.duck})"


def guarded(condition: str, error: str, message: str, value: str, kind: Type) -> str:
    """A value, or the error where the condition holds."""
    return f"(CASE WHEN {condition} THEN {fail(error, message, kind)} ELSE {value} END)"


def coerce(value: Typed, wanted: Type) -> Typed:
    """A value in a wider type that Trino lets it stand for."""
    if value.type == wanted:
        return value
    if value.type.base == wanted.base and not value.type.parts:
        if value.type.zone != wanted.zone:
            raise NotSupported("Mixing time zones in one expression")
        if value.type.duck == wanted.duck:
            return Typed(value.sql, wanted, value.text, value.number, value.cost)
    if wanted.base == "timestamp with time zone" and wanted.zone != "UTC":
        raise NotSupported("Mixing timestamps with and without time zone")
    if wanted.base == "char":
        return Typed(trimmed(value.sql, wanted), wanted, cost=value.cost)
    return Typed(cast(value.sql, wanted), wanted, value.text, value.number, value.cost)


def met(one: Typed, other: Typed) -> list[Typed]:
    """Two values that are compared: where one is a decimal, a number that is written out is a decimal, too.

    The answer is that of doubles (Athena's), without a cast of every row; and `0.06 + 0.01` is 0.07 there.
    """
    if narrow(one) and other.exact and narrow(other.exact):
        return [one, other.exact]
    if narrow(other) and one.exact and narrow(one.exact):
        return [one.exact, other]
    return [one, other]


def narrow(value: Typed) -> bool:
    return value.type.base == "decimal" and value.type.numbers[0] <= DISTINCT_DIGITS


def unified(values: list[Typed], what: str) -> list[Typed]:
    """Values brought to the type that all of them fit into."""
    kind = values[0].type
    for value in values[1:]:
        found = common(kind, value.type)
        if found is None:
            raise SqlError(
                "TYPE_MISMATCH",
                f"{what} must be the same type or coercible to a common type. "
                f"Cannot find common type between {kind} and {value.type}",
            )
        kind = found
    return [coerce(value, kind) for value in values]


def bind(pattern: Type, given: Type, bound: dict[str, Type]) -> bool:
    """Match a signature's type, which may have variables (T, K, V), with an argument's."""
    if pattern.base in bound or pattern.base in VARIABLES:
        known = bound.get(pattern.base)
        found = given if known is None else common(known, given)
        if found is not None:
            bound[pattern.base] = found
        return found is not None
    if given.base == "unknown":
        return True
    if pattern.parts:
        return pattern.base == given.base and all(
            bind(p, g, bound) for p, g in zip(pattern.parts, given.parts, strict=True)
        )
    if pattern.base == "decimal" and not pattern.numbers:
        return given.base == "decimal"
    return fits(given, pattern)


VARIABLES = frozenset({"T", "U", "K", "V", "E"})


def filled(pattern: Type, bound: dict[str, Type]) -> Type:
    """A signature's type with its variables replaced."""
    if pattern.base in VARIABLES:
        return bound[pattern.base]
    if pattern.parts:
        return Type(
            pattern.base, pattern.numbers, tuple(filled(p, bound) for p in pattern.parts), pattern.names
        )
    return pattern


__all__ = [
    "Typed",
    "array",
    "bind",
    "cast",
    "coerce",
    "fail",
    "filled",
    "guarded",
    "name",
    "quote",
    "unified",
]
