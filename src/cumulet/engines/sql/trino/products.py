"""Sums of products of decimals, multiplied in 64 bits.

The product of two decimal(15,2) is a decimal(30,4), which DuckDB keeps in 128 bits: that costs several times what
a product of 64 bits does, and hardly any value needs it. So a sum multiplies in 64 bits, where DuckDB makes an
error of every product, sum and cast that has more than 18 digits; the query is then translated and run again with
all of the digits (`execution`). Either way the answer is exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.typed import Typed, cast

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.expression import Expressions

DIGITS = 18  # of a decimal in 64 bits
SIGNS = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}


def hastened(to: Expressions, tree: Any, value: Typed) -> str:
    """The SQL of what is summed: in 64 bits where that may do."""
    if not to.plan.hasty or value.type.numbers[0] <= DIGITS or (found := short(to, tree)) is None:
        return value.sql
    to.plan.hastened.append(found)
    return found


def short(to: Expressions, tree: Any) -> str | None:
    """Arithmetic of columns and whole numbers in DuckDB's own terms, whose scales are Trino's; None for all else."""
    if isinstance(tree, exp.Paren):
        return short(to, tree.this)
    if type(tree) in SIGNS:
        one, other = short(to, tree.this), short(to, tree.expression)
        return f"({one} {SIGNS[type(tree)]} {other})" if one and other else None
    if isinstance(tree, exp.Column) or (isinstance(tree, exp.Literal) and not tree.is_string):
        return short_decimal(to(tree))
    return None


def short_decimal(value: Typed) -> str | None:
    """A value as a decimal of at most 18 digits, if its type is one of them."""
    if value.number is not None:
        return cast(str(value.number), t.decimal(len(str(abs(value.number))), 0))
    if value.type.base != "decimal" and not value.type.integral:
        return None
    kind = t.as_decimal(value.type)
    if kind.numbers[0] > DIGITS:
        return None
    return value.sql if kind == value.type else cast(value.sql, kind)
