"""Decimals divided: exact to the last digit beside Python's own, whatever their types and sizes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cumulet.engines.sql.base import SqlError

Rows = Callable[..., list[list[str | None]]]


@st.composite
def decimals(draw: st.DrawFn) -> tuple[Decimal, int, int]:
    """A value of decimal(precision, scale)."""
    precision = draw(st.integers(1, 38))
    scale = draw(st.integers(0, min(precision, 18)))
    digits = draw(st.integers(1, precision))
    with localcontext(prec=60):
        value = Decimal(draw(st.integers(-(10**digits) + 1, 10**digits - 1))).scaleb(-scale)
    return value, precision, scale


def text(given: tuple[Decimal, int, int]) -> str:
    value, precision, scale = given
    return f"CAST('{value:f}' AS decimal({precision},{scale}))"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(decimals(), decimals())
def test_a_quotient_of_decimals_is_that_of_exact_numbers(
    rows: Rows, one: tuple[Decimal, int, int], other: tuple[Decimal, int, int]
) -> None:
    scale = max(one[2], other[2])
    precision = min(38, one[1] + other[2] + max(0, other[2] - one[2]))
    query = f"SELECT {text(one)} / {text(other)}"
    if not other[0]:
        with pytest.raises(SqlError, match="Division by zero"):
            rows(query)
        return
    with localcontext(prec=150, rounding=ROUND_HALF_UP):
        expected = (one[0] / other[0]).quantize(Decimal(1).scaleb(-scale))
        overflows = abs(expected.scaleb(scale)) >= 10**precision
    if overflows:
        with pytest.raises(SqlError):
            rows(query)
    else:
        assert [[Decimal(each or "") for each in row] for row in rows(query)] == [[expected]]


def test_sums_can_be_divided_by_sums(rows: Rows) -> None:
    data = "(VALUES (DECIMAL '10.25', DECIMAL '3.5'), (DECIMAL '0.5', DECIMAL '0.1')) AS t(a, b)"
    found = rows(
        f"SELECT sum(a) / sum(b), DECIMAL '100.00' * sum(a) / sum(b), sum(a) / DECIMAL '7.0' FROM {data}"
    )
    assert found == [["2.99", "298.6111", "1.54"]]


def test_products_have_room_for_all_digits_of_their_type(rows: Rows) -> None:
    data = "(VALUES (DECIMAL '9999999999999.99', DECIMAL '-99999999999999.99')) AS t(a, b)"
    assert rows(f"SELECT a * b, typeof(a * b), a * a * DECIMAL '0.5' FROM {data}") == [
        ["-999999999999998900000000000.0001", "decimal(31,4)", "49999999999999900000000000.00005"]
    ]
    assert rows(f"SELECT sum(a * b), avg(a), avg(b) FROM {data}") == [
        ["-999999999999998900000000000.0001", "9999999999999.99", "-99999999999999.99"]
    ]


def test_averages_over_windows_are_rounded_like_others(rows: Rows) -> None:
    data = "(VALUES (1, DECIMAL '1.00'), (2, DECIMAL '1.01'), (3, NULL)) AS t(n, a)"
    found = rows(f"SELECT n, avg(a) OVER (ORDER BY n), avg(a) OVER (PARTITION BY n) FROM {data} ORDER BY n")
    assert found == [["1", "1.00", "1.00"], ["2", "1.01", "1.01"], ["3", "1.01", None]]
