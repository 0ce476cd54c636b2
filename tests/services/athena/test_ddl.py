"""Hive's DDL, and that Glue holds what it says."""

from __future__ import annotations

import pytest

from .conftest import Lab


def test_databases_are_made_shown_and_dropped(lab: Lab) -> None:
    name = f"{lab.database}_two"
    lab.run(f"CREATE DATABASE {name} COMMENT 'a second one' LOCATION 's3://{lab.bucket}/two/'")
    assert lab.glue.get_database(Name=name)["Database"]["Description"] == "a second one"
    assert lab.lines(f"SHOW DATABASES LIKE '{lab.database}*'") == [lab.database, name]
    assert "already exists" in lab.fail(f"CREATE DATABASE {name}")["StateChangeReason"]
    lab.run(f"CREATE SCHEMA IF NOT EXISTS `{name}`")
    lab.run(f"DROP DATABASE {name}")
    lab.run(f"DROP DATABASE IF EXISTS {name}")
    assert "Database does not exist" in lab.fail(f"DROP DATABASE {name}")["StateChangeReason"]


def test_a_database_with_tables_is_dropped_by_cascade_only(people: Lab) -> None:
    assert "is not empty" in people.fail(f"DROP DATABASE {people.database}")["StateChangeReason"]
    people.run(f"DROP DATABASE {people.database} CASCADE")


def test_a_table_is_described_as_it_was_made(lab: Lab) -> None:
    lab.run(
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{lab.database}`.`t` "
        "(`a` int COMMENT 'first', b array<struct<x:int,y:string>>)\n"
        "COMMENT 'some table' PARTITIONED BY (d string, n int)\n"
        r"ROW FORMAT DELIMITED FIELDS TERMINATED BY '\t' ESCAPED BY '\\' NULL DEFINED AS 'NA' "
        f"STORED AS TEXTFILE LOCATION 's3://{lab.bucket}/t/' TBLPROPERTIES ('skip.header.line.count'='1', 'k'='v')"
    )
    table = lab.glue.get_table(DatabaseName=lab.database, Name="t")["Table"]
    storage = table["StorageDescriptor"]
    assert storage["Columns"] == [
        {"Name": "a", "Type": "int", "Comment": "first"},
        {"Name": "b", "Type": "array<struct<x:int,y:string>>"},
    ]
    assert storage["SerdeInfo"]["Parameters"]["field.delim"] == "\t"
    assert storage["SerdeInfo"]["Parameters"]["escape.delim"] == "\\"
    assert storage["SerdeInfo"]["Parameters"]["serialization.null.format"] == "NA"
    assert [each["Name"] for each in table["PartitionKeys"]] == ["d", "n"]
    described = lab.lines("DESCRIBE t")
    assert described[0] == "a                   \tint                 \tfirst               "
    assert "# Partition Information\t \t " in described
    shown = "\n".join(lab.lines("SHOW CREATE TABLE t"))
    assert shown.startswith("CREATE EXTERNAL TABLE `t`(\n  `a` int COMMENT 'first', \n")
    assert "'k'='v'" in shown
    assert "\n  `b` array<struct<x:int,y:string>>)\n" in shown
    named = "\n".join(lab.lines(f"SHOW CREATE TABLE {lab.database}.t"))
    assert named.startswith(f"CREATE EXTERNAL TABLE `{lab.database}.t`(\n")
    assert [each.strip() for each in lab.lines("SHOW COLUMNS IN t")] == ["a", "b", "d", "n"]
    assert "k\tv" in lab.lines("SHOW TBLPROPERTIES t")


def test_partitions_are_added_renamed_shown_and_dropped(lab: Lab) -> None:
    lab.run(
        f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (d string) STORED AS PARQUET LOCATION 's3://{lab.bucket}/t/'"
    )
    lab.run(
        f"ALTER TABLE t ADD PARTITION (d = 'x') LOCATION 's3://{lab.bucket}/elsewhere/' PARTITION (d = 'y')"
    )
    assert lab.lines("SHOW PARTITIONS t") == ["d=x", "d=y"]
    found = lab.glue.get_partition(DatabaseName=lab.database, TableName="t", PartitionValues=["y"])[
        "Partition"
    ]
    assert found["StorageDescriptor"]["Location"] == f"s3://{lab.bucket}/t/d=y/"
    assert "already exists" in lab.fail("ALTER TABLE t ADD PARTITION (d = 'x')")["StateChangeReason"]
    lab.run("ALTER TABLE t ADD IF NOT EXISTS PARTITION (d = 'x')")
    lab.run("ALTER TABLE t PARTITION (d = 'y') RENAME TO PARTITION (d = 'z')")
    lab.run("ALTER TABLE t DROP PARTITION (d = 'x')")
    assert lab.lines("SHOW PARTITIONS t") == ["d=z"]


def test_partitions_are_the_rows_of_a_table(lab: Lab) -> None:
    place = f"s3://{lab.bucket}/visits/"
    lab.run(f"CREATE EXTERNAL TABLE visits (n int) PARTITIONED BY (d date, h int) LOCATION '{place}'")
    assert lab.rows('SELECT * FROM "visits$partitions"') == []
    for day, hour in (("2024-02-01", 2), ("2024-01-31", 10)):
        lab.run(f"ALTER TABLE visits ADD PARTITION (d = '{day}', h = {hour})")
    assert lab.rows('SELECT * FROM "visits$partitions" ORDER BY h') == [
        ["2024-02-01", "2"], ["2024-01-31", "10"],
    ]  # fmt: skip
    latest = "SELECT max(d) + INTERVAL '1' DAY FROM \"visits$partitions\" WHERE h < 9"
    assert lab.rows(latest) == [["2024-02-02"]]
    lab.run(f"CREATE EXTERNAL TABLE plain (n int) LOCATION '{place}plain/'")
    assert "does not exist" in lab.fail('SELECT * FROM "plain$partitions"')["StateChangeReason"]


def test_hives_texts_have_backslashes_before_quotes(lab: Lab) -> None:
    place = f"s3://{lab.bucket}/t/"
    lab.run(
        rf"""CREATE EXTERNAL TABLE t (a int COMMENT 'it\'s "x"', b int COMMENT "a \"b\"") LOCATION '{place}'"""
    )
    found = lab.glue.get_table(DatabaseName=lab.database, Name="t")["Table"]["StorageDescriptor"]
    assert [each["Comment"] for each in found["Columns"]] == ['it\'s "x"', 'a "b"']
    assert found["Location"] == f"s3://{lab.bucket}/t"


def test_a_comment_of_several_lines_is_squashed(lab: Lab) -> None:
    """As PyAthena's tests have seen it on AWS, and which class it is that JSON is written with."""
    place = f"s3://{lab.bucket}/t/"
    serde = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
    lab.run(f"CREATE EXTERNAL TABLE t (a int) COMMENT 'one\n\n   two' {serde} LOCATION '{place}'")
    found = lab.glue.get_table(DatabaseName=lab.database, Name="t")["Table"]
    assert found["Parameters"]["comment"] == "one two"
    output = "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"
    assert found["StorageDescriptor"]["OutputFormat"] == output


def test_repair_finds_partitions_by_the_names_of_folders(lab: Lab) -> None:
    for day, value in (("2020-01-01", 1), ("2020-01-02", 2)):
        lab.put(f"t/d={day}/data.csv", f"{value}\n")
    lab.put("t/other/data.csv", "9\n")
    lab.run("CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (d date) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
            f"LOCATION 's3://{lab.bucket}/t/'")  # fmt: skip
    assert lab.rows("SELECT count(*) FROM t") == [["0"]]
    said = lab.lines("MSCK REPAIR TABLE t")
    assert said[0] == "Partitions not in metastore:\tt:d=2020-01-01\tt:d=2020-01-02"
    assert lab.lines("MSCK REPAIR TABLE t") == []
    assert lab.rows("SELECT d, a FROM t WHERE d > DATE '2020-01-01'") == [["2020-01-02", "2"]]


def test_columns_properties_and_location_can_be_altered(people: Lab) -> None:
    people.run("ALTER TABLE people ADD COLUMNS (extra string)")
    assert people.rows("SELECT extra FROM people WHERE id = 1") == [[None]]
    people.run("ALTER TABLE people REPLACE COLUMNS (id int, name string)")
    people.run("ALTER TABLE people SET TBLPROPERTIES ('note' = 'x')")
    people.run(f"ALTER TABLE people SET LOCATION 's3://{people.bucket}/nothing/'")
    assert people.rows("SELECT count(*) FROM people") == [["0"]]
    table = people.glue.get_table(DatabaseName=people.database, Name="people")["Table"]
    assert table["Parameters"]["note"] == "x"
    assert table["Parameters"]["skip.header.line.count"] == "1"


def test_dropping_a_table_keeps_its_data(people: Lab) -> None:
    people.run("DROP TABLE people")
    assert people.s3.list_objects_v2(Bucket=people.bucket, Prefix="people/")["KeyCount"] == 1
    people.run("DROP TABLE IF EXISTS people")
    assert "Table not found" in people.fail("DROP TABLE people")["StateChangeReason"]


def test_views_are_kept_as_athena_keeps_them(people: Lab) -> None:
    people.run("CREATE VIEW old AS SELECT id, name FROM people WHERE born < 1900")
    table = people.glue.get_table(DatabaseName=people.database, Name="old")["Table"]
    assert (table["TableType"], table["ViewOriginalText"][:17]) == ("VIRTUAL_VIEW", "/* Presto View: e")
    assert people.rows("SELECT * FROM old") == [["1", "Ada"]]
    assert "already exists" in people.fail("CREATE VIEW old AS SELECT 1 AS a")["StateChangeReason"]
    people.run("CREATE OR REPLACE VIEW old AS SELECT count(*) AS n FROM people")
    assert people.rows("SELECT n FROM old") == [["3"]]
    assert people.lines("SHOW VIEWS") == ["old"]
    assert people.lines("SHOW TABLES") == ["old", "people"]
    people.run("DROP VIEW old")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CREATE TABLE t (a int) LOCATION 's3://b/t/'", "Tables in Athena are external"),
        ("CREATE EXTERNAL TABLE t (a wrong) LOCATION 's3://b/t/'", "cannot recognize input near 'a' 'wrong'"),
        ("CREATE EXTERNAL TABLE t (a int)", "A LOCATION is needed"),
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 'None'", "The LOCATION 'None' is no folder in S3"),
        ("ALTER TABLE t SET LOCATION 'data/t'", "The LOCATION 'data/t' is no folder in S3"),
        (
            "CREATE TABLE t (a tinyint) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='ICEBERG')",
            "Type is not supported in Iceberg: a tinyint",
        ),
        (
            "CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='ICEBERG')",
            "An Iceberg table is no EXTERNAL one",
        ),
        ("CREATE TABLE t (a int) PARTITIONED BY (a) LOCATION 's3://b/t/'", "takes columns with their types"),
    ],
)
def test_a_definition_that_cannot_be_is_refused(lab: Lab, text: str, said: str) -> None:
    with pytest.raises(lab.athena.exceptions.InvalidRequestException, match=said):
        lab.start(text)


def test_a_view_may_have_rows_without_names(lab: Lab) -> None:
    lab.run("CREATE VIEW v AS SELECT 1 AS id, ARRAY[ROW(1, 'x', ROW(true))] AS rows")
    assert lab.rows("SELECT id, rows[1][2], cardinality(rows) FROM v") == [["1", "x", "1"]]


def test_a_serde_that_tells_the_columns_tells_their_comments(people: Lab) -> None:
    assert people.lines("DESCRIBE people")[0].split() == ["id", "int", "from", "deserializer"]
    assert "  `id` int COMMENT 'from deserializer', " in people.lines("SHOW CREATE TABLE people")


def test_a_serialization_format_that_is_usual_is_not_shown(lab: Lab) -> None:
    lab.run(f"CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET LOCATION 's3://{lab.bucket}/t/'")
    assert "WITH SERDEPROPERTIES" not in "\n".join(lab.lines("SHOW CREATE TABLE t"))


def test_a_table_without_partitions_has_nothing_to_repair(people: Lab) -> None:
    assert people.lines("MSCK REPAIR TABLE people") == []
    assert people.glue.get_partitions(DatabaseName=people.database, TableName="people")["Partitions"] == []


def test_a_column_what_is_inside_it_and_a_partition_are_described(lab: Lab) -> None:
    lab.run(
        "CREATE EXTERNAL TABLE t (a int COMMENT 'first', s struct<x:int,l:array<map<string,double>>>) "
        f"PARTITIONED BY (d string) LOCATION 's3://{lab.bucket}/t/'"
    )
    lab.run(f"ALTER TABLE t ADD PARTITION (d = 'one') LOCATION 's3://{lab.bucket}/elsewhere/'")
    assert lab.lines("DESCRIBE t a")[0].split() == ["a", "int", "first"]
    assert lab.lines("DESCRIBE t s.x")[0].split() == ["x", "int"]
    assert lab.lines("DESCRIBE t s.l.'$elem$'.'$value$'")[0].split() == ["$value$", "double"]
    assert lab.lines("DESCRIBE t PARTITION (d = 'one')") == lab.lines("DESCRIBE t")
    found = "\n".join(lab.lines(f"DESCRIBE FORMATTED {lab.database}.t PARTITION (d = 'one')"))
    assert "# Detailed Partition Information" in found
    assert "elsewhere" in found
    assert lab.lines("DESCRIBE FORMATTED t PARTITION (d = 'one') d")[0].split() == ["d", "string"]
    for wrong, said in (
        ("DESCRIBE t nope", "Invalid column reference nope"),
        ("DESCRIBE t s.nope", "Invalid column reference nope"),
        ("DESCRIBE t PARTITION (d = 'two')", "Partition not found"),
    ):
        assert said in lab.fail(wrong)["StateChangeReason"]


def test_a_column_that_is_named_twice_is_told(lab: Lab) -> None:
    for text in ("CREATE TABLE twice AS SELECT 1 AS a, 2 AS a", "CREATE VIEW twice AS SELECT 1 AS a, 2 AS A"):
        assert "Column name 'a' specified more than once" in lab.fail(text)["StateChangeReason"]
