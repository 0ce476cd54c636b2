"""Partition expressions against a table in memory."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cumulet.services.glue.expressions import search
from cumulet.store.partitions import Index, name_of
from cumulet.wire.errors import AwsError

KEYS = [
    {"Name": "year", "Type": "int"},
    {"Name": "day", "Type": "date"},
    {"Name": "region", "Type": "string"},
    {"Name": "price", "Type": "decimal(10,2)"},
    {"Name": "at", "Type": "timestamp"},
]
ROWS = [
    ("2023", "2023-12-31", "eu-west", "1.50", "2023-12-31 23:59:59.5"),
    ("02024", "2024-01-01", "us-east", "10", "2024-01-01 00:00:00"),
    ("2025", "__HIVE_DEFAULT_PARTITION__", "it's_%", "-2", "2025-01-01 00:00:00"),
]
INDEX = Index(1, [name_of(row) for row in ROWS])


def years(expression: str) -> list[str]:
    return [name[:5].strip("\x1f") for name in INDEX.chosen(search(expression, KEYS)(INDEX))]


@pytest.mark.parametrize(
    ("expression", "chosen"),
    [
        ("year = 2024", ["02024"]),
        ("year='2024'", ["02024"]),
        ("2023 < year", ["02024", "2025"]),
        ("YEAR <> 2024", ["2023", "2025"]),
        ("year != 2024 and year >= 2025", ["2025"]),
        ("year in (2023, '2025')", ["2023", "2025"]),
        ("year not in (2023, 2025)", ["02024"]),
        ("year between 2023 and 2024", ["2023", "02024"]),
        ("not year between 2023 and 2024", ["2025"]),
        ("day = '2024-01-01'", ["02024"]),
        ("day < date '2024-01-01'", ["2023"]),
        ("not (day < '2024-01-01')", ["02024"]),
        ("day is null", ["2025"]),
        ("day is not null", ["2023", "02024"]),
        ("not day is null", ["2023", "02024"]),
        ("region like 'eu-%'", ["2023"]),
        ("region not like '%-%'", ["2025"]),
        ("region like '__-east'", ["02024"]),
        ("region like '%e%s%t'", ["2023", "02024"]),
        ("region = 'it''s_%'", ["2025"]),
        ("\"region\" > 'f' and `year` > 2024", ["2025"]),
        ("price > 1.5", ["02024"]),
        ("price = 1.50 or price = -2.0", ["2023", "2025"]),
        ("at >= timestamp '2023-12-31 23:59:59.5'", ["2023", "02024", "2025"]),
        ("at < '2024-01-01'", ["2023"]),
        ("year = 2023 or year = 2024 and region = 'x'", ["2023"]),
        ("(year = 2023 or year = 2024) and region = 'us-east'", ["02024"]),
        ("not (year = 2023 or region like 'us%')", ["2025"]),
        ("not not year = 2023", ["2023"]),
    ],
)
def test_an_expression_chooses_as_sql_would(expression: str, chosen: list[str]) -> None:
    assert years(expression) == chosen


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "year",
        "year = ",
        "= 2024",
        "year == 2024",
        "year = 2024 and",
        "year = 2024 year = 2025",
        "year in ()",
        "year in 2024",
        "year between 1",
        "year = (2024)",
        "year = 2023 + 1",
        "year = 20x",
        "year like '2%'",
        "day = 'yesterday'",
        "month = 1",
        "year = 'unfinished",
        "((year = 2024)",
        "year = 2024 -- really",
        "select 1",
        "(" * 200 + "year = 1" + ")" * 200,
    ],
)
def test_what_is_not_an_expression_is_refused_with_the_place(expression: str) -> None:
    with pytest.raises(AwsError) as caught:
        search(expression, KEYS)
    assert caught.value.code == "InvalidInputException"


def test_a_like_made_to_hang_a_matcher_does_not() -> None:
    index = Index(1, ["a" * 1000])
    found = search(f"k like '{'%a' * 200}b'", [{"Name": "k", "Type": "string"}])(index)
    assert found == 0


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    """It is read, or refused as the caller's fault; nothing else."""
    with contextlib.suppress(AwsError):
        search(text, KEYS)


numbers = st.decimals(min_value=-1000, max_value=1000, places=2)


@given(
    st.lists(numbers, min_size=1, max_size=20, unique_by=str),
    numbers,
    st.sampled_from(["=", "<>", "<", ">="]),
)
def test_decimals_compare_as_decimals(prices: list[Decimal], wanted: Decimal, sign: str) -> None:
    index = Index(1, sorted(map(str, prices)))
    chosen = index.chosen(search(f"p {sign} {wanted}", [{"Name": "p", "Type": "decimal(9,2)"}])(index))
    expected = {
        "=": lambda p: p == wanted,
        "<>": lambda p: p != wanted,
        "<": lambda p: p < wanted,
        ">=": lambda p: p >= wanted,
    }[sign]
    assert list(chosen) == sorted(str(p) for p in prices if expected(p))
