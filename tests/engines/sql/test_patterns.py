"""LIKE and its negation, and the special forms of substring."""

from __future__ import annotations

from collections.abc import Callable

Rows = Callable[..., list[list[str | None]]]


def test_not_like_is_the_opposite_of_like_and_null_of_neither(rows: Rows) -> None:
    data = "(VALUES 'special', 'plain', NULL) AS t(a)"
    found = rows(f"SELECT a, a LIKE 'spec%', a NOT LIKE 'spec%' FROM {data} ORDER BY a")
    assert found == [["plain", "false", "true"], ["special", "true", "false"], [None, None, None]]


def test_not_like_stands_in_conditions_of_every_kind(rows: Rows) -> None:
    data = "(VALUES 'special', 'plain') AS t(a)"
    assert rows(f"SELECT a FROM {data} WHERE a NOT LIKE 's%' AND a IS NOT NULL") == [["plain"]]
    assert rows(f"SELECT a FROM {data} WHERE NOT a NOT LIKE 's%'") == [["special"]]
    assert rows(f"SELECT count(*), count_if(a NOT LIKE 's%') FROM {data}") == [["2", "1"]]
    assert rows("SELECT 'a_c' NOT LIKE 'a#_c' ESCAPE '#', 'abc' NOT LIKE 'a#_c' ESCAPE '#'") == [
        ["false", "true"]
    ]


def test_substring_takes_from_and_for(rows: Rows) -> None:
    found = rows(
        "SELECT substring('13-555' FROM 1 FOR 2), substring('13-555' FROM 4), substring('13-555', 4, 2)"
    )
    assert found == [["13", "555", "55"]]
