"""The casts by the type that they lead to: each of these modules registers its own."""

from __future__ import annotations

from collections.abc import Callable

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.typed import Typed, cast, fail, quote
from cumulet.engines.sql.trino.types import Type

Cast = Callable[[str, Type, Type], str]  # the value's SQL, its type, the type that it is to have
CASTS: dict[str, Cast] = {}


def leads_to(*bases: str) -> Callable[[Cast], Cast]:
    """Register the casts to some types."""

    def register(found: Cast) -> Cast:
        CASTS.update(dict.fromkeys(bases, found))
        return found

    return register


def cast_value(value: Typed, kind: Type) -> Typed:
    """A value in another type by an explicit cast; TYPE_MISMATCH where Trino has no such cast."""
    return Typed(
        cast_sql(value.sql, value.type, kind),
        kind,
        text=value.text if kind.textual and not kind.numbers else None,
        number=value.number if kind.integral else None,
        cost=value.cost,
    )


def cast_sql(sql: str, source: Type, kind: Type) -> str:
    if source == kind:
        return sql
    if source == t.UNKNOWN:
        return cast("NULL", kind)
    if source.base == "json" and kind.base not in ("json", "varchar"):
        return CASTS["from json"](sql, source, kind)
    if kind.base not in CASTS:
        raise refused(source, kind)
    return CASTS[kind.base](sql, source, kind)


def refused(source: Type, kind: Type) -> SqlError:
    return SqlError("TYPE_MISMATCH", f"Cannot cast {source} to {kind}")


def checked(sql: str, pattern: str, message: str, kind: Type) -> str:
    """A text that must look as Trino wants it: DuckDB's own casts are more lenient."""
    bad = fail("INVALID_CAST_ARGUMENT", message, kind)
    return (
        f"(CASE WHEN {sql} IS NULL THEN NULL WHEN regexp_matches({sql}, {quote(pattern)}) AND "
        f"TRY_CAST(trim({sql}) AS {kind.duck}) IS NOT NULL THEN CAST(trim({sql}) AS {kind.duck}) ELSE {bad} END)"
    )
