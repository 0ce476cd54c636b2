"""What a query asks the catalog for: the conditions on partition keys, which only ever narrow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cumulet.engines.sql.base import Column, Outcome, SqlError, Table

from .conftest import Lake

Ask = Callable[..., Outcome]


@pytest.fixture
def asked(lake: Lake, ask: Ask) -> Callable[[str], list[tuple[Any, ...]]]:
    """The conditions that a WHERE gives: column, operator, values. It is 2023-11-14 in these tests."""
    lake.known["t"] = Table(
        "db",
        "t",
        [Column("a", "int")],
        [Column("dt", "string"), Column("n", "int"), Column("d", "date")],
        "csv",
    )
    lake.stored["t"] = []

    def conditions(where: str) -> list[tuple[Any, ...]]:
        lake.predicates.clear()
        ask(f"SELECT a FROM t WHERE {where}")
        return [(each["column"], each["operator"], each["values"]) for each in lake.predicates[0]]

    return conditions


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("dt = 'x' AND n > 3", [("dt", "=", ["x"]), ("n", ">", ["3"])]),
        ("'x' = dt AND 3 < t.n", [("dt", "=", ["x"]), ("n", ">", ["3"])]),
        ("n BETWEEN 1 AND 3", [("n", ">=", ["1"]), ("n", "<=", ["3"])]),
        ("dt = 'a' OR dt = 'b' OR dt IN ('c', 'd')", [("dt", "in", ["a", "b", "c", "d"])]),
        ("(dt = 'a' AND n = 1) OR (dt = 'b' AND a = 2)", [("dt", "in", ["a", "b"])]),
        ("((dt = 'a'))", [("dt", "=", ["a"])]),
        ("d = CAST('2024-01-01' AS date)", [("d", "=", ["2024-01-01"])]),
        ("d IN (date('2024-01-01'), DATE '2024-01-02')", [("d", "in", ["2024-01-01", "2024-01-02"])]),
        ("n IN (CAST('7' AS integer), 2 * 4)", [("n", "in", ["7", "8"])]),
        ("d >= current_date - INTERVAL '7' DAY", [("d", ">=", ["2023-11-07"])]),
        ("dt >= date_format(current_date - INTERVAL '1' MONTH, '%Y-%m-%d')", [("dt", ">=", ["2023-10-14"])]),
        ("dt = upper('x') || '1'", [("dt", "=", ["X1"])]),
    ],
)
def test_a_condition_on_keys_is_asked_for(
    asked: Callable[[str], list[tuple[Any, ...]]], where: str, expected: list[tuple[Any, ...]]
) -> None:
    assert asked(where) == expected


@pytest.mark.parametrize(
    "where",
    [
        "a = 1",
        "dt = 'a' OR a = 1",
        "dt = 'a' OR n = 1",
        "NOT (dt = 'a')",
        "n NOT BETWEEN 1 AND 3",
        "n > 1 OR n < 0",
        "dt = CAST(a AS varchar)",
        "n = CAST(round(random()) AS integer)",
        "dt = CAST(NULL AS varchar)",
        "dt = (SELECT 'a')",
        "dt IN ('a', NULL)",
        "length(dt) = 3",
        "dt LIKE 'a%'",
        "n = try(1 / 0)",
    ],
)
def test_what_keys_alone_do_not_decide_is_left_to_the_rows(
    asked: Callable[[str], list[tuple[Any, ...]]], where: str
) -> None:
    assert asked(where) == []


def test_a_constant_of_another_type_is_still_an_error(asked: Callable[[str], list[tuple[Any, ...]]]) -> None:
    with pytest.raises(SqlError, match=r"Cannot apply operator: varchar = date"):
        asked("dt = CAST('2024-01-01' AS date)")
