"""Clauses beyond the plain SELECT: recursion, ties, intervals, frames, quantified comparisons.

https://trino.io/docs/current/sql/select.html has the examples that name no other source.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import NotSupported, SqlError

Rows = Callable[..., list[list[str | None]]]
Value = Callable[[str], str | None]
COUNTING = (
    "WITH RECURSIVE t(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < {}) SELECT sum(n), 0 FROM t"
)
TIED = "FROM (VALUES 1, 2, 2, 3) t(a)"


def test_a_recursion_ends_when_a_step_gives_nothing(rows: Rows) -> None:
    assert rows(COUNTING.format(4)) == [["10", "0"]]


def test_a_recursion_takes_ten_steps_and_not_one_more(rows: Rows) -> None:
    assert rows(COUNTING.format(11)) == [["66", "0"]]
    with pytest.raises(SqlError, match=r"Recursion depth limit exceeded \(10\)") as failed:
        rows(COUNTING.format(12))
    assert failed.value.name == "NOT_SUPPORTED"


def test_a_distinct_recursion_does_not_stop_at_what_it_has_seen(rows: Rows) -> None:
    with pytest.raises(SqlError, match="Recursion depth limit exceeded"):
        rows("WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT n FROM t) SELECT n FROM t")


def test_a_recursion_walks_a_tree(rows: Rows) -> None:
    tree = "(VALUES ('a', NULL), ('b', 'a'), ('c', 'b'), ('d', 'a')) AS e(name, boss)"
    found = rows(
        f"WITH RECURSIVE t(name, depth) AS (SELECT name, 0 FROM {tree} WHERE boss IS NULL UNION ALL "
        f"SELECT e.name, t.depth + 1 FROM t JOIN {tree} ON e.boss = t.name) SELECT * FROM t ORDER BY 2, 1"
    )
    assert found == [["a", "0"], ["b", "1"], ["d", "1"], ["c", "2"]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t) SELECT * FROM t",
            "MISSING_COLUMN_ALIASES",
        ),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT 'a' FROM t) SELECT * FROM t", "TYPE_MISMATCH"),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT t.n FROM t, t AS u) SELECT * FROM t",
            "INVALID_RECURSIVE_REFERENCE",
        ),
        ("SELECT 1 FETCH FIRST ROW WITH TIES", "MISSING_ORDER_BY"),
        (f"SELECT DISTINCT a {TIED} ORDER BY -a FETCH FIRST ROW WITH TIES", "EXPRESSION_NOT_IN_DISTINCT"),
        ("SELECT INTERVAL '3' DAY / 0", "DIVISION_BY_ZERO"),
        (f"SELECT sum(a) OVER (w PARTITION BY a) {TIED} WINDOW w AS (ORDER BY a)", "INVALID_PARTITION_BY"),
        (f"SELECT sum(a) OVER (w ORDER BY a) {TIED} WINDOW w AS (ORDER BY a)", "INVALID_ORDER_BY"),
    ],
)
def test_a_wrong_clause_is_refused_in_trinos_words(rows: Rows, text: str, name: str) -> None:
    with pytest.raises(SqlError) as failed:
        rows(text)
    assert failed.value.name == name


@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("ORDER BY a FETCH FIRST 2 ROWS ONLY", ["1", "2"]),
        ("ORDER BY a FETCH FIRST 2 ROWS WITH TIES", ["1", "2", "2"]),
        ("ORDER BY -a FETCH FIRST 2 ROWS WITH TIES", ["3", "2", "2"]),
        ("ORDER BY a OFFSET 1 ROW FETCH NEXT ROW WITH TIES", ["2", "2"]),
        ("GROUP BY a ORDER BY count(*) DESC, a FETCH FIRST ROW WITH TIES", ["2"]),
        ("UNION ALL SELECT 1 ORDER BY 1 FETCH FIRST ROW WITH TIES", ["1", "1"]),
        ("ORDER BY a OFFSET 2 LIMIT 1", ["2"]),
    ],
)
def test_rows_are_fetched_with_their_ties(rows: Rows, tail: str, expected: list[str]) -> None:
    head = "SELECT a, 0" if "UNION" not in tail else "SELECT a"
    assert [row[0] for row in rows(f"{head} {TIED} {tail}")] == expected


# https://trino.io/docs/current/functions/datetime.html and the formats of IntervalDayTime and IntervalYearMonth
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("INTERVAL '2' DAY", "2 00:00:00.000"),
        ("INTERVAL -'2' DAY", "-2 00:00:00.000"),
        ("INTERVAL '1.5' SECOND", "0 00:00:01.500"),
        ("INTERVAL '2 03:04:05.678' DAY TO SECOND", "2 03:04:05.678"),
        ("INTERVAL '2 03' DAY TO HOUR", "2 03:00:00.000"),
        ("INTERVAL '03:04' HOUR TO MINUTE", "0 03:04:00.000"),
        ("INTERVAL '124-30' YEAR TO MONTH", "126-6"),
        ("INTERVAL '3' MONTH", "0-3"),
        ("INTERVAL '2' DAY * 2", "4 00:00:00.000"),
        ("INTERVAL '6' DAY / 2", "3 00:00:00.000"),
        ("INTERVAL '3' DAY / 2", "1 12:00:00.000"),
        ("1.5 * INTERVAL '3' DAY", "4 12:00:00.000"),
        ("INTERVAL '1' YEAR / 7", "0-1"),
        ("INTERVAL '3' YEAR + INTERVAL '5' MONTH", "3-5"),
        ("date '2012-08-08' + interval '2' day", "2012-08-10"),
        ("timestamp '2012-08-08 01:00' + interval '29' hour", "2012-08-09 06:00:00"),
        ("timestamp '2012-10-31 01:00' + interval '1' month", "2012-11-30 01:00:00"),
        ("interval '2' day + interval '3' hour", "2 03:00:00.000"),
        ("date '2012-08-08' - interval '2' day", "2012-08-06"),
        ("timestamp '2012-08-08 01:00' - interval '29' hour", "2012-08-06 20:00:00"),
        ("timestamp '2012-10-31 01:00' - interval '1' month", "2012-09-30 01:00:00"),
        ("interval '2' day - interval '3' hour", "1 21:00:00.000"),
        ("interval '3' year - interval '5' month", "2-7"),
        ("timestamp '2012-10-31 01:00 UTC' AT TIME ZONE 'America/Los_Angeles'",
         "2012-10-30 18:00:00 America/Los_Angeles"),
        # https://trino.io/docs/current/functions/comparison.html
        ("'hello' = ANY (VALUES 'hello', 'world')", "true"),
        ("21 < ALL (VALUES 19, 20, 21)", "false"),
        ("42 >= SOME (SELECT 41 UNION ALL SELECT 42 UNION ALL SELECT 43)", "true"),
        ("2 IN (VALUES 1, 2)", "true"),
        ("1 IS DISTINCT FROM NULL", "true"),
    ],
)  # fmt: skip
def test_an_expression_gives_what_trino_documents(value: Value, expression: str, expected: str) -> None:
    assert value(expression) == expected


def test_grouping_tells_which_columns_a_row_is_grouped_by(rows: Rows) -> None:
    """https://trino.io/docs/current/sql/select.html#grouping-operation"""
    found = rows(
        "SELECT a, b, sum(c), grouping(a, b) FROM (VALUES ('x', 1, 10), ('x', 2, 20), ('y', 1, 5)) t(a, b, c) "
        "GROUP BY GROUPING SETS ((a), (a, b), (b)) ORDER BY 4, 1, 2"
    )
    assert found == [
        ["x", "1", "10", "0"],
        ["x", "2", "20", "0"],
        ["y", "1", "5", "0"],
        ["x", None, "30", "1"],
        ["y", None, "5", "1"],
        [None, "1", "15", "2"],
        [None, "2", "20", "2"],
    ]


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ("ROWS BETWEEN 1 PRECEDING AND CURRENT ROW", ["1", "2", "3", "5"]),
        ("RANGE BETWEEN 1 PRECEDING AND CURRENT ROW", ["2", "2", "4", "5"]),
        ("GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW", ["2", "2", "4", "5"]),
        ("ROWS UNBOUNDED PRECEDING", ["1", "2", "4", "7"]),
    ],
)
def test_a_frame_counts_rows_values_or_groups(rows: Rows, frame: str, expected: list[str]) -> None:
    data = "(VALUES 1, 1, 2, 3) t(a)"
    found = rows(f"SELECT sum(a) OVER (w {frame}), a FROM {data} WINDOW w AS (ORDER BY a) ORDER BY a, 1")
    assert [row[0] for row in found] == expected


def test_a_named_window_may_be_built_upon(rows: Rows) -> None:
    found = rows(
        "SELECT a, b, sum(a) OVER w, sum(a) OVER (v ORDER BY a DESC) FROM (VALUES (1, 1), (2, 1), (3, 2)) t(a, b) "
        "WINDOW v AS (PARTITION BY b), w AS (v ORDER BY a) ORDER BY a"
    )
    assert found == [["1", "1", "1", "3"], ["2", "1", "3", "2"], ["3", "2", "3", "3"]]


def test_nulls_are_ignored_by_value_functions_that_are_told_to(rows: Rows) -> None:
    found = rows(
        "SELECT a, lag(b) IGNORE NULLS OVER (ORDER BY a), lag(b) OVER (ORDER BY a) "
        "FROM (VALUES (1, 'x'), (2, NULL), (3, 'y')) t(a, b) ORDER BY a"
    )
    assert found == [["1", None, None], ["2", "x", "x"], ["3", "x", None]]


def test_listagg_takes_an_overflow_clause(rows: Rows) -> None:
    listed = "WITHIN GROUP (ORDER BY a), 0 FROM (VALUES 'b', 'a') t(a)"
    for clause in ("", " ON OVERFLOW ERROR", " ON OVERFLOW TRUNCATE '...' WITH COUNT"):
        assert rows(f"SELECT listagg(a, ','{clause}) {listed}") == [["a,b", "0"]]


@pytest.mark.parametrize(
    ("clause", "name"),
    [("", "EXCEEDED_FUNCTION_MEMORY_LIMIT"), (" ON OVERFLOW TRUNCATE WITH COUNT", "NOT_SUPPORTED")],
)
def test_listagg_gives_a_mebibyte_at_most(rows: Rows, clause: str, name: str) -> None:
    long = (
        "(SELECT array_join(repeat('x', 9000), '') || rpad('', 0, 'x') AS a FROM UNNEST(sequence(1, 120))) t"
    )
    with pytest.raises(SqlError) as failed:
        rows(f"SELECT listagg(a, ','{clause}) WITHIN GROUP (ORDER BY a) FROM {long}")
    assert failed.value.name == name


def test_a_frame_excludes_nothing(rows: Rows) -> None:
    with pytest.raises(NotSupported, match="EXCLUDE"):
        rows(
            "SELECT sum(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW) FROM (VALUES 1) t(a)"
        )
