"""From a query's text to one DuckDB statement with known columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot.tokens import TokenType

from cumulet.engines.sql.base import Catalog, Query, SqlError
from cumulet.engines.sql.trino import (
    calls,  # noqa: F401 - registers the kinds of nodes
    casts,  # noqa: F401
    grammar,
    operators,  # noqa: F401
)
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.query import Queries
from cumulet.engines.sql.trino.scope import Plan
from cumulet.engines.sql.trino.tables import Read

PLAIN = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|'(?:[^']|'')*'|true|false|null", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Translation:
    """`sql` gives columns c0, c1, ...; `columns` are their names and types."""

    sql: str
    columns: list[tuple[str, t.Type]]
    reads: list[Read]
    used: set[str]


def translate(query: Query, catalog: Catalog, reader: Callable[..., Any]) -> Translation:
    text = with_parameters(query.text, query.parameters)
    tree = grammar.query(text)
    plan = Plan(catalog, query.database.lower(), text, query.now, reader)
    found = Queries(plan).nested(tree)
    return Translation(found.sql, [(f.name, f.type) for f in found.fields], plan.reads, plan.used)


def with_parameters(text: str, parameters: list[str]) -> str:
    """The text with each `?` replaced by the expression given for it."""
    holes = [token.start for token in grammar.tokens(text) if token.token_type == TokenType.PLACEHOLDER]
    if len(holes) != len(parameters):
        raise SqlError("INVALID_PARAMETER_USAGE", f"line 1:1: Incorrect number of parameters: expected {len(holes)} but found {len(parameters)}")
    for start, given in reversed(list(zip(holes, parameters, strict=True))):
        grammar.expression(given)
        value = given.strip() if PLAIN.fullmatch(given.strip()) else f"({given})"
        text = text[:start] + value + text[start + 1 :]
    return text
