"""SQL's JSON functions where they fail: the errors' names, and what ON ERROR makes of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.jsonpath.answers import hashed

Value = Callable[[str], str | None]
Rows = Callable[..., list[list[str | None]]]


@pytest.mark.parametrize(
    ("expression", "name", "message"),
    [
        (
            "json_exists('[1', 'lax $' ERROR ON ERROR)",
            "JSON_INPUT_CONVERSION_ERROR",
            "malformed input argument",
        ),
        ("json_exists('{}', 'strict $.a' ERROR ON ERROR)", "PATH_EVALUATION_ERROR", "missing member 'a'"),
        ("json_query('[1, 2]', 'lax $[*]' ERROR ON ERROR)", "JSON_OUTPUT_CONVERSION_ERROR", "multiple items"),
        ("json_query('[]', 'lax $[*]' ERROR ON EMPTY)", "JSON_OUTPUT_CONVERSION_ERROR", "found no items"),
        ("json_value('[]', 'lax $[*]' ERROR ON EMPTY)", "JSON_VALUE_RESULT_ERROR", "found no items"),
        ("json_value('[{}]', 'lax $[0]' ERROR ON ERROR)", "JSON_VALUE_RESULT_ERROR", "cannot be converted"),
        (
            "json_value('\"x\"', 'lax $' RETURNING date ERROR ON ERROR)",
            "JSON_VALUE_RESULT_ERROR",
            "Cannot cast",
        ),
        ("json_value('{}', '$.a')", "INVALID_PATH", "lax or strict"),
        ("json_value('{}', 'lax $x' PASSING 1 AS x)", "INVALID_PATH", "no value passed for parameter x"),
        (
            "json_object('x' : null, 'x' : 1 WITH UNIQUE KEYS)",
            "INVALID_FUNCTION_ARGUMENT",
            "duplicate key passed",
        ),
        (
            "json_object('x' : 1, 'x' : 1)",
            "NOT_SUPPORTED",
            "cannot construct a JSON object with duplicate key",
        ),
        ("json_extract('[1]', '$[*]')", "INVALID_FUNCTION_ARGUMENT", "Invalid JSON path"),
    ],
)
def test_an_error_has_trinos_name(value: Value, expression: str, name: str, message: str) -> None:
    with pytest.raises(SqlError, match=message) as failed:
        value(expression)
    assert failed.value.name == name


def test_a_row_that_is_no_json_does_not_spoil_the_others(rows: Rows) -> None:
    given = """(VALUES '{"a":1}', NULL, '{"a":"7"}', 'nope', '{"a":null}', '{"a":true}') t(v)"""
    found = rows(
        f"SELECT json_value(v, 'lax $.a' RETURNING bigint NULL ON EMPTY DEFAULT -1 ON ERROR), 0 FROM {given}"
    )
    assert [row[0] for row in found] == ["1", None, "7", "-1", None, "1"]


def test_a_passed_name_keeps_its_case_only_in_quotes(value: Value) -> None:
    assert value("""json_exists('{"a":1}', 'lax $?(@.a == $N)' PASSING 1 AS n)""") == "true"
    assert value("""json_exists('{"a":1}', 'lax $?(@.a == $n)' PASSING 1 AS "n")""") == "true"


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ("@ == null", "[null]"),
        ('@ starts with "te"', '["text"]'),
        ("(@ > 1) is unknown", '["text",true]'),
        ("@ == true || @ == 2", "[true,2]"),
        ("@ > 1 && @ < 3", "[2]"),
    ],
)
def test_a_predicate_never_fails(value: Value, predicate: str, expected: str) -> None:
    given = '[null, "text", true, 2]'
    assert value(f"json_query('{given}', 'lax $[*]?({predicate})' WITH WRAPPER)") == expected


def test_an_objects_members_stand_in_the_order_of_javas_hashes() -> None:
    assert hashed(["Aa", "BB", "b", "a"]) == [
        "Aa",
        "BB",
        "a",
        "b",
    ]  # 2112, 2112, 97 and 98: buckets 0, 0, 1, 2


def test_what_is_not_written_is_refused_by_name(value: Value) -> None:
    for expression in (
        """json_value('"2020"', 'lax $.datetime()')""",
        "json_array(X'5B0035005D00' FORMAT JSON ENCODING UTF16)",
        "json_query(JSON '[1]', 'lax $')",
        "json_exists('1', 'lax $?(@ == $D)' PASSING DATE '2020-01-01' AS d)",
    ):
        with pytest.raises(NotSupported):
            value(expression)
