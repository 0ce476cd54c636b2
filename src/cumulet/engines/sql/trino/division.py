"""decimal / decimal: exact, and rounded half up to the scale that Trino gives the result.

https://trino.io/docs/current/functions/decimal.html
"""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.typed import Typed, cast, guarded
from cumulet.engines.sql.trino.types import Type

BY_ZERO = "'Division by zero'"
DIGITS = 37  # of an integer in 128 bits that may be doubled
HALF = 19  # of the digits that a decimal can have


def quotient(one: Typed, other: Typed) -> Typed:
    """By integers of 128 bits; where the values (not only their types) are too large for that, by text."""
    (p1, s1), (_, s2) = one.type.numbers, other.type.numbers
    scale = max(s1, s2)
    kind = t.decimal(min(38, p1 + s2 + max(0, s2 - s1)), scale)
    shift = scale - s1 + s2
    by_integers = cast(
        unscaled(
            f"cumulet_quotient({integer(one)} * CAST(1{'0' * shift} AS HUGEINT), {integer(other)})", kind
        ),
        kind,
    )
    doubts = [*doubt(one, DIGITS - max(s1, shift)), *doubt(other, DIGITS - s2)]
    value = by_integers
    if doubts:
        texts = f"CAST({one.sql} AS VARCHAR), CAST({other.sql} AS VARCHAR)"
        by_text = cast(f"cumulet_divided({texts}, CAST({scale} AS BIGINT))", kind)
        value = f"(CASE WHEN {' OR '.join(doubts)} THEN {by_text} ELSE {by_integers} END)"
    return Typed(guarded(f"{other.sql} = 0", "DIVISION_BY_ZERO", BY_ZERO, value, kind), kind)


def integer(value: Typed) -> str:
    """The unscaled integer of a decimal."""
    return shifted(value.sql, value.type.numbers[1])


def shifted(sql: str, scale: int) -> str:
    """A decimal without its point. The factor is wider than 18 digits, so that DuckDB's product is, too."""
    if not scale:
        return f"CAST({sql} AS HUGEINT)"
    return f"CAST({sql} * CAST(1{'0' * scale} AS DECIMAL({max(19, scale + 1)},0)) AS HUGEINT)"


def doubt(value: Typed, digits: int) -> list[str]:
    """The condition that a decimal has more digits than may be; none where its type has not."""
    precision, scale = value.type.numbers
    if precision <= digits:
        return []
    if digits <= scale:
        return ["TRUE"]
    limit = f"CAST('1{'0' * (digits - scale)}' AS DECIMAL(38,{scale}))"
    return [f"abs({value.sql}) >= {limit}"]


def unscaled(number: str, kind: Type) -> str:
    """An integer as a decimal with its last digits behind the point: by one product where that fits, in two
    parts where their product does, by text else."""
    precision, scale = kind.numbers
    if not scale:
        return number
    least = f"CAST('0.{'0' * (scale - 1)}1' AS DECIMAL({scale},{scale}))"
    if precision + scale <= 38:
        return f"(CAST({number} AS DECIMAL({38 - scale},0)) * {least})"
    if scale <= HALF:
        one = f"CAST(1{'0' * scale} AS HUGEINT)"
        rest = f"CAST({number} % {one} AS DECIMAL({scale},0)) * {least}"
        return f"(CAST({number} // {one} AS DECIMAL(38,{scale})) + {rest})"
    return f"cumulet_decimal({number}, {scale})"
