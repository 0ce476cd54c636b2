"""Sums of products of decimals: in 64 bits where that will do, with all digits where it will not."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

import pytest

from cumulet.engines.sql.base import Table

from .conftest import Lake

Rows = Callable[..., list[list[str | None]]]
PRICES = ["1.25", "999999999.99", "-20000000.01"]
LARGE = ["9999999999999.99", "-1234567890123.45", "0.01"]


def priced(lake: Lake, values: list[str]) -> None:
    lines = "".join(f"{each},0.07,3\n" for each in values)
    lake.add("t", "p decimal(15,2), d decimal(15,2), n int", "text", lines, field_delim=",")


@pytest.mark.parametrize("values", [PRICES, LARGE])
@pytest.mark.parametrize(
    ("text", "by_hand"),
    [
        ("p * d", lambda p: p * Decimal("0.07")),
        ("p * (1 - d)", lambda p: p * Decimal("0.93")),
        ("p * (1 - d) * (1 + d)", lambda p: p * Decimal("0.93") * Decimal("1.07")),
        ("p * p - d * n", lambda p: p * p - Decimal("0.21")),
        ("(p + n) * (p - 7)", lambda p: (p + 3) * (p - 7)),
    ],
)
def test_a_sum_of_products_has_all_of_its_digits(
    lake: Lake, rows: Rows, values: list[str], text: str, by_hand: Callable[[Decimal], Decimal]
) -> None:
    priced(lake, values)
    with localcontext(prec=60):
        expected = str(sum(by_hand(Decimal(each)) for each in values))
    assert rows(f"SELECT sum({text}) FROM t") == [[expected]]


def test_a_sum_in_a_view_has_all_of_its_digits(lake: Lake, rows: Rows) -> None:
    priced(lake, LARGE[:1])
    lake.known["v"] = Table("db", "v", view="SELECT sum(p * p) AS s FROM t")
    assert rows("SELECT s FROM v") == [["99999999999999800000000000.0001"]]


def test_a_data_file_is_written_once_though_its_query_ran_twice(lake: Lake, ask: Callable[..., Any]) -> None:
    priced(lake, LARGE)
    outcome = ask(
        "SELECT sum(p * p) AS s, n AS k FROM t GROUP BY n",
        output={"format": "parquet", "options": {"partitions": ["k"]}},
    )
    assert [(each.rows, each.values) for each in outcome.files] == [(1, ["3"])]
