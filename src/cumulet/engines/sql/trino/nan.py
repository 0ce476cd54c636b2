"""NaN, which equals nothing and is not greater than anything in Trino; to DuckDB it is the greatest number.

Sorting, grouping and DISTINCT are the same in both: there NaN is one value, behind all others.
"""

from __future__ import annotations

import re
from dataclasses import replace

from cumulet.engines.sql.trino.typed import Typed, coerce
from cumulet.engines.sql.trino.types import Type

WRITTEN = re.compile(r"\(?-?CAST\('?[\d.eE+-]+'? AS \w+\)\)?")


def ordinary(value: Typed, kind: Type) -> Typed:
    """A side of a comparison of doubles, with what is known of it. A subquery's NaN is NULL here, which is as
    unequal, so that it need not be asked twice. Its rows are asked in FROM: one subquery inside another, which has
    a column of the query around both, takes DuckDB twice the time."""
    found = replace(coerce(value, kind), finite=not value.type.floating or bool(WRITTEN.fullmatch(value.sql)))
    if found.finite or value.query is None or value.sql != f"({value.query})":
        return found
    number = numbers(coerce(Typed("s.n", value.type), kind).sql, kind)
    return replace(found, sql=f"(SELECT {number} FROM ({value.query}) AS s(n))", finite=True)


def compared(one: Typed, sign: str, other: Typed) -> str:
    """`one sign other`; where one may be NaN that DuckDB calls equal or greater, that is asked, too."""
    plain = f"{one.sql} {sign} {other.sql}"
    if not one.type.floating:
        return f"({plain})"
    match sign:
        case "=" | "<>" if one.finite or other.finite:
            return f"({plain})"
        case "<>":
            return f"({plain} OR (isnan({one.sql}) AND {other.sql} IS NOT NULL))"
        case "=":
            return guarded(plain, one, other)
        case ">" | ">=":
            return guarded(plain, one, other)
    return guarded(plain, other, one)


def guarded(plain: str, greater: Typed, other: Typed) -> str:
    """The comparison, and that the greater side is a number; NULL where the other side is."""
    if greater.finite:
        return f"({plain})"
    number = f"NOT isnan({greater.sql})"
    known = bool(WRITTEN.fullmatch(other.sql))
    return f"({plain} AND {number if known else f'({number} OR {other.sql} IS NULL)'})"


def numbers(sql: str, kind: Type) -> str:
    """A value, or NULL where it is NaN."""
    return f"CASE WHEN NOT isnan({sql}) THEN {sql} END" if kind.floating else sql
