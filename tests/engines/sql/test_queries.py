"""SELECT and its clauses: names, groups, order, joins, UNNEST, windows, set operations."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import NotSupported, SqlError, Table

Rows = Callable[..., list[list[str | None]]]


def test_nulls_come_last_in_both_directions(rows: Rows) -> None:
    data = "(VALUES 1, NULL, 3) t(a)"
    assert rows(f"SELECT a, 1 FROM {data} ORDER BY a") == [["1", "1"], ["3", "1"], [None, "1"]]
    assert rows(f"SELECT a, 1 FROM {data} ORDER BY a DESC") == [["3", "1"], ["1", "1"], [None, "1"]]


def test_unnest_fills_the_shorter_list_and_numbers_the_rows(rows: Rows) -> None:
    found = rows("SELECT * FROM UNNEST(ARRAY[1, 2], ARRAY['a', 'b', 'c']) WITH ORDINALITY AS t(x, y, n)")
    assert found == [["1", "a", "1"], ["2", "b", "2"], [None, "c", "3"]]


def test_a_left_join_keeps_rows_whose_list_is_empty(rows: Rows) -> None:
    data = "(VALUES (1, ARRAY[1, 2]), (2, ARRAY[]), (3, NULL)) AS t(id, a)"
    found = rows(f"SELECT id, x FROM {data} LEFT JOIN UNNEST(a) AS u(x) ON true ORDER BY id, x")
    assert found == [["1", "1"], ["1", "2"], ["2", None], ["3", None]]


def test_a_map_unnests_into_keys_and_values(rows: Rows) -> None:
    found = rows(
        "SELECT k, v FROM (VALUES 1) CROSS JOIN UNNEST(map(ARRAY['a', 'b'], ARRAY[1, 2])) AS s(k, v)"
    )
    assert found == [["a", "1"], ["b", "2"]]


def test_a_column_of_using_stands_once_in_front(rows: Rows) -> None:
    found = rows("SELECT * FROM (VALUES (1, 'a')) t(x, y) JOIN (VALUES (1, 'b')) u(x, z) USING (x)")
    assert found == [["1", "a", "b"]]


def test_windows_rank_and_sum(rows: Rows) -> None:
    found = rows(
        "SELECT a, row_number() OVER (ORDER BY a DESC), sum(a) OVER (ORDER BY a), lag(a, 1, 0) OVER w "
        "FROM (VALUES 3, 1, 2) AS t(a) WINDOW w AS (ORDER BY a) ORDER BY a"
    )
    assert found == [["1", "3", "1", "0"], ["2", "2", "3", "1"], ["3", "1", "6", "2"]]


def test_aggregates_filter_order_and_count_distinct(rows: Rows) -> None:
    found = rows(
        "SELECT k, count(DISTINCT v), array_agg(v ORDER BY v DESC), count(*) FILTER (WHERE v > 1), max_by(k, v), "
        "listagg(k, '-') WITHIN GROUP (ORDER BY v) "
        "FROM (VALUES ('a', 1), ('a', 2), ('b', 3)) AS t(k, v) GROUP BY 1 ORDER BY 1"
    )
    assert found == [["a", "2", "[2, 1]", "1", "a", "a-a"], ["b", "1", "[3]", "1", "b", "b"]]


def test_decimal_averages_keep_their_scale(rows: Rows) -> None:
    assert rows("SELECT avg(d), sum(d) FROM (VALUES DECIMAL '1.10', DECIMAL '2.25') t(d)") == [
        ["1.68", "3.35"]
    ]


def test_rollup_adds_the_whole(rows: Rows) -> None:
    found = rows("SELECT a, count(*), grouping(a) FROM (VALUES 1, 1, 2) t(a) GROUP BY ROLLUP (a) ORDER BY 1")
    assert found == [["1", "2", "0"], ["2", "1", "0"], [None, "3", "1"]]


def test_a_with_query_may_use_an_earlier_one(rows: Rows) -> None:
    found = rows(
        "WITH a AS (SELECT 1 x), b(y) AS (SELECT x + 1 FROM a) SELECT y, (SELECT max(x) FROM a) FROM b"
    )
    assert found == [["2", "1"]]


def test_set_operations_find_a_common_type(rows: Rows) -> None:
    assert rows("SELECT 1 UNION ALL SELECT 2.5 ORDER BY 1 LIMIT 1") == [["1.0"]]


def test_names_do_not_mind_case(rows: Rows) -> None:
    assert rows('SELECT T."A", a FROM (VALUES 1) AS t(a)') == [["1", "1"]]


def test_the_output_may_hold_one_name_twice(rows: Rows) -> None:
    assert rows("SELECT 1 AS a, 2 AS A, 3") == [["1", "2", "3"]]


def test_parameters_stand_where_the_marks_are(rows: Rows) -> None:
    assert rows("SELECT ?, a FROM (VALUES 1, 2) t(a) WHERE a = ? LIMIT ?", "'it''s'", "2", "5") == [
        ["it's", "2"]
    ]


def test_too_few_parameters_are_refused(rows: Rows) -> None:
    with pytest.raises(SqlError, match="Incorrect number of parameters: expected 1 but found 0"):
        rows("SELECT ?")


def test_a_view_is_seen_from_its_own_database(lake: object, rows: Rows) -> None:
    lake.known["v"] = Table("db", "v", [], view="SELECT a, a * 2 AS b FROM (VALUES 1) t(a)")  # type: ignore[attr-defined]
    assert rows("SELECT b FROM v WHERE a = 1") == [["2"]]


REFUSED = [
    ("SELECT nope FROM (VALUES 1) t(a)", "COLUMN_NOT_FOUND", "line 1:8: Column 'nope' cannot be resolved"),
    (
        "SELECT * FROM missing",
        "TABLE_NOT_FOUND",
        "line 1:15: Table 'awsdatacatalog.db.missing' does not exist",
    ),
    ("SELECT * FROM other.t", "SCHEMA_NOT_FOUND", "line 1:15: Schema 'other' does not exist"),
    ("SELECT a FROM (VALUES 1) t(a), (VALUES 2) u(a)", "AMBIGUOUS_NAME", "line 1:8: Column 'a' is ambiguous"),
    ("SELECT foo(1)", "FUNCTION_NOT_FOUND", "line 1:8: Function 'foo' not registered"),
    (
        "SELECT upper(1)",
        "FUNCTION_NOT_FOUND",
        "line 1:8: Unexpected parameters (integer) for function upper. Expected: upper(varchar)",
    ),
    ("SELECT 'a' + 1", "TYPE_MISMATCH", "line 1:8: Cannot apply operator: varchar(1) + integer"),
    ("SELECT 1 = 'a'", "TYPE_MISMATCH", "line 1:8: Cannot apply operator: integer = varchar(1)"),
    (
        "SELECT 1 UNION SELECT 'a'",
        "TYPE_MISMATCH",
        "line 1:8: column 1 in UNION query has incompatible types: integer, varchar(1)",
    ),
    ("THIS IS NOT SQL", "SYNTAX_ERROR", None),
    ("SELECT FROM t", "SYNTAX_ERROR", None),
    ("SELECT a, FROM t", "SYNTAX_ERROR", "line 1:11: mismatched input 'FROM'"),
    ("SELECT a::int FROM t", "SYNTAX_ERROR", "line 1:9: mismatched input '::'"),
    ("SELECT `a` FROM t", "SYNTAX_ERROR", None),
    ("SELECT a == 1 FROM t", "SYNTAX_ERROR", "line 1:10: mismatched input '=='"),
    ("SELECT 1 FROM (VALUES 1) t(a) WHERE", "SYNTAX_ERROR", "line 1:36: mismatched input '<EOF>'"),
    ("SELECT 1; SELECT 2", "SYNTAX_ERROR", None),
    ("SELECT max(a) FROM (VALUES 1) t(a) WHERE max(a) > 1", "EXPRESSION_NOT_SCALAR", None),
    ("SELECT a, count(*) FROM (VALUES 1) t(a)", "EXPRESSION_NOT_AGGREGATE", None),
    (
        "SELECT (SELECT a FROM (VALUES 1, 2) t(a))",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
]


@pytest.mark.parametrize(("text", "name", "message"), REFUSED)
def test_a_wrong_query_is_refused_in_trinos_words(
    rows: Rows, text: str, name: str, message: str | None
) -> None:
    with pytest.raises(SqlError) as failed:
        rows(text)
    assert failed.value.name == name
    assert message is None or failed.value.message == message


@pytest.mark.parametrize(
    "text",
    [
        "SELECT regexp_like('a', '[a-z&&[^b]](?=a)')",
        "SELECT * FROM (VALUES 1) t(a) NATURAL JOIN (VALUES 1) u(a)",
        "SELECT json_value('1', 'lax $?(@ like_regex \"a\")')",
    ],
)
def test_what_trino_can_and_this_engine_cannot_is_refused_by_name(rows: Rows, text: str) -> None:
    with pytest.raises(NotSupported, match="is not supported by Cumulet yet"):
        rows(text)


def test_a_subquery_that_is_no_number_is_equal_to_nothing(
    rows: Rows,
) -> None:
    """Neither by itself nor with a column of the query around it, and with no row it is NULL."""
    numbers = "(VALUES (1, 2e0), (2, nan()), (3, CAST(NULL AS double))) AS t(k, x)"
    inner = f"(SELECT max(u.x) FROM {numbers.replace('t(', 'u(')} WHERE u.k = t.k)"
    assert rows(f"SELECT k FROM {numbers} WHERE 1e0 < {inner}") == [["1"]]
    assert rows(f"SELECT k FROM {numbers} WHERE x = {inner}") == [["1"]]
    assert rows("SELECT 1 WHERE 1e0 < (SELECT nan()) OR 1e0 >= (SELECT nan())") == []
    assert rows("SELECT 1e0 < (WITH w AS (SELECT 3 AS a) SELECT a FROM w)") == [["true"]]
    assert rows("SELECT 1e0 < (SELECT 2e0 WHERE false)") == [[None]]
