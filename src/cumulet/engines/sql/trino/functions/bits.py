"""Bits of integers in two's complement. https://trino.io/docs/current/functions/bitwise.html"""

from __future__ import annotations

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import define
from cumulet.engines.sql.trino.typed import fail

WIDTHS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
NEGATIVE = fail("NOT_SUPPORTED", "'Shifting by a negative number is not supported by Cumulet yet'", t.BIGINT)
FEW = fail("INVALID_FUNCTION_ARGUMENT", "'bit_count takes 2 to 64 bits, not ' || {1}", t.BIGINT)
WIDE = fail(
    "INVALID_FUNCTION_ARGUMENT",
    "'Number must be representable with the bits specified. ' || {0} || ' cannot be represented with ' "
    "|| {1} || ' bits'",
    t.BIGINT,
)

define(
    "bit_count",
    "bigint, bigint -> bigint",
    f"(CASE WHEN {{1}} NOT BETWEEN 2 AND 64 THEN {FEW} WHEN {{0}} NOT BETWEEN -cumulet_power({{1}} - 1) AND "
    f"cumulet_power({{1}} - 1) - 1 THEN {WIDE} ELSE "
    "CAST(bit_count(cumulet_unsigned({0}, {1})) AS BIGINT) END)",
)
for _kind, _width in WIDTHS.items():
    for _name, _far, _near in (
        ("left_shift", "0", f"cumulet_signed((CAST({{0}} AS HUGEINT) * cumulet_power({{1}})), {_width})"),
        (
            "right_shift",
            "0",
            f"cumulet_signed(cumulet_unsigned({{0}}, {_width}) // cumulet_power({{1}}), {_width})",
        ),
        (
            "right_shift_arithmetic",
            "CASE WHEN {0} < 0 THEN -1 ELSE 0 END",
            "CASE WHEN {0} < 0 THEN -1 - (-1 - CAST({0} AS HUGEINT)) // cumulet_power({1}) "
            "ELSE {0} // cumulet_power({1}) END",
        ),
    ):
        define(
            f"bitwise_{_name}",
            f"{_kind}, bigint -> {_kind}",
            f"CAST((CASE WHEN {{1}} < 0 THEN {NEGATIVE} WHEN {{1}} >= {_width} THEN {_far} ELSE {_near} END) "
            "AS {result})",
        )
