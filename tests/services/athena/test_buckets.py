"""Bucketed tables: the files that CREATE TABLE AS writes, and the one that a query reads."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Lab

ROWS = (
    "SELECT n AS id, CAST(n AS bigint) - 500 AS big, chr(97 + n % 26) || 'é' AS letter, n % 2 = 0 AS even, "
    "date_add('day', n, DATE '1999-12-31') AS day, n % 3 AS part FROM UNNEST(sequence(0, 999)) AS t (n)"
)


def made(lab: Lab, columns: str, more: str = "") -> list[str]:
    """The names of the files of a table `b` in eight buckets."""
    lab.run(f"CREATE TABLE b WITH (bucketed_by = ARRAY[{columns}], bucket_count = 8{more}) AS {ROWS}")
    location = lab.glue.get_table(DatabaseName=lab.database, Name="b")["Table"]["StorageDescriptor"][
        "Location"
    ]
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    listed = lab.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]
    return [each["Key"].removeprefix(prefix) for each in listed]


def scanned(lab: Lab, text: str) -> int:
    return int(lab.run(text)["Statistics"]["DataScannedInBytes"])


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "77"), ("big", "-77"), ("letter", "'cé'"), ("even", "true"), ("day", "DATE '2000-03-01'")],
)
def test_rows_of_every_type_are_found_again(lab: Lab, column: str, value: str) -> None:
    made(lab, f"'{column}'")
    of_all = lab.rows(f"SELECT count(*) FROM ({ROWS}) WHERE {column} = {value}")
    assert of_all != [["0"]]
    assert lab.rows(f"SELECT count(*) FROM b WHERE {column} = {value}") == of_all


def test_one_value_reads_one_file(lab: Lab) -> None:
    files = made(lab, "'id'", ", format = 'TEXTFILE', write_compression = 'NONE'")
    assert len(files) == 8
    assert all(f"bucket-{n:05}" in name for n, name in enumerate(sorted(files)))
    whole = scanned(lab, "SELECT id FROM b")
    assert 0 < scanned(lab, "SELECT id FROM b WHERE id = 5") < whole / 7
    assert 0 < scanned(lab, "SELECT id FROM b WHERE id IN (5, 13) AND part >= 0") < whole / 7
    assert scanned(lab, "SELECT id FROM b WHERE id > 5") == whole
    assert scanned(lab, "SELECT id FROM b WHERE id = 5 OR part = 1") == whole


def test_partitions_have_buckets_of_their_own(lab: Lab) -> None:
    files = made(lab, "'big', 'even'", ", partitioned_by = ARRAY['part']")
    assert len(files) == 24
    assert lab.rows("SELECT letter, part FROM b WHERE big = -490 AND even = true") == [["ké", "1"]]
    table: dict[str, Any] = lab.glue.get_table(DatabaseName=lab.database, Name="b")["Table"]
    assert table["StorageDescriptor"]["BucketColumns"] == ["big", "even"]
    assert table["StorageDescriptor"]["NumberOfBuckets"] == 8


def test_a_bucketed_table_takes_no_further_rows(lab: Lab) -> None:
    made(lab, "'id'")
    assert "bucketed tables" in lab.fail("INSERT INTO b SELECT * FROM b")["StateChangeReason"]


def test_columns_and_count_belong_together(lab: Lab) -> None:
    reason = lab.fail("CREATE TABLE b WITH (bucketed_by = ARRAY['a']) AS SELECT 1 AS a")["StateChangeReason"]
    assert "bucket_count" in reason
    made = "CREATE TABLE b WITH (bucketed_by = ARRAY['x'], bucket_count = 2) AS SELECT 1 AS a"
    assert "not present in schema" in lab.fail(made)["StateChangeReason"]
