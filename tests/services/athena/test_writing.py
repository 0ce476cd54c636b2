"""CREATE TABLE AS, INSERT INTO, UNLOAD: the files, the manifest, the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .conftest import Lab


def test_a_table_made_by_a_query_lies_where_it_was_told_to(people: Lab) -> None:
    location = f"s3://{people.bucket}/made/"
    found = people.run(
        f"CREATE TABLE made WITH (external_location = '{location}', format = 'PARQUET') AS SELECT id, name FROM people"
    )
    assert found["StatementType"] == "DDL"
    assert found["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    manifest = found["Statistics"]["DataManifestLocation"]
    assert manifest == f"s3://{people.bucket}/results/tables/{found['QueryExecutionId']}-manifest.csv"
    files = people.read(manifest).decode().split()
    assert all(each.startswith(location) for each in files)
    assert pq.read_table(pa.BufferReader(people.read(files[0]))).num_rows == 3
    assert people.rows("SELECT name FROM made WHERE id = 2") == [["Hopper, Grace"]]
    again = people.fail("CREATE TABLE made AS SELECT 1 AS a")["StateChangeReason"]
    assert (
        again
        == f"TABLE_ALREADY_EXISTS: line 1:1: Destination table 'awsdatacatalog.{people.database}.made' already exists"
    )
    people.run("CREATE TABLE IF NOT EXISTS made AS SELECT 1 AS a")


def test_a_place_with_data_is_not_written_over(people: Lab) -> None:
    status = people.fail(
        f"CREATE TABLE t WITH (external_location = 's3://{people.bucket}/people/') AS SELECT 1 AS a"
    )
    assert status["StateChangeReason"].startswith("HIVE_PATH_ALREADY_EXISTS: Target directory for table")


def test_partitions_of_a_made_table_are_known_and_pruned(people: Lab) -> None:
    people.run(
        "CREATE TABLE parts WITH (partitioned_by = ARRAY['born']) AS SELECT id, name, born FROM people"
    )
    assert people.lines("SHOW PARTITIONS parts") == ["born=1815", "born=1906", "born=1912"]
    whole = people.run("SELECT id FROM parts")["Statistics"]["DataScannedInBytes"]
    one = people.run("SELECT id FROM parts WHERE born = 1815")["Statistics"]["DataScannedInBytes"]
    assert 0 < one < whole
    assert "Partition keys must be the last columns" in people.fail(
        "CREATE TABLE wrong WITH (partitioned_by = ARRAY['id']) AS SELECT id, name FROM people"
    )["StateChangeReason"]  # fmt: skip


def test_no_data_makes_an_empty_table(people: Lab) -> None:
    people.run("CREATE TABLE empty AS SELECT * FROM people WITH NO DATA")
    assert people.rows("SELECT count(*) FROM empty") == [["0"]]


def test_insert_adds_rows_and_partitions(people: Lab) -> None:
    people.run(
        "CREATE TABLE parts WITH (partitioned_by = ARRAY['born']) AS SELECT id, name, born FROM people"
    )
    found = people.run("INSERT INTO parts VALUES (4, 'Alan', 1912), (5, 'Edsger', 1930)")
    assert people.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])["UpdateCount"] == 2
    people.run("INSERT INTO parts (id, born) SELECT 6, 1938")
    assert people.rows("SELECT born, count(*) FROM parts GROUP BY 1 ORDER BY 1")[2:] == [
        ["1912", "2"],
        ["1930", "1"],
        ["1938", "1"],
    ]
    assert people.rows("SELECT name FROM parts WHERE id = 6") == [[None]]
    assert (
        "Insert query has mismatched column types"
        in people.fail("INSERT INTO parts VALUES (1)")["StateChangeReason"]
    )


def test_a_number_that_is_written_out_is_taken_for_a_decimal(people: Lab) -> None:
    """Athena wants it spelt DECIMAL '1.20'; what is computed is a double here as there."""
    place = f"s3://{people.bucket}/prices/"
    people.run(f"CREATE EXTERNAL TABLE prices (a decimal(6,2), b float) STORED AS PARQUET LOCATION '{place}'")
    people.run("INSERT INTO prices VALUES (1.20, 0.5), (-3, NULL), (7.005, 1.25)")
    assert people.rows("SELECT * FROM prices ORDER BY a") == [
        ["-3.00", None], ["1.20", "0.5"], ["7.01", "1.25"],
    ]  # fmt: skip
    refused = people.fail("INSERT INTO prices SELECT a * 1.1, b FROM prices")
    assert "Insert query has mismatched column types" in refused["StateChangeReason"]


def test_text_and_json_tables_take_inserts_and_read_them_back(people: Lab) -> None:
    for form in ("TEXTFILE", "JSON"):
        people.run(f"CREATE TABLE t_{form} WITH (format = '{form}') AS SELECT id, name, born FROM people")
        people.run(f"INSERT INTO t_{form} SELECT id + 10, name, born FROM people")
        found = people.rows(f"SELECT id, name FROM t_{form} ORDER BY id")
        assert found == [
            ["1", "Ada"],
            ["2", "Hopper, Grace"],
            ["3", ""],
            ["11", "Ada"],
            ["12", "Hopper, Grace"],
            ["13", ""],
        ]


def test_unload_leaves_files_and_no_table(people: Lab) -> None:
    found = people.run(
        f"UNLOAD (SELECT id FROM people) TO 's3://{people.bucket}/unloaded/' WITH (format = 'PARQUET')"
    )
    files = people.read(found["Statistics"]["DataManifestLocation"]).decode().split()
    assert pq.read_table(pa.BufferReader(people.read(files[0])))["id"].to_pylist() == [1, 2, 3]
    assert people.lines("SHOW TABLES") == ["people"]


@pytest.mark.parametrize("form", ["TEXTFILE", "JSON", "PARQUET", "ORC", "AVRO"])
def test_partitions_of_every_format_lie_in_folders(people: Lab, form: str) -> None:
    """A NULL has a folder too."""
    place = f"s3://{people.bucket}/out/"
    query = "SELECT id, CASE WHEN id < 3 THEN 'a/' || name END AS part FROM people"
    people.run(f"UNLOAD ({query}) TO '{place}' WITH (format = '{form}', partitioned_by = ARRAY['part'])")
    listed = people.s3.list_objects_v2(Bucket=people.bucket, Prefix="out/")["Contents"]
    folders = sorted(each["Key"].split("/")[1] for each in listed)
    assert folders == ["part=__HIVE_DEFAULT_PARTITION__", "part=a%2FAda", "part=a%2FHopper%2C%20Grace"]
    people.run(
        f"CREATE EXTERNAL TABLE again (id int) PARTITIONED BY (part string) STORED AS {form} LOCATION '{place}'"
    )
    people.run("MSCK REPAIR TABLE again")
    assert people.rows("SELECT id, part FROM again ORDER BY id") == [
        ["1", "a/Ada"],
        ["2", "a/Hopper, Grace"],
        ["3", None],
    ]


def test_rows_of_a_table_have_names(people: Lab) -> None:
    status = people.fail("CREATE TABLE made AS SELECT ARRAY[ROW(1, 'x')] AS r")
    assert "Please give each field a name" in status["StateChangeReason"]
    people.run("CREATE TABLE made AS SELECT CAST(ROW(1, 'x') AS ROW(a integer, b varchar)) AS r")
    assert people.rows("SELECT r.b FROM made") == [["x"]]


def test_avro_is_packed_with_snappy(people: Lab) -> None:
    people.run(
        "CREATE TABLE made WITH (format = 'AVRO', write_compression = 'SNAPPY') AS SELECT id, name FROM people"
    )
    assert people.rows("SELECT name FROM made WHERE id = 2") == [["Hopper, Grace"]]


def test_the_default_database_is_made_when_it_is_wanted(client: Callable[..., Any]) -> None:
    glue, athena = client("glue", region_name="eu-north-1"), client("athena", region_name="eu-north-1")
    s3 = client("s3", region_name="eu-north-1")
    assert "default" not in [each["Name"] for each in glue.get_databases()["DatabaseList"]]
    s3.create_bucket(
        Bucket="lab-of-the-north", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
    )
    lab = Lab(athena, s3, glue, "lab-of-the-north", "default")
    lab.run("CREATE TABLE t AS SELECT 1 AS a")
    assert glue.get_table(DatabaseName="default", Name="t")["Table"]["Name"] == "t"
