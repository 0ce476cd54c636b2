"""ORDER BY, LIMIT, OFFSET and FETCH FIRST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino.typed import Typed

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.expression import Expressions

Items = list[tuple[str, Typed]]  # the output columns: name and what stands behind it


def ordering(to: Expressions, clause: exp.Order | None, items: Items) -> str:
    """An ORDER BY over a query's output: by place, by output name, or by any expression."""
    if clause is None:
        return ""
    return " ORDER BY " + ", ".join(ordered(to, each, items) for each in clause.expressions)


def ordered(to: Expressions, tree: Any, items: Items) -> str:
    return sort_key(tree, sort_value(to, tree.this, items))


def sort_key(tree: Any, sql: str) -> str:
    """NULLS LAST is Trino's default in both directions."""
    if tree.args.get("with_fill"):
        raise NotSupported("WITH FILL")
    direction = "DESC" if tree.args.get("desc") else "ASC"
    return f"{sql} {direction} NULLS {'FIRST' if tree.args.get('nulls_first') else 'LAST'}"


def sort_value(to: Expressions, tree: exp.Expr, items: Items) -> str:
    if isinstance(tree, exp.Literal) and not tree.is_string:
        place = int(tree.this)
        if not 1 <= place <= len(items):
            raise to.error(
                "INVALID_COLUMN_REFERENCE", tree, f"ORDER BY position {place} is not in select list"
            )
        return str(place)
    value = to(with_outputs(tree, items))
    if not value.type.orderable and value.type.base != "unknown":
        raise to.mismatch(
            tree, f"Type {value.type} is not orderable, and therefore cannot be used in ORDER BY: {tree}"
        )
    places = [i for i, (_, item) in enumerate(items, 1) if item.sql == value.sql]
    return str(places[0]) if places else value.sql


def with_outputs(tree: exp.Expr, items: Items) -> exp.Expr:
    """Output names win over the source's columns in ORDER BY."""
    tree = tree.copy()

    def put(each: exp.Expr) -> exp.Expr:
        if isinstance(each, exp.Column) and not each.args.get("table"):
            found = [value for label, value in items if label.lower() == each.name.lower()]
            if len({value.sql for value in found}) > 1:
                raise SqlError("AMBIGUOUS_NAME", f"Column '{each.name}' is ambiguous")
            if found:
                return Known(this=found[0])
        return each

    return tree.transform(put, copy=False)


class Known(exp.Expression):
    """A value translated already, put back into a tree."""


def limits(to: Expressions, tree: Any) -> str:
    """OFFSET and LIMIT in DuckDB's order; LIMIT ALL is none."""
    sql = ""
    limit, offset = tree.args.get("limit"), tree.args.get("offset")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise NotSupported("FETCH FIRST with PERCENT or WITH TIES")
        amount = limit.args.get("count")
        sql += f" LIMIT {count_of(to, amount) if amount is not None else 1}"
    elif limit is not None and not (
        isinstance(limit.expression, exp.Var) and limit.expression.name.upper() == "ALL"
    ):
        sql += f" LIMIT {count_of(to, limit.expression)}"
    if offset is not None:
        sql += f" OFFSET {count_of(to, offset.expression)}"
    return sql


def count_of(to: Expressions, tree: exp.Expr) -> int:
    value = to(tree)
    if value.number is None:
        raise to.error("SYNTAX_ERROR", tree, f"mismatched input '{tree}'. Expecting: 'ALL', '?', <integer>")
    if value.number < 0:
        raise to.error(
            "INVALID_LIMIT_CLAUSE",
            tree,
            f"LIMIT row count must be greater or equal to 0 (actual value: {value.number})",
        )
    return value.number
