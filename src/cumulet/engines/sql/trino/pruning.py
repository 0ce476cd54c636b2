"""Which partitions can hold wanted rows: the conditions of WHERE that only partition keys decide.

What is found here narrows the list of files; the condition itself is still evaluated on every row, so
leaving one out costs time and never rows.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from cumulet.engines.sql.trino.comparisons import COMPARISONS, chain

TYPED = (exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP)
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def conditions(where: exp.Expr | None, keys: set[str], qualifiers: set[str]) -> list[dict[str, Any]]:
    """The simple conditions on partition keys that every wanted row fulfils."""
    if where is None:
        return []
    found = []
    for each in terms(where):
        if (condition := simple(each, keys, qualifiers)) is not None:
            found.append(condition)
    return found


def terms(where: exp.Expr) -> list[exp.Expr]:
    where = where.this if isinstance(where, exp.Paren) else where
    if not isinstance(where, exp.And):
        return [where]
    return [term for side in chain(where, exp.And) for term in terms(side)]


def simple(tree: Any, keys: set[str], qualifiers: set[str]) -> dict[str, Any] | None:
    if isinstance(tree, exp.In) and not tree.args.get("query") and tree.expressions:
        values = [constant(each) for each in tree.expressions]
        column = key_of(tree.this, keys, qualifiers)
        return (
            {"column": column, "operator": "in", "values": values} if column and None not in values else None
        )
    sign = COMPARISONS.get(type(tree))
    if sign is None:
        return None
    column, value = key_of(tree.this, keys, qualifiers), constant(tree.expression)
    if column is None:
        column, value, sign = key_of(tree.expression, keys, qualifiers), constant(tree.this), FLIPPED[sign]
    return {"column": column, "operator": sign, "values": [value]} if column and value is not None else None


def key_of(tree: Any, keys: set[str], qualifiers: set[str]) -> str | None:
    if not isinstance(tree, exp.Column) or tree.name.lower() not in keys:
        return None
    table = tree.args.get("table")
    return tree.name.lower() if table is None or table.name.lower() in qualifiers else None


def constant(tree: Any) -> str | None:
    """A literal's text; a typed literal (DATE '2020-01-01') counts too."""
    if isinstance(tree, exp.Neg) and isinstance(tree.this, exp.Literal) and not tree.this.is_string:
        return f"-{tree.this.this}"
    if isinstance(tree, exp.Cast) and tree.args["to"].this in TYPED:
        return constant(tree.this)
    if isinstance(tree, exp.Boolean):
        return str(tree.this).lower()
    return str(tree.this) if isinstance(tree, exp.Literal) else None
