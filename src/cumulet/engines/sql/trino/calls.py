"""Calls: plain functions, aggregates, windows, and the few that have a grammar of their own."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import HANDLERS, Expressions, node
from cumulet.engines.sql.trino.functions.aggregates import AGGREGATES, Aggregation
from cumulet.engines.sql.trino.functions.registry import FUNCTIONS, SIGNATURES, Call, applied
from cumulet.engines.sql.trino.known import KNOWN
from cumulet.engines.sql.trino.ordering import Known, sort_key
from cumulet.engines.sql.trino.typed import Typed, coerce, guarded, quote
from cumulet.engines.sql.trino.windows import RANKINGS, over, ranking

for _theme in (
    "arrays",
    "bits",
    "conditional",
    "date_patterns",
    "dates",
    "iso8601",
    "formatting",
    "geospatial",
    "json",
    "math",
    "merging",
    "regexps",
    "scalars",
    "sequences",
    "sql_json",
    "strings",
):
    importlib.import_module(f"cumulet.engines.sql.trino.functions.{_theme}")

LONGEST = 1_048_576  # bytes that listagg gives
HANDLERS[Known] = lambda to, tree: tree.this


@node(exp.Anonymous)
def call(to: Expressions, tree: exp.Anonymous) -> Typed:
    return invoked(to, tree, tree, "")


def invoked(to: Expressions, tree: exp.Expr, function: Any, tail: str) -> Typed:
    """A call by name. `tail` holds FILTER and OVER, which only aggregates and rankings take."""
    if not isinstance(function, (exp.Anonymous, exp.GroupConcat)):
        raise NotSupported(f"{to.at(tree)}: {type(function).__name__} here")
    name = str(function.this).lower() if isinstance(function, exp.Anonymous) else "listagg"
    if name in AGGREGATES or name == "listagg":
        return aggregated(to, function, name, tail)
    if name in RANKINGS and " OVER " in tail:
        return ranking(Call(to, function, name, function.expressions), tail)
    if tail:
        raise to.error(
            "FUNCTION_NOT_AGGREGATE" if "FILTER" in tail else "FUNCTION_NOT_WINDOW",
            function,
            f"{name} is not a window or aggregate function",
        )
    if name == "grouping":
        return grouping(to, function)
    handler = FUNCTIONS.get(name)
    if handler is None:
        raise unknown(to, function, name)
    plain = [
        each for each in function.expressions if not isinstance(each, (exp.Distinct, exp.Order, exp.Star))
    ]
    if len(plain) != len(function.expressions):
        raise to.error("FUNCTION_NOT_AGGREGATE", function, f"{name} is not an aggregate function")
    try:
        return handler(Call(to, function, name, plain))
    except (IndexError, ValueError) as error:
        if isinstance(error, ValueError) and "unpack" not in str(error):
            raise
        raise Call(to, function, name, plain).unexpected(
            [to(each) for each in plain if not isinstance(each, exp.Lambda)]
        ) from None


def unknown(to: Expressions, tree: exp.Expr, name: str) -> Exception:
    if name in KNOWN:
        return NotSupported(f"{to.at(tree)}: the function {name}")
    return to.error("FUNCTION_NOT_FOUND", tree, f"Function '{name}' not registered")


def aggregated(to: Expressions, tree: Any, name: str, tail: str) -> Typed:
    if not to.aggregates:
        raise to.error(
            "EXPRESSION_NOT_SCALAR",
            tree,
            f"'{name}' is an aggregate function and cannot stand here: WHERE, GROUP BY, "
            "JOIN conditions and lambdas take none",
        )
    inner = replace(to, aggregates=" OVER " in tail)
    if name == "listagg":
        return replace(listagg(inner, tree, tail), cost=True)
    arguments, order, distinct = list(tree.expressions), "", ""
    star = len(arguments) == 1 and isinstance(arguments[0], exp.Star)
    if arguments and isinstance(arguments[-1], exp.Order):
        order = " ORDER BY " + ", ".join(
            sort_key(each, inner(each.this).sql) for each in arguments[-1].expressions
        )
        arguments[-1] = arguments[-1].this
    if arguments and isinstance(arguments[0], exp.Distinct):
        distinct, arguments = "DISTINCT ", arguments[0].expressions
    values = [] if star else [inner(each) for each in arguments if not isinstance(each, exp.Lambda)]
    found = AGGREGATES[name](
        Aggregation(Call(inner, tree, name, arguments), values, distinct, order, tail, star)
    )
    return replace(found, cost=True)


@node(exp.GroupConcat)
def group_concat(to: Expressions, tree: exp.GroupConcat) -> Typed:
    return invoked(to, tree, tree, "")


def listagg(to: Expressions, tree: exp.GroupConcat, tail: str) -> Typed:
    value, order, distinct = tree.this, "", ""
    if isinstance(value, exp.Order):
        order = " ORDER BY " + ", ".join(sort_key(each, to(each.this).sql) for each in value.expressions)
        value = value.this
    if isinstance(value, exp.Distinct):
        distinct, value = "DISTINCT ", value.expressions[0]
    separator = to(tree.args["separator"]).sql if tree.args.get("separator") else "''"
    found = to(value)
    if found.type.base != "varchar":
        raise to.mismatch(tree, f"Unexpected parameters ({found.type}) for function listagg")
    joined = f"string_agg({distinct}{found.sql}, {separator}{order}){tail}"
    return Typed(guarded(f"strlen({joined}) > {LONGEST}", *overflow(tree), joined, t.VARCHAR), t.VARCHAR)


def overflow(tree: exp.GroupConcat) -> tuple[str, str]:
    """What is too long is an error; where it should be cut off (ON OVERFLOW TRUNCATE), one of ours."""
    if isinstance(tree.args.get("on_overflow"), exp.OverflowTruncateBehavior):
        return "NOT_SUPPORTED", "'LISTAGG ON OVERFLOW TRUNCATE of a text that is too long'"
    message = f"Concatenated string has the length in bytes larger than the maximum output length {LONGEST}"
    return "EXCEEDED_FUNCTION_MEMORY_LIMIT", quote(message)


@node(exp.Filter)
def filtered(to: Expressions, tree: exp.Filter) -> Typed:
    return invoked(to, tree, tree.this, filter_tail(to, tree))


def filter_tail(to: Expressions, tree: exp.Filter) -> str:
    condition = replace(to, aggregates=False).boolean(tree.expression.this, "Filter expression")
    return f" FILTER (WHERE {condition.sql})"


@node(exp.Window)
def windowed(to: Expressions, tree: exp.Window) -> Typed:
    """fn(...) [FILTER (...)] [IGNORE NULLS] OVER (...)."""
    if not to.aggregates:
        raise to.error(
            "EXPRESSION_NOT_SCALAR",
            tree,
            "Window functions cannot stand in WHERE, GROUP BY, HAVING or JOIN conditions",
        )
    function, nulls, tail = tree.this, "", ""
    if isinstance(function, (exp.IgnoreNulls, exp.RespectNulls)):
        nulls = " IGNORE NULLS" if isinstance(function, exp.IgnoreNulls) else ""
        function = function.this
    if isinstance(function, exp.Filter):
        tail, function = filter_tail(to, function), function.this
    found = invoked(to, tree, function, f"{nulls}{tail} OVER {over(to, tree)}")
    return replace(found, cost=True)


def grouping(to: Expressions, tree: exp.Expr) -> Typed:
    values = [to(each) for each in tree.expressions]
    return Typed(f"CAST(GROUPING({', '.join(v.sql for v in values)}) AS INTEGER)", t.INTEGER, cost=True)


@node(exp.StrPosition)
def position(to: Expressions, tree: exp.StrPosition) -> Typed:
    """POSITION(a IN b)."""
    return special(to, tree, "strpos", [tree.this, tree.args["substr"]])


@node(exp.Trim)
def trim(to: Expressions, tree: exp.Trim) -> Typed:
    """TRIM([[LEADING | TRAILING | BOTH] [characters] FROM] text)."""
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(str(tree.args.get("position") or "").upper(), "trim")
    characters = [tree.expression] if tree.expression else []
    return special(to, tree, name, [tree.this, *characters])


def special(to: Expressions, tree: exp.Expr, name: str, arguments: list[Any]) -> Typed:
    made = Call(to, tree, name, arguments)
    return applied(made, [to(each) for each in arguments], SIGNATURES[name])


__all__ = ["call", "coerce"]
