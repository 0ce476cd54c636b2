"""ORDER BY, LIMIT, OFFSET and FETCH FIRST."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino.typed import Typed

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.expression import Expressions

Items = list[tuple[str, Typed]]  # the output columns: name and what stands behind it


def finished(to: Expressions, tree: Any, items: Items, select: Callable[[str], str]) -> str:
    """A SELECT with what stands behind it; `select` gives it with more columns after its own."""
    limit = tree.args.get("limit")
    options = limit.args.get("limit_options") if isinstance(limit, exp.Fetch) else None
    if options is not None and options.args.get("with_ties"):
        return with_ties(to, tree, items, select)
    return select("") + ordering(to, tree.args.get("order"), items) + limits(to, tree)


def with_ties(to: Expressions, tree: Any, items: Items, select: Callable[[str], str]) -> str:
    """FETCH FIRST n ROWS WITH TIES: the rows in places up to n, and those that rank as the last of them does."""
    order = tree.args.get("order")
    if order is None:
        raise to.error("MISSING_ORDER_BY", tree, "FETCH FIRST WITH TIES clause requires ORDER BY")
    found = [sort_value(to, each.this, items) for each in order.expressions]
    more = "".join(f", {sql} AS k{i}" for i, sql in enumerate(found) if not sql.isdigit())
    if more and isinstance(tree, exp.Select) and tree.args.get("distinct"):
        message = "For SELECT DISTINCT, ORDER BY expressions must appear in select list"
        raise to.error("EXPRESSION_NOT_IN_DISTINCT", tree, message)
    named = [f"c{int(sql) - 1}" if sql.isdigit() else f"k{i}" for i, sql in enumerate(found)]
    keys = ", ".join(sort_key(each, sql) for each, sql in zip(order.expressions, named, strict=True))
    limit, offset = tree.args["limit"], tree.args.get("offset")
    amount = count_of(to, limit.args["count"]) if limit.args.get("count") is not None else 1
    skipped = count_of(to, offset.expression) if offset is not None else 0
    ranked = (
        f"SELECT *, row_number() OVER (ORDER BY {keys}) AS place, rank() OVER (ORDER BY {keys}) AS ties "
        f"FROM ({select(more)}) AS f"
    )
    return (
        f"SELECT {', '.join(f'c{i}' for i in range(len(items)))} FROM ({ranked}) AS g "
        f"WHERE place > {skipped} AND ties <= {skipped + amount} ORDER BY place"
    )


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
        if options is not None and options.args.get("percent"):
            raise NotSupported("FETCH FIRST with PERCENT")
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
