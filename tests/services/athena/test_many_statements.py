"""Statements as people send them: many at once, with parameters of every type, views on views, every format written
and read back, answers of DDL."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Lab

PARAMETERS = {
    "12": "12",
    "-3.5": "-3.5",
    "'text'": "text",
    "'O''Reilly'": "O'Reilly",
    "true": "true",
    "DATE '2024-02-29'": "2024-02-29",
    "TIMESTAMP '2024-02-29 10:00:00.000'": "2024-02-29 10:00:00.000",
    "DECIMAL '1.50'": "1.50",
    "CAST(7 AS bigint)": "7",
    "ARRAY[1, 2]": "[1, 2]",
    "NULL": None,
    "9223372036854775807": "9223372036854775807",
    "X'4142'": "41 42",
    "INTERVAL '2' DAY": "2 00:00:00.000",
}
FORMATS = {
    "PARQUET": ["SNAPPY", "GZIP", "ZSTD", "LZ4", "NONE"],
    "ORC": ["SNAPPY", "ZLIB", "ZSTD", "LZ4", "NONE"],
    "AVRO": ["SNAPPY", "GZIP", "NONE"],
    "JSON": ["GZIP", "NONE"],
    "TEXTFILE": ["GZIP", "NONE"],
}
EVERY = (
    "SELECT 1 AS i, CAST(9000000000 AS bigint) AS l, 1.5 AS d, 'tëxt, \"q\"' AS s, true AS b, "
    "DECIMAL '12.34' AS n, DATE '2024-02-29' AS t, CAST(NULL AS varchar) AS z"
)
SHOWN = ["1", "9000000000", "1.5", 'tëxt, "q"', "true", "12.34", "2024-02-29", None]


def test_fifty_queries_at_once_have_each_their_own_answer(lab: Lab) -> None:
    """One of them is wrong, and fails alone."""
    texts = [f"SELECT {n} * x, count(*) FROM (VALUES 2) AS t (x) GROUP BY 1" for n in range(49)]
    names = [lab.start(text) for text in [*texts, "SELECT 1 / 0"]]
    ended = [lab.wait(name) for name in names]
    assert [each["Status"]["State"] for each in ended] == ["SUCCEEDED"] * 49 + ["FAILED"]
    assert ended[-1]["Status"]["StateChangeReason"].startswith("DIVISION_BY_ZERO")
    for number, name in enumerate(names[:-1]):
        rows = lab.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
        assert [each["VarCharValue"] for each in rows[1]["Data"]] == [str(2 * number), "1"]


def test_parameters_of_every_type_stand_for_question_marks(lab: Lab) -> None:
    holes = ", ".join("?" for _ in PARAMETERS)
    (row,) = lab.rows(f"SELECT {holes}", ExecutionParameters=list(PARAMETERS))
    assert row == list(PARAMETERS.values())


def test_a_prepared_statement_takes_them_by_using(lab: Lab) -> None:
    name = f"p_{lab.database}"
    lab.run(f"PREPARE {name} FROM SELECT x FROM (VALUES 1, 2, 3) AS t (x) WHERE x >= ? AND x < ? ORDER BY x")
    assert lab.rows(f"EXECUTE {name} USING 2, 4") == [["2"], ["3"]]
    assert lab.rows(f"EXECUTE {name}", ExecutionParameters=["1", "3"]) == [["1"], ["2"]]
    assert "Incorrect number of parameters" in lab.fail(f"EXECUTE {name} USING 2")["StateChangeReason"]
    lab.run(f"DEALLOCATE PREPARE {name}")
    assert "FAILED" in lab.fail(f"EXECUTE {name} USING 2, 4")["State"]


def test_views_stand_on_views(people: Lab) -> None:
    people.run("CREATE VIEW born AS SELECT id, born FROM people WHERE born > 1900")
    people.run("CREATE OR REPLACE VIEW ages (id, age) AS SELECT id, 2000 - born FROM born")
    assert people.rows("SELECT id, age FROM ages ORDER BY id") == [["2", "94"], ["3", "88"]]
    people.run("CREATE OR REPLACE VIEW born AS SELECT id, born FROM people WHERE born < 1900")
    assert people.rows("SELECT * FROM ages") == [["1", "185"]]
    people.run("DROP VIEW born")
    assert "born" in people.fail("SELECT * FROM ages")["StateChangeReason"]


@pytest.mark.parametrize(("form", "codecs"), FORMATS.items())
def test_what_is_written_in_a_format_is_read_from_it(lab: Lab, form: str, codecs: list[str]) -> None:
    for codec in codecs:
        table = f"t_{form}_{codec}".lower()
        lab.run(f"CREATE TABLE {table} WITH (format = '{form}', write_compression = '{codec}') AS {EVERY}")
        assert lab.rows(f"SELECT i, l, d, s, b, n, t, z FROM {table}") == [SHOWN], codec
    lab.run(f"INSERT INTO {table} {EVERY.replace('SELECT 1 ', 'SELECT 2 ')}")
    assert lab.rows(f"SELECT count(*), sum(i), sum(n) FROM {table}") == [["2", "3", "24.68"]]


@pytest.mark.parametrize(("form", "codec"), [("PARQUET", "zstd"), ("ORC", "zlib"), ("AVRO", "snappy"),
                                             ("JSON", "gzip"), ("TEXTFILE", "gzip")])  # fmt: skip
def test_unload_writes_files_of_its_own(lab: Lab, form: str, codec: str) -> None:
    place = f"s3://{lab.bucket}/unloaded/{form}/"
    lab.run(f"UNLOAD (SELECT x, x * 2 AS y FROM (VALUES 1, 2, 3) AS t (x)) TO '{place}' "
            f"WITH (format = '{form}', compression = '{codec}')")  # fmt: skip
    keys = lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix=f"unloaded/{form}/")["KeyCount"]
    assert keys >= 1
    again = lab.fail(f"UNLOAD (SELECT 1 AS x) TO '{place}' WITH (format = '{form}')")
    assert "HIVE_PATH_ALREADY_EXISTS" in again["StateChangeReason"]


def test_partitions_are_written_and_found(lab: Lab) -> None:
    lab.run(
        "CREATE TABLE sales WITH (format = 'PARQUET', partitioned_by = ARRAY['y', 'm']) AS "
        "SELECT x AS amount, 2020 + x % 2 AS y, date_format(date_add('month', x, DATE '2020-01-01'), '%m') AS m "
        "FROM UNNEST(sequence(1, 10)) AS t (x)"
    )
    assert lab.rows("SELECT y, sum(amount), count(DISTINCT m) FROM sales GROUP BY y ORDER BY y") == [
        ["2020", "30", "5"],
        ["2021", "25", "5"],
    ]
    assert lab.rows("SELECT amount FROM sales WHERE y = 2021 AND m = '02'") == [["1"]]
    assert lab.rows('SELECT count(*) FROM "sales$partitions"') == [["10"]]
    assert "y=2021/m=02" in lab.lines("SHOW PARTITIONS sales")
    lab.run("INSERT INTO sales SELECT 100, 2022, '01'")
    assert lab.rows("SELECT max(y), sum(amount) FROM sales") == [["2022", "155"]]


def test_nan_in_a_file_is_no_great_number(lab: Lab) -> None:
    lab.put("measures/data.csv", "1,0.5\n2,NaN\n3,7.5\n4,\n")
    lab.run(
        "CREATE EXTERNAL TABLE measures (id int, x double) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
        f"LOCATION 's3://{lab.bucket}/measures/'"
    )
    assert lab.rows("SELECT id FROM measures WHERE x > 1") == [["3"]]
    assert lab.rows("SELECT max(x), count(x), count_if(is_nan(x)) FROM measures") == [["7.5", "3", "1"]]
    assert lab.rows("SELECT id FROM measures ORDER BY x DESC, id") == [["2"], ["3"], ["1"], ["4"]]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("SELECT nope FROM people", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot be resolved"),
        ("SELECT * FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog."),
        (
            "SELECT id FROM people GROUP BY name",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'id' must be an aggregate",
        ),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered"),
        ("SELECT 'a' + 1", "TYPE_MISMATCH: line 1:8: Cannot apply operator: varchar(1) + integer"),
        ("SELECT CAST('x' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT"),
        (
            "SELECT * FROM people MATCH_RECOGNIZE (ORDER BY id PATTERN (A) DEFINE A AS id > 1)",
            "NOT_SUPPORTED",
        ),
    ],
)
def test_mistakes_are_told_in_athenas_words(people: Lab, text: str, error: str) -> None:
    status: dict[str, Any] = people.fail(text)
    assert status["StateChangeReason"].startswith(error)
    assert status["AthenaError"]["ErrorCategory"] in (1, 2, 3)
