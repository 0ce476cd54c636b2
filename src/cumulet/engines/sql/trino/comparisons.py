"""Comparisons and logic: which types may meet, and what NULL makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import equality
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.nan import compared, ordinary
from cumulet.engines.sql.trino.typed import Typed, coerce, met
from cumulet.engines.sql.trino.types import Type

COMPARISONS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}


@node(*COMPARISONS)
def comparison(to: Expressions, tree: Any) -> Typed:
    sign = COMPARISONS[type(tree)]
    if isinstance(tree.expression, (exp.Any, exp.All)):
        return quantified(to, tree, sign)
    one, other = pair(to, tree, tree.this, tree.expression, sign)
    if one.type.parts:
        same = equality.of(one.sql, other.sql, one.type)
        return Typed(same if sign == "=" else f"(NOT {same})", t.BOOLEAN)
    return Typed(compared(one, sign, other), t.BOOLEAN)


def pair(to: Expressions, tree: exp.Expr, left: exp.Expr, right: exp.Expr, sign: str) -> tuple[Typed, Typed]:
    one, other = met(to(left), to(right))
    kind = instants(one.type, other.type) or t.common(one.type, other.type)
    if kind is None or not kind.comparable:
        raise to.mismatch(tree, f"Cannot apply operator: {one.type} {sign} {other.type}")
    if sign not in ("=", "<>") and not kind.orderable:
        raise to.mismatch(tree, f"Cannot apply operator: {one.type} {sign} {other.type}")
    if kind.parts and sign not in ("=", "<>"):
        raise NotSupported(f"{to.at(tree)}: {sign} on {kind}")
    if kind.base == "timestamp with time zone" and one.type.base == other.type.base:
        return replace(one, sql=one.instant or one.sql), replace(other, sql=other.instant or other.sql)
    if kind.floating:
        return ordinary(one, kind), ordinary(other, kind)
    return coerce(one, kind), coerce(other, kind)


def instants(one: Type, other: Type) -> Type | None:
    """Timestamps with zones compare as instants, whatever their zones are."""
    return one if one.base == other.base == "timestamp with time zone" else None


def quantified(to: Expressions, tree: Any, sign: str) -> Typed:
    """a = ANY (query), a > ALL (query)."""
    which = "ANY" if isinstance(tree.expression, exp.Any) else "ALL"
    value, found = to(tree.this), to.queries.nested(tree.expression.this, to.scope)
    if len(found.fields) != 1:
        raise to.mismatch(
            tree, f"Multiple columns returned by subquery are not yet supported. Found {len(found.fields)}"
        )
    if t.common(value.type, found.fields[0].type) is None:
        raise to.mismatch(tree, f"Cannot apply operator: {value.type} {sign} {found.fields[0].type}")
    return Typed(f"({value.sql} {sign} {which} ({found.sql}))", t.BOOLEAN)


@node(exp.NullSafeEQ, exp.NullSafeNEQ)
def distinct_from(to: Expressions, tree: Any) -> Typed:
    one, other = pair(to, tree, tree.this, tree.expression, "=")
    words = "IS DISTINCT FROM" if isinstance(tree, exp.NullSafeNEQ) else "IS NOT DISTINCT FROM"
    return Typed(f"({one.sql} {words} {other.sql})", t.BOOLEAN)


@node(exp.Is)
def is_null(to: Expressions, tree: exp.Is) -> Typed:
    if not isinstance(tree.expression, exp.Null):
        raise to.error(
            "SYNTAX_ERROR", tree, "mismatched input after IS. Expecting: 'DISTINCT', 'NOT', 'NULL'"
        )
    return Typed(f"({to(tree.this).sql} IS NULL)", t.BOOLEAN)


@node(exp.Between)
def between(to: Expressions, tree: exp.Between) -> Typed:
    low = pair(to, tree, tree.this, tree.args["low"], ">=")
    high = pair(to, tree, tree.this, tree.args["high"], "<=")
    if tree.args.get("symmetric"):
        raise NotSupported("BETWEEN SYMMETRIC")
    above = compared(replace(low[0], finite=low[0].finite or high[1].finite), ">=", low[1])
    return Typed(f"({above} AND {compared(high[0], '<=', high[1])})", t.BOOLEAN)


@node(exp.In)
def within(to: Expressions, tree: exp.In) -> Typed:
    if (query := tree.args.get("query")) is not None:
        return within_query(to, tree, query)
    if len(tree.expressions) == 1 and isinstance(tree.expressions[0], exp.Values):
        return within_query(to, tree, tree.expressions[0])
    if tree.args.get("unnest") or tree.args.get("field"):
        raise NotSupported(f"{to.at(tree)}: this form of IN")
    value = to(tree.this)
    items = [met(value, to(each))[1] for each in tree.expressions]
    values = to.unite([value, *items], tree.this, "IN value and list items")
    return Typed(f"({values[0].sql} IN ({', '.join(v.sql for v in values[1:])}))", t.BOOLEAN)


def within_query(to: Expressions, tree: exp.In, query: exp.Expr) -> Typed:
    value, found = to(tree.this), to.queries.nested(query, to.scope)
    wanted = value.type.parts if value.type.base == "row" else (value.type,)
    kinds = [t.common(w, f.type) for w, f in zip(wanted, found.fields, strict=False)]
    if len(wanted) != len(found.fields) or None in kinds:
        shown = found.fields[0].type if len(found.fields) == 1 else t.row([f.type for f in found.fields])
        raise to.mismatch(
            tree,
            f"value and result of subquery must be of the same type for IN expression: {value.type} vs {shown}",
        )
    if value.type.base == "row":
        raise NotSupported(f"{to.at(tree)}: IN with a row of columns and a subquery")
    kind = kinds[0]
    assert kind is not None
    inner = f"SELECT CAST(c0 AS {kind.duck}) FROM ({found.sql}) AS {to.plan.alias('s')}(c0)"
    return Typed(f"({coerce(value, kind).sql} IN ({inner}))", t.BOOLEAN)


@node(exp.And, exp.Or)
def logic(to: Expressions, tree: Any) -> Typed:
    word = "AND" if isinstance(tree, exp.And) else "OR"
    sides = [to.boolean(side, "Logical expression term") for side in chain(tree, type(tree))]
    return Typed("(" + f" {word} ".join(side.sql for side in sides) + ")", t.BOOLEAN)


def chain(tree: exp.Expr, kind: type[exp.Expr]) -> list[exp.Expr]:
    """a AND b AND c as a list: long chains must not become deep recursion."""
    found, rest = [], tree
    while type(rest) is kind:
        found.append(rest.args["expression"])
        rest = rest.this
    return [rest, *reversed(found)]


@node(exp.Not)
def negation(to: Expressions, tree: exp.Not) -> Typed:
    return Typed(f"(NOT {to.boolean(tree.this, 'Value of logical NOT expression').sql})", t.BOOLEAN)


@node(exp.Like)
def like(to: Expressions, tree: exp.Like) -> Typed:
    return matched(to, tree, "")


@node(exp.Escape)
def like_escape(to: Expressions, tree: exp.Escape) -> Typed:
    if not isinstance(tree.this, exp.Like):
        raise NotSupported(f"{to.at(tree)}: ESCAPE here")
    escape = to(tree.expression)
    if escape.text is None or len(escape.text) != 1:
        raise to.error("INVALID_FUNCTION_ARGUMENT", tree, "Escape string must be a single character")
    return matched(to, tree.this, f" ESCAPE {escape.sql}")


def matched(to: Expressions, tree: exp.Like, escape: str) -> Typed:
    value, pattern = to(tree.this), to(tree.expression)
    if value.type.base == "char":
        value = cast_value(value, t.VARCHAR)  # with the spaces at its end
    for each, what in ((value, "Left side"), (pattern, "Pattern for")):
        if each.type.base not in ("varchar", "unknown"):
            raise to.mismatch(
                tree, f"{what} of LIKE expression must evaluate to a varchar (actual: {each.type})"
            )
    return Typed(f"({coerce(value, t.VARCHAR).sql} LIKE {coerce(pattern, t.VARCHAR).sql}{escape})", t.BOOLEAN)
