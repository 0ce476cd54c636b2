"""CAST, TRY_CAST, TRY and how values print. https://trino.io/docs/current/functions/conversion.html"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cumulet.engines.sql.base import SqlError

PRINTED = [
    ("CAST(1e10 AS varchar)", "1.0E10"),
    ("12345678e0", "1.2345678E7"),
    ("1234567e0", "1234567.0"),
    ("0.001e0", "0.001"),
    ("0.0001e0", "1.0E-4"),
    ("1.5e300", "1.5E300"),
    ("-123456789.5e0", "-1.234567895E8"),
    ("CAST(3.4e10 AS real)", "3.4E10"),
    ("REAL '1.1'", "1.1"),
    ("CAST(REAL '1.1' AS double)", "1.100000023841858"),
    ("DECIMAL '1.20'", "1.20"),
    ("TIMESTAMP '2020-01-01 00:00:00.120'", "2020-01-01 00:00:00.120"),
    ("CAST(DATE '2020-01-01' AS timestamp)", "2020-01-01 00:00:00.000"),
    ("ARRAY[1, NULL]", "[1, null]"),
    ("map(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}"),
    ("ROW(1, 'x')", "{field0=1, field1=x}"),
    ("X'6162'", "61 62"),
    ("true", "true"),
    ("CAST(2.5 AS integer)", "3"),
    ("CAST(1.005 AS decimal(10,2))", "1.01"),
    ("CAST(2.5e0 AS bigint)", "3"),
    ("CAST(-2.5e0 AS bigint)", "-3"),
    ("CAST('12' AS integer)", "12"),
    ("TRY_CAST('1.5' AS integer)", None),
    ("TRY(1 / 0)", None),
    ("TRY(CAST('x' AS date))", None),
    ("CAST('abc' AS varchar(2))", "ab"),
    ("TIME '13:24:11'", "13:24:11"),
    ("TIME '13:24:11.5'", "13:24:11.5"),
    ("CAST('1:02' AS time)", "01:02:00.000"),
    ("CAST(TIMESTAMP '2020-01-01 13:24:11.789' AS time)", "13:24:11.789"),
    ("CAST(TIME '13:24:11.9876' AS time(1))", "13:24:12.0"),
    ("CAST(TIME '13:24:11' AS varchar)", "13:24:11"),
    ("TRY_CAST('25:00' AS time)", None),
    ("TIME '10:00' < TIME '10:00:01'", "true"),
]
TYPES = [
    ("1", "integer"),
    ("2147483648", "bigint"),
    ("1.5", "double"),
    ("DECIMAL '1.5'", "decimal(2,1)"),
    ("1e0", "double"),
    ("'ab'", "varchar(2)"),
    ("NULL", "unknown"),
    ("ARRAY[1, DECIMAL '2.5']", "array(decimal(11,1))"),
    ("1 + DECIMAL '1.5'", "decimal(12,1)"),
    ("DECIMAL '1.5' * DECIMAL '2.25'", "decimal(5,3)"),
    ("DECIMAL '1.5' * 2.25", "double"),
    ("sum(1)", "bigint"),
    ("avg(1)", "double"),
    ("count(*)", "bigint"),
    ("now()", "timestamp(3) with time zone"),
    ("CAST(ROW(1, 'a') AS ROW(x int, y varchar))", "row(x integer, y varchar)"),
]
FAILING = [
    ("CAST('x' AS integer)", "INVALID_CAST_ARGUMENT", "Cannot cast 'x' to INT"),
    ("CAST(' 1' AS bigint)", "INVALID_CAST_ARGUMENT", "Cannot cast ' 1' to BIGINT"),
    ("CAST('abc' AS date)", "INVALID_CAST_ARGUMENT", "Value cannot be cast to date: abc"),
    ("CAST(3000000000 AS integer)", "NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for integer: 3000000000"),
    ("1 / 0", "DIVISION_BY_ZERO", "Division by zero"),
    ("1 % 0", "DIVISION_BY_ZERO", "Division by zero"),
    ("2147483647 + 1", "NUMERIC_VALUE_OUT_OF_RANGE", "integer addition overflow: 2147483647 + 1"),
    (
        "ARRAY[1][2]",
        "INVALID_FUNCTION_ARGUMENT",
        "Array subscript must be less than or equal to array length: 2 > 1",
    ),
    ("ARRAY[1][0]", "INVALID_FUNCTION_ARGUMENT", "SQL array indices start at 1"),
    ("map(ARRAY['a'], ARRAY[1])['b']", "INVALID_FUNCTION_ARGUMENT", "Key not present in map: b"),
]


@pytest.mark.parametrize(("expression", "expected"), PRINTED)
def test_a_value_prints_as_trino_prints_it(
    value: Callable[[str], str | None], expression: str, expected: str
) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(("expression", "expected"), TYPES)
def test_an_expression_has_trinos_type(
    value: Callable[[str], str | None], expression: str, expected: str
) -> None:
    assert value(f"typeof({expression})") == expected


@pytest.mark.parametrize(("expression", "name", "message"), FAILING)
def test_what_cannot_be_computed_fails_in_trinos_words(
    value: Callable[[str], str | None], expression: str, name: str, message: str
) -> None:
    with pytest.raises(SqlError) as failed:
        value(expression)
    assert (failed.value.name, failed.value.message) == (name, message)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DECIMAL '0.07' BETWEEN 0.06 - 0.01 AND 0.06 + 0.01", "true"),
        ("0.06 + 0.01 = 0.07", "false"),
        ("DECIMAL '0.30' IN (0.1 + 0.2, 7)", "true"),
        ("DECIMAL '0.30' = 0.1 + 0.2", "true"),
        ("DECIMAL '-0.5' > -(0.25 * 3)", "true"),
        ("CASE DECIMAL '0.07' WHEN 0.06 + 0.01 THEN 'seven' END", "seven"),
        ("REAL '0.1' = 0.1", "false"),
    ],
)
def test_a_decimal_is_compared_with_numbers_as_they_are_written(
    value: Callable[[str], str | None], expression: str, expected: str
) -> None:
    """docs/decisions/0013; other comparisons are of doubles."""
    assert value(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("CAST('x' AS char(3))", "x  "),
        ("CAST('abcd' AS char(2))", "ab"),
        ("CAST(CAST('x' AS char(3)) AS varchar) || '|'", "x  |"),
        ("CAST('x' AS char(3)) = 'x'", "true"),
        ("CAST('x' AS char(3)) IN ('y', 'x ')", "true"),
        ("CAST('x' AS char(2)) < CAST('y' AS char(5))", "true"),
        ("CAST('x' AS char(3)) LIKE 'x_ '", "true"),
        ("typeof(coalesce(CAST('x' AS char(2)), CAST('y' AS char(5))))", "char(5)"),
        ("CAST(DECIMAL '1.50' AS json)", "1.50"),
        ("CAST(MAP(ARRAY[1.5], ARRAY[DECIMAL '0.5']) AS json)", '{"1.5":0.5}'),
        ("CAST(JSON '{\"1\": 2}' AS map(bigint, bigint))", "{1=2}"),
        ("CAST('2024-01-01 00:00:00.1239999' AS timestamp)", "2024-01-01 00:00:00.124"),
    ],
)
def test_characters_of_a_fixed_number_and_decimals_in_json(
    value: Callable[[str], str | None], expression: str, expected: str
) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/data-types-considerations.html"""
    assert value(expression) == expected
