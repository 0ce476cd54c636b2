"""WITH RECURSIVE, unrolled as Trino unrolls it: the base, ten steps, and one more that must give nothing.

Every step reads the rows of the one before, and UNION without ALL drops duplicates at the very end only, so
that the rows are Trino's where DuckDB's own recursion would give others.
https://trino.io/docs/current/sql/select.html#with-recursive-clause
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.grammar import place, start_of
from cumulet.engines.sql.trino.scope import Relation, Scope
from cumulet.engines.sql.trino.typed import Typed, coerce, fail

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.query import Queries

DEPTH = 10
EXCEEDED = f"Recursion depth limit exceeded ({DEPTH}). Use 'max_recursion_depth' session property to modify the limit."
Columns = list[tuple[str, t.Type]]


def references(tree: exp.Expr, name: str) -> int:
    return sum(
        not each.args.get("db") and each.name.lower() == name
        for each in tree.find_all(exp.Table)
        if isinstance(each.this, exp.Identifier)
    )


def recursive(tree: exp.CTE) -> bool:
    """A union whose second side names the query itself."""
    return (
        isinstance(tree.this, exp.Union) and references(tree.this, tree.args["alias"].this.name.lower()) > 0
    )


def unrolled(queries: Queries, tree: exp.CTE, outer: Scope | None) -> tuple[list[str], str, Columns]:
    """The WITH queries that it takes, what the last of them is called, and its columns."""
    union: Any = tree.this
    name = tree.args["alias"].this.name.lower()
    check(queries, tree, union, name)
    base = queries.nested(union.this, outer)
    columns = named(queries, tree, base)
    called = [queries.plan.alias("w") for _ in range(DEPTH + 3)]
    parts = [f"{called[0]} AS MATERIALIZED ({base.sql})"]
    for before, each in pairwise(called[:-1]):
        step = queries.seeing(name, before, columns).nested(union.expression, outer)
        parts.append(f"{each} AS MATERIALIZED ({fitted(queries, tree, step, columns)})")
    together = whole(called[:-2], called[-2], columns, bool(union.args.get("distinct")))
    parts.append(f"{called[-1]} AS ({together})")
    return parts, called[-1], columns


def check(queries: Queries, tree: exp.CTE, union: Any, name: str) -> None:
    if not tree.args["alias"].columns:
        raise problem(
            queries, tree, "MISSING_COLUMN_ALIASES", "missing column aliases in recursive WITH query"
        )
    if references(union.this, name):
        raise problem(
            queries,
            tree,
            "INVALID_RECURSIVE_REFERENCE",
            "WITH table name is referenced in the base relation of recursion",
        )
    if references(union.expression, name) > 1:
        raise problem(
            queries,
            tree,
            "INVALID_RECURSIVE_REFERENCE",
            "multiple recursive references in the step relation of recursion",
        )


def named(queries: Queries, tree: exp.CTE, base: Relation) -> Columns:
    alias = tree.args["alias"]
    if len(alias.columns) != len(base.fields):
        raise queries._aliases(alias, len(alias.columns), len(base.fields))
    return [(each.name, field.type) for each, field in zip(alias.columns, base.fields, strict=True)]


def fitted(queries: Queries, tree: exp.CTE, step: Relation, columns: Columns) -> str:
    """The step's rows in the types of the base."""
    given = [field.type for field in step.fields]
    wanted = [kind for _, kind in columns]
    if len(given) != len(wanted) or not all(map(t.fits, given, wanted)):
        raise problem(
            queries,
            tree,
            "TYPE_MISMATCH",
            f"recursion step relation output types ({', '.join(map(str, given))}) are not coercible to recursion "
            f"base relation output types ({', '.join(map(str, wanted))})",
        )
    values = (coerce(Typed(f"s.c{i}", a), b).sql for i, (a, b) in enumerate(zip(given, wanted, strict=True)))
    return f"SELECT {', '.join(f'{value} AS c{i}' for i, value in enumerate(values))} FROM ({step.sql}) AS s"


def whole(steps: list[str], last: str, columns: Columns, distinct: bool) -> str:
    """All steps together; a row of the last one is the error. Its text depends on the row: else it would be
    raised while DuckDB plans."""
    first = columns[0][1]
    message = f"'{EXCEEDED.replace(chr(39), chr(39) * 2)}' || coalesce(left(CAST(c0 AS VARCHAR), 0), '')"
    failing = [f"{fail('NOT_SUPPORTED', message, first)} AS c0", *(f"c{i}" for i in range(1, len(columns)))]
    sides = [f"SELECT * FROM {each}" for each in steps] + [f"SELECT {', '.join(failing)} FROM {last}"]
    every = " UNION ALL ".join(sides)
    return f"SELECT DISTINCT * FROM ({every}) AS u" if distinct else every


def problem(queries: Queries, tree: exp.Expr, name: str, message: str) -> SqlError:
    return SqlError(name, f"line {place(queries.plan.text, start_of(tree))}: {message}")
