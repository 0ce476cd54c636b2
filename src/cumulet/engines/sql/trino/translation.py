"""From a query's text to one DuckDB statement with known columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

from cumulet.engines.sql.base import Catalog, Query, SqlError
from cumulet.engines.sql.trino import (
    calls,  # noqa: F401 - registers the kinds of nodes
    casts,  # noqa: F401
    collections,  # noqa: F401
    comparisons,  # noqa: F401
    grammar,
    intervals,  # noqa: F401
    operators,  # noqa: F401
)
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.catalog_tables import parsed
from cumulet.engines.sql.trino.query import Queries
from cumulet.engines.sql.trino.scope import Plan
from cumulet.engines.sql.trino.tables import Read
from cumulet.engines.sql.trino.typed import Typed

PLAIN = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|'(?:[^']|'')*'|true|false|null", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Translation:
    """`sql` gives columns c0, c1, ...; `columns` are their names and types, `written` those that are numbers
    such as 1.20, written out."""

    sql: str
    columns: list[tuple[str, t.Type]]
    reads: list[Read]
    used: set[str]
    hastened: bool = (
        False  # some values have 64 bits only; one that needs more is an overflow error of DuckDB's
    )
    written: frozenset[int] = frozenset()
    timeless: bool = True  # no part of it comes from the moment of the query
    checked: bool = False  # DuckDB's types are known to be those of the columns
    groups: tuple[Callable[[], SqlError | None], ...] = ()  # asked where DuckDB misses a column in GROUP BY


def translate(
    query: Query,
    catalog: Catalog,
    reader: Callable[..., Any],
    constant: Callable[[str], Any],
    *,
    hasty: bool = False,
    tree: Any = None,
) -> Translation:
    text = with_parameters(query.text, query.parameters)
    tree = tree or grammar.query(text)
    plan = Plan(catalog, query.database.lower(), text, query.now, reader, constant, hasty=hasty)
    made = translated(plan, tree)
    if query.target:
        wanted = [(name.lower(), parsed(kind)) for name, kind in query.target]
        made = fitted(made, wanted, query.given)
    return replace(made, sql=f"SELECT * FROM ({made.sql}) AS q LIMIT 0") if query.no_rows else made


def translated(plan: Plan, tree: Any) -> Translation:
    found = Queries(plan).nested(tree)
    written = frozenset(i for i, f in enumerate(found.fields) if f.written)
    columns = [(f.name, f.type) for f in found.fields]
    return Translation(
        found.sql,
        columns,
        plan.reads,
        plan.used,
        bool(plan.hastened),
        written,
        timeless=not plan.moments,
        groups=tuple(plan.groups),
    )


def fitted(made: Translation, wanted: list[tuple[str, t.Type]], named: list[str]) -> Translation:
    """What INSERT selects, as the table's own columns; those that are not named are NULL."""
    given = [each.lower() for each in named] or [name for name, _ in wanted]
    kinds = dict(wanted)
    if unknown := [each for each in given if each not in kinds]:
        raise SqlError(
            "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {unknown[0]}"
        )
    if twice := [each for n, each in enumerate(given) if each in given[:n]]:
        message = f"line 1:1: Insert column name is specified more than once: {twice[0]}"
        raise SqlError("DUPLICATE_COLUMN_NAME", message)
    have = [kind for _, kind in made.columns]
    if len(have) != len(given) or not all(
        assignable(a, kinds[name], i in made.written)
        for i, (a, name) in enumerate(zip(have, given, strict=True))
    ):
        raise SqlError(
            "TYPE_MISMATCH",
            f"line 1:1: Insert query has mismatched column types: Table: "
            f"[{', '.join(str(kinds[each]) for each in given)}], Query: [{', '.join(map(str, have))}]",
        )
    values = {
        name: cast_value(Typed(f"q.c{i}", kind), kinds[name]).sql
        for i, (name, kind) in enumerate(zip(given, have, strict=True))
    }
    shown = (
        f"{values.get(name, f'CAST(NULL AS {kind.duck})')} AS c{i}" for i, (name, kind) in enumerate(wanted)
    )
    return replace(made, sql=f"SELECT {', '.join(shown)} FROM ({made.sql}) AS q", columns=wanted)


def assignable(value: t.Type, wanted: t.Type, written: bool = False) -> bool:
    """Whether INSERT and UPDATE take a value for a column; the names of rows' fields do not matter.

    A number that is written out (1.20) is taken for a decimal or a real, which Athena wants spelt DECIMAL '1.20'. A
    timestamp is taken for a date, as SQLAlchemy's tests have it on Athena.
    """
    if written and (wanted.base == "decimal" or wanted.floating):
        return True
    if value.parts and value.base == wanted.base and len(value.parts) == len(wanted.parts):
        return all(map(assignable, value.parts, wanted.parts))
    return (
        t.fits(value, wanted)
        or (value.textual and wanted.textual)
        or (value.base == "timestamp" and wanted.base == "date")
        or (value.base == wanted.base == "timestamp")
    )


def with_parameters(text: str, parameters: list[str]) -> str:
    """The text with each `?` replaced by the expression given for it."""
    if not parameters and "?" not in text:
        return text
    holes = [token.start for token in grammar.tokens(text) if token.token_type == TokenType.PLACEHOLDER]
    if len(holes) != len(parameters):
        raise SqlError(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(holes)} but found {len(parameters)}",
        )
    for start, given in reversed(list(zip(holes, parameters, strict=True))):
        grammar.expression(given)
        value = given.strip() if PLAIN.fullmatch(given.strip()) else f"({given})"
        text = text[:start] + value + text[start + 1 :]
    return text
