"""OVER: partitions, order and frames; and the functions that only live there.

https://trino.io/docs/current/functions/window.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions
from cumulet.engines.sql.trino.functions.registry import Call
from cumulet.engines.sql.trino.ordering import sort_key
from cumulet.engines.sql.trino.typed import Typed, coerce, unified

RANKINGS = frozenset(
    [
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "cume_dist",
        "ntile",
        "lag",
        "lead",
        "first_value",
        "last_value",
        "nth_value",
    ]
)
COUNTED = ("row_number", "rank", "dense_rank")


def over(to: Expressions, tree: exp.Window) -> str:
    """The window in brackets; a named one is written out."""
    if tree.args.get("first") is not None:
        raise NotSupported("KEEP FIRST")
    tree = resolved(to, tree)
    parts = []
    if tree.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(to(each).sql for each in tree.args["partition_by"]))
    if (order := tree.args.get("order")) is not None:
        parts.append("ORDER BY " + ", ".join(sort_key(each, to(each.this).sql) for each in order.expressions))
    if (spec := tree.args.get("spec")) is not None:
        parts.append(frame(to, spec))
    return f"({' '.join(parts)})"


def resolved(to: Expressions, tree: exp.Window) -> exp.Window:
    """A window with what the named one that it begins with says, whose parts it may add to and not change."""
    named = tree.args.get("alias")
    if named is None:
        return tree
    found = to.windows.get(named.name.lower())
    if found is None:
        raise to.error("INVALID_WINDOW_REFERENCE", tree, f"Cannot resolve WINDOW name {named.name}")
    base, made = resolved(to, found), tree.copy()
    own = [key for key in ("partition_by", "order", "spec") if tree.args.get(key)]
    if own and base.args.get("spec") is not None:
        message = "Cannot reference named window containing frame specification"
        raise to.error("INVALID_WINDOW_REFERENCE", tree, message)
    if "partition_by" in own:
        message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
        raise to.error("INVALID_PARTITION_BY", tree, message)
    if "order" in own and base.args.get("order") is not None:
        message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
        raise to.error("INVALID_ORDER_BY", tree, message)
    for key in ("partition_by", "order", "spec"):
        made.set(key, tree.args.get(key) or base.args.get(key))
    return made


def frame(to: Expressions, tree: exp.WindowSpec) -> str:
    kind = str(tree.args.get("kind")).upper()
    if tree.args.get("exclude"):
        raise NotSupported("EXCLUDE in a window frame")
    start = bound(to, tree.args.get("start"), tree.args.get("start_side"))
    end = (
        bound(to, tree.args.get("end"), tree.args.get("end_side")) if tree.args.get("end") else "CURRENT ROW"
    )
    return f"{kind} BETWEEN {start} AND {end}"


def bound(to: Expressions, value: Any, side: Any) -> str:
    if isinstance(value, str):
        return f"{value} {side}".upper() if side else value.upper()
    return f"{to(value).sql} {str(side).upper()}"


def ranking(call: Call, tail: str) -> Typed:
    nulls = " IGNORE NULLS" if tail.startswith(" IGNORE NULLS") else ""
    tail = tail[len(nulls) :]
    if " FILTER " in tail.partition(" OVER ")[0]:
        raise call.to.error(
            "FUNCTION_NOT_AGGREGATE",
            call.tree,
            f"Filter is only valid for aggregation functions: {call.name}",
        )
    values = call.values()
    if call.name in COUNTED and not values:
        return Typed(f"{call.name}(){tail}", t.BIGINT)
    if call.name in ("percent_rank", "cume_dist") and not values:
        return Typed(f"{call.name}(){tail}", t.DOUBLE)
    if call.name == "ntile" and len(values) == 1:
        return Typed(f"ntile({coerce(values[0], t.BIGINT).sql}){tail}", t.BIGINT)
    if not values or call.name in COUNTED:
        raise call.unexpected(values)
    first, *rest = values
    if rest:
        rest[0] = coerce(rest[0], t.BIGINT)
    if len(rest) == 2:
        first, rest[1] = unified([first, rest[1]], "The value and the default")
    arguments = ", ".join(v.sql for v in (first, *rest))
    return replace(first, sql=f"{call.name}({arguments}{nulls}){tail}", text=None, number=None)
