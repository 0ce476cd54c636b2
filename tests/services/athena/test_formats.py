"""ORC and Avro: files of others read, files of Athena's own written.

https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
"""

from __future__ import annotations

import io

import fastavro
import pyarrow as pa
import pytest
from pyarrow import orc

from .conftest import Lab

FULL = """
SELECT 1 AS i, BIGINT '7' AS l, 1.5E0 AS d, DECIMAL '12.34' AS p, 'text' AS s, true AS b, DATE '2024-02-29' AS day,
  TIMESTAMP '2024-02-29 10:00:00.123' AS at, ARRAY['x', NULL] AS a, MAP(ARRAY['k'], ARRAY[1]) AS m,
  CAST(ROW(1, 'y') AS row(n integer, t varchar)) AS r, CAST(NULL AS varchar) AS nothing
"""
SHOWN = [
    "1", "7", "1.5", "12.34", "text", "true", "2024-02-29", "2024-02-29 10:00:00.123", "[x, null]", "{k=1}",
    "{n=1, t=y}", None,
]  # fmt: skip


def put(lab: Lab, key: str, content: bytes) -> None:
    lab.s3.put_object(Bucket=lab.bucket, Key=key, Body=content)


def orc_file(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    orc.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("form", ["ORC", "AVRO", "PARQUET"])
def test_what_a_query_gives_is_kept_in_every_format(lab: Lab, form: str) -> None:
    lab.run(f"CREATE TABLE kept WITH (format = '{form}') AS {FULL}")
    assert lab.rows("SELECT * FROM kept") == [SHOWN]
    lab.run(f"INSERT INTO kept {FULL}")
    assert lab.rows("SELECT count(*), sum(p) FROM kept") == [["2", "24.68"]]


@pytest.mark.parametrize(
    ("form", "codec"),
    [("ORC", "SNAPPY"), ("ORC", "ZSTD"), ("ORC", "NONE"), ("AVRO", "BZIP2"), ("AVRO", "NONE")],
)
def test_files_are_packed_as_asked(lab: Lab, form: str, codec: str) -> None:
    lab.run(f"CREATE TABLE packed WITH (format = '{form}', write_compression = '{codec}') AS SELECT 'a' AS a")
    assert lab.rows("SELECT a FROM packed") == [["a"]]


def test_partitions_lie_in_folders_in_orc_too(lab: Lab) -> None:
    lab.run(
        "CREATE TABLE parts WITH (format = 'ORC', partitioned_by = ARRAY['p']) AS "
        "SELECT n, cast(n % 2 AS varchar) AS p FROM unnest(sequence(1, 5)) AS t (n)"
    )
    assert lab.rows("SELECT p, sum(n) FROM parts GROUP BY p ORDER BY p") == [["0", "6"], ["1", "9"]]


def test_orc_columns_are_found_by_place_unless_the_table_says_by_name(lab: Lab) -> None:
    put(lab, "o/a.orc", orc_file(pa.table({"_col0": [1, 2], "_col1": ["x", "y"]})))
    columns = "(id bigint, name string, later string)"
    lab.run(f"CREATE EXTERNAL TABLE by_place {columns} STORED AS ORC LOCATION 's3://{lab.bucket}/o/'")
    assert lab.rows("SELECT * FROM by_place ORDER BY id") == [["1", "x", None], ["2", "y", None]]
    lab.run(
        "CREATE EXTERNAL TABLE by_name (`_col1` string, id bigint) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.ql.io.orc.OrcSerde' WITH SERDEPROPERTIES ('orc.column.index.access' = 'false') "
        f"STORED AS ORC LOCATION 's3://{lab.bucket}/o/'"
    )
    assert lab.rows("SELECT * FROM by_name ORDER BY 1") == [["x", None], ["y", None]]


def test_avro_records_are_read_by_the_names_of_their_fields(lab: Lab) -> None:
    schema = {
        "type": "record",
        "name": "film",
        "fields": [
            {"name": "title", "type": "string"},
            {"name": "year", "type": ["null", "int"], "default": None},
            {"name": "seen", "type": [{"type": "int", "logicalType": "date"}, "null"]},
            {"name": "crew", "type": {"type": "array", "items": {
                "type": "record", "name": "person", "fields": [{"name": "name", "type": "string"}]}}},
            {"name": "kind", "type": {"type": "enum", "name": "kinds", "symbols": ["SHORT", "LONG"]}},
        ],
    }  # fmt: skip
    buffer = io.BytesIO()
    rows = [
        {"title": "Faust", "year": 1926, "seen": "2024-01-31", "crew": [{"name": "Murnau"}], "kind": "LONG"},
        {"title": "Entr'acte", "year": None, "seen": None, "crew": [], "kind": "SHORT"},
    ]
    rows[0]["seen"] = 19753
    fastavro.writer(buffer, fastavro.parse_schema(schema), rows, codec="deflate")
    put(lab, "a/films.avro", buffer.getvalue())
    lab.run(
        "CREATE EXTERNAL TABLE films (Title string, year int, seen date, crew array<struct<name:string>>, kind string) "
        f"STORED AS AVRO LOCATION 's3://{lab.bucket}/a/'"
    )
    assert lab.rows("SELECT * FROM films ORDER BY title DESC") == [
        ["Faust", "1926", "2024-01-31", "[{name=Murnau}]", "LONG"],
        ["Entr'acte", None, None, "[]", "SHORT"],
    ]


@pytest.mark.parametrize("form", ["ORC", "AVRO"])
def test_a_file_that_is_none_is_told(lab: Lab, form: str) -> None:
    put(lab, "bad/x", b"this is no such file, but it is long enough to be looked at")
    lab.run(f"CREATE EXTERNAL TABLE bad (a string) STORED AS {form} LOCATION 's3://{lab.bucket}/bad/'")
    said = lab.fail("SELECT * FROM bad")["StateChangeReason"]
    assert said.startswith(("HIVE_CANNOT_OPEN_SPLIT", "HIVE_BAD_DATA"))


def test_lines_are_taken_apart_by_a_regular_expression(lab: Lab) -> None:
    put(lab, "log/a.log", b"GET /a 200\nPUT /b -\nnonsense\n")
    lab.run(f"""
        CREATE EXTERNAL TABLE log (method string, path string, status int)
        ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'
        WITH SERDEPROPERTIES ('input.regex' = '(?<method>[A-Z]+) (\\\\S+) (?:(\\\\d+)|-)')
        LOCATION 's3://{lab.bucket}/log/'
    """)
    assert sorted(lab.rows("SELECT * FROM log"), key=str) == [
        ["GET", "/a", "200"],
        ["PUT", "/b", None],
        [None, None, None],
    ]


def test_lines_are_taken_apart_by_a_grok_pattern(lab: Lab) -> None:
    put(lab, "mail/a.log", b"Oct  5 10:11:12 mx smtpd[7]: 0123456789A: sent\nnonsense\n")
    lab.run(f"""
        CREATE EXTERNAL TABLE mail (syslogbase string, queue_id string, message string, nobody string)
        ROW FORMAT SERDE 'com.amazonaws.glue.serde.GrokSerDe'
        WITH SERDEPROPERTIES (
            'input.grokCustomPatterns' = 'QUEUEID [0-9A-F]{{7,12}}',
            'input.format' = '%{{SYSLOGBASE}} %{{QUEUEID:queue_id}}: %{{GREEDYDATA:message}}')
        LOCATION 's3://{lab.bucket}/mail/'
    """)
    assert sorted(lab.rows("SELECT * FROM mail"), key=str) == [
        ["Oct  5 10:11:12 mx smtpd[7]:", "0123456789A", "sent", None],
        [None, None, None, None],
    ]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a)", "Number of matching groups (1) doesn't match the number of columns (2)"),
        ("(a", "not supported"),
    ],
)
def test_an_expression_that_does_not_fit_is_told(lab: Lab, pattern: str, said: str) -> None:
    put(lab, "log/a.log", b"a\n")
    lab.run(
        "CREATE EXTERNAL TABLE log (a string, b string) ROW FORMAT SERDE "
        "'org.apache.hadoop.hive.serde2.RegexSerDe' "
        f"WITH SERDEPROPERTIES ('input.regex' = '{pattern}') LOCATION 's3://{lab.bucket}/log/'"
    )
    assert said in lab.fail("SELECT * FROM log")["StateChangeReason"]
