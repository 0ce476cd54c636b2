"""Arithmetic, by Trino's rules for types, overflow and division."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.division import BY_ZERO, quotient
from cumulet.engines.sql.trino.expression import MOST_DIGITS, Expressions, node
from cumulet.engines.sql.trino.intervals import INTERVALS, moments
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, guarded

NARROW = 18  # digits of a decimal in 64 bits
SIGNS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


@node(*SIGNS)
def arithmetic(to: Expressions, tree: Any) -> Typed:
    sign, left, right = SIGNS[type(tree)], to(tree.this), to(tree.expression)
    if left.type.numeric and right.type.numeric:
        return replace(numbers(sign, left, right), exact=written(sign, left, right))
    if t.UNKNOWN in (left.type, right.type) and (
        left.type.numeric or right.type.numeric or left.type == right.type
    ):
        kind = left.type if right.type == t.UNKNOWN else right.type
        return Typed(cast("NULL", kind), kind)
    if (found := moments(sign, left, right)) is not None:
        return found
    raise to.mismatch(tree, f"Cannot apply operator: {left.type} {sign} {right.type}")


def numbers(sign: str, left: Typed, right: Typed) -> Typed:
    kind = t.common(left.type, right.type)
    assert kind is not None
    if kind.base == "decimal":
        return decimals(sign, left, right)
    one, other = coerce(left, kind), coerce(right, kind)
    if kind.floating:
        return floats(sign, one, other)
    known = right.number not in (None, 0)
    value = f"({one.sql} {'//' if sign == '/' else sign} {other.sql})"
    value = cast(value, kind) if sign in "/%" else value
    if sign in "/%" and not known:
        return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, value, kind), kind)
    return Typed(value, kind)


def written(sign: str, left: Typed, right: Typed) -> Typed | None:
    """A sum, difference or product of numbers that are written out, as the decimal that it exactly is."""
    sides = [each.exact or (each if each.number is not None else None) for each in (left, right)]
    one, other = sides
    if sign in "/%" or one is None or other is None or not (left.exact or right.exact):
        return None
    digits = sum(t.as_decimal(each.type).numbers[0] for each in (one, other))
    return decimals(sign, one, other) if digits < MOST_DIGITS else None


def floats(sign: str, one: Typed, other: Typed) -> Typed:
    """IEEE arithmetic; DuckDB's x % 0 is NULL where Trino's is NaN."""
    if sign == "%":
        nan = f"CAST('NaN' AS {one.type.duck})"
        whole = f"({one.sql} % {other.sql})"
        return Typed(f"(CASE WHEN {other.sql} = 0 THEN {nan} ELSE {whole} END)", one.type)
    return Typed(f"({one.sql} {sign} {other.sql})", one.type)


def decimals(sign: str, left: Typed, right: Typed) -> Typed:
    """Trino's result types; where DuckDB would round or overflow differently the work is done on integers."""
    a, b = t.as_decimal(left.type), t.as_decimal(right.type)
    (p1, s1), (p2, s2) = a.numbers, b.numbers
    one, other = coerce(left, a), coerce(right, b)
    if sign in "+-":
        scale = max(s1, s2)
        kind = t.decimal(min(38, max(p1 - s1, p2 - s2) + scale + 1), scale)
        return Typed(cast(f"({cast(one.sql, kind)} {sign} {cast(other.sql, kind)})", kind), kind)
    if sign == "*":
        if s1 + s2 > 38:
            raise NotSupported(f"{a} * {b}: a scale above 38")
        kind = t.decimal(min(38, p1 + p2), s1 + s2)
        return Typed(cast(f"({roomy(one, other)} * {other.sql})", kind), kind)
    if sign == "%":
        scale = max(s1, s2)
        kind = t.decimal(min(p2 - s2, p1 - s1) + scale or 1, scale)
        wide = t.decimal(min(38, max(p1 - s1, p2 - s2) + scale), scale)
        value = cast(f"({cast(one.sql, wide)} % {cast(other.sql, wide)})", kind)
        return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, value, kind), kind)
    return quotient(one, other)


def roomy(one: Typed, other: Typed) -> str:
    """The first factor of a product, with room for all of its digits: DuckDB multiplies two decimals of up to
    18 digits into 18, and more digits than that are an error there."""
    precision, scale = one.type.numbers
    if max(precision, other.type.numbers[0]) > NARROW or precision + other.type.numbers[0] <= NARROW:
        return one.sql
    return cast(one.sql, t.decimal(NARROW + 1, scale))


@node(exp.Neg)
def negative(to: Expressions, tree: exp.Neg) -> Typed:
    value = to(tree.this)
    if isinstance(tree.this, exp.Literal) and value.type == t.BIGINT and tree.this.this == "2147483648":
        return Typed("CAST(-2147483648 AS BIGINT)", t.BIGINT)
    if not value.type.numeric and value.type.base not in INTERVALS:
        raise to.mismatch(tree, f"Cannot negate {value.type}")
    number = -value.number if value.number is not None else None
    exact = replace(value.exact, sql=f"(-{value.exact.sql})") if value.exact else None
    return Typed(f"(-{value.sql})", value.type, number=number, cost=value.cost, exact=exact)
