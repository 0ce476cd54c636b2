"""Iceberg tables: made, filled, changed, asked as they were, kept in order, and shared with pyiceberg.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog import Catalog, load_catalog

from .conftest import Lab
from .position_deletes import delete_row

MADE = """
CREATE TABLE films (id bigint, name string COMMENT 'as shown', seen timestamp, stars decimal(3,1))
PARTITIONED BY (day(seen), bucket(4, id))
LOCATION 's3://{bucket}/films/'
TBLPROPERTIES ('table_type' = 'ICEBERG', 'format' = 'parquet', 'write_compression' = 'snappy')
"""
ROWS = """
INSERT INTO films VALUES
  (1, 'Metropolis', TIMESTAMP '2024-01-01 10:00:00.123456', DECIMAL '8.3'),
  (2, 'Sunrise', TIMESTAMP '2024-01-02 11:00:00', DECIMAL '8.1'),
  (3, 'The General', NULL, NULL)
"""


@pytest.fixture
def films(lab: Lab) -> Lab:
    """Three films, by the day on which they were seen."""
    lab.run(MADE.format(bucket=lab.bucket))
    lab.run(ROWS)
    return lab


@pytest.fixture
def pyiceberg(server: Any) -> Catalog:
    """pyiceberg's own Glue catalog on the same server."""
    found = server.environment
    settings = {
        "type": "glue",
        "glue.endpoint": server.endpoint,
        "s3.endpoint": server.endpoint,
        "client.region": "us-east-1",
        "client.access-key-id": found["AWS_ACCESS_KEY_ID"],
        "client.secret-access-key": found["AWS_SECRET_ACCESS_KEY"],
    }
    if token := found.get("AWS_SESSION_TOKEN"):
        settings["client.session-token"] = token
    return load_catalog("cumulet", **settings)


def names(lab: Lab, clause: str = "") -> list[str | None]:
    return [row[0] for row in lab.rows(f"SELECT name FROM films {clause} ORDER BY id")]


def snapshots(lab: Lab) -> list[list[str | None]]:
    return lab.rows(
        'SELECT snapshot_id, committed_at, operation FROM "films$snapshots" ORDER BY committed_at'
    )


def test_a_table_is_made_and_filled_and_its_rows_lie_by_partition(films: Lab) -> None:
    found = films.rows('SELECT id, seen, stars, "$path" FROM films ORDER BY id')
    assert [row[:3] for row in found] == [
        ["1", "2024-01-01 10:00:00.123456", "8.3"],
        ["2", "2024-01-02 11:00:00.000000", "8.1"],
        ["3", None, None],
    ]
    assert [str(row[3]).split("/")[5] for row in found] == [
        "seen_day=2024-01-01",
        "seen_day=2024-01-02",
        "seen_day=null",
    ]


def test_glue_shows_the_table_as_an_iceberg_one_and_where_its_metadata_is(films: Lab) -> None:
    table = films.glue.get_table(DatabaseName=films.database, Name="films")["Table"]
    assert table["Parameters"]["table_type"] == "ICEBERG"
    assert table["Parameters"]["metadata_location"].endswith(".metadata.json")
    assert table["Parameters"]["previous_metadata_location"].endswith(".metadata.json")
    columns = {each["Name"]: each["Type"] for each in table["StorageDescriptor"]["Columns"]}
    assert columns == {"id": "bigint", "name": "string", "seen": "timestamp", "stars": "decimal(3,1)"}


def test_a_condition_on_a_partitions_source_reads_its_files_only(films: Lab) -> None:
    all_of_it = films.run("SELECT name FROM films")["Statistics"]["DataScannedInBytes"]
    found = films.run("SELECT name FROM films WHERE seen >= TIMESTAMP '2024-01-02 00:00:00'")
    assert 0 < found["Statistics"]["DataScannedInBytes"] < all_of_it


def test_rows_are_inserted_by_name_and_from_a_query(films: Lab) -> None:
    films.run("INSERT INTO films (name, id) SELECT name || ' II', id + 10 FROM films WHERE id < 3")
    assert names(films) == ["Metropolis", "Sunrise", "The General", "Metropolis II", "Sunrise II"]
    status = films.fail("INSERT INTO films (id) VALUES ('x')")
    assert "Insert query has mismatched column types: Table: [bigint]" in status["StateChangeReason"]


def test_update_changes_the_rows_that_it_names_and_no_others(films: Lab) -> None:
    films.run("UPDATE films SET name = upper(name), stars = 9.9 WHERE id IN (1, 3)")
    assert films.rows("SELECT name, stars FROM films ORDER BY id") == [
        ["METROPOLIS", "9.9"],
        ["Sunrise", "8.1"],
        ["THE GENERAL", "9.9"],
    ]


def test_an_update_moves_a_row_to_the_partition_of_its_new_value(films: Lab) -> None:
    films.run("UPDATE films SET seen = TIMESTAMP '2030-12-31 00:00:00' WHERE id = 3")
    path = films.rows('SELECT "$path" FROM films WHERE id = 3')[0][0]
    assert "seen_day=2030-12-31" in str(path)


def test_delete_takes_rows_away_and_a_condition_that_is_unknown_takes_none(films: Lab) -> None:
    films.run("DELETE FROM films WHERE seen < TIMESTAMP '2024-01-02 00:00:00'")
    assert names(films) == ["Sunrise", "The General"]
    films.run("DELETE FROM films")
    assert names(films) == []


def test_merge_updates_deletes_and_inserts_by_the_first_clause_that_fits(films: Lab) -> None:
    films.run("""
        MERGE INTO films AS t
        USING (VALUES (1, 'one'), (2, 'two'), (9, 'nine'), (10, NULL)) AS s (id, name) ON t.id = s.id
        WHEN MATCHED AND s.name = 'two' THEN DELETE
        WHEN MATCHED THEN UPDATE SET name = s.name || ' ' || t.name
        WHEN NOT MATCHED AND s.name IS NOT NULL THEN INSERT (id, name) VALUES (s.id, s.name)
    """)
    assert films.rows("SELECT id, name FROM films ORDER BY id") == [
        ["1", "one Metropolis"],
        ["3", "The General"],
        ["9", "nine"],
    ]


def test_a_row_that_two_rows_of_the_source_match_is_an_error_and_nothing_changes(films: Lab) -> None:
    status = films.fail("""
        MERGE INTO films t USING (VALUES (1, 'a'), (1, 'b')) AS s (id, name) ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.name
    """)
    assert status["StateChangeReason"] == (
        "MERGE_TARGET_ROW_MULTIPLE_MATCHES: One MERGE target table row matched more than one source row"
    )
    assert names(films) == ["Metropolis", "Sunrise", "The General"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("UPDATE films SET nope = 1", "The UPDATE SET target column nope doesn't exist"),
        (
            "UPDATE films SET id = 'x'",
            "UPDATE table column types don't match SET expressions: Table: [bigint]",
        ),
        ("UPDATE films SET id = 1, id = 2", "Multiple assignments for same column: id"),
        ("DELETE FROM films WHERE nope = 1", "COLUMN_NOT_FOUND: line 1:25: Column 'nope' cannot be resolved"),
        ("DELETE FROM nothing", "TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog."),
        ("SELECT * FROM films FOR VERSION AS OF 5", "Iceberg snapshot ID does not exists: 5"),
        ("SELECT * FROM films FOR TIMESTAMP AS OF 5", "Type integer invalid. Expected one of"),
        ('SELECT * FROM "films$nothing"', "TABLE_NOT_FOUND"),
    ],
)
def test_what_cannot_be_done_is_told(films: Lab, text: str, said: str) -> None:
    assert said in films.fail(text)["StateChangeReason"]


def test_the_rows_of_other_tables_cannot_be_changed(people: Lab) -> None:
    assert (
        "NOT_SUPPORTED: Modifying Hive table rows" in people.fail("DELETE FROM people")["StateChangeReason"]
    )
    assert "is not an Iceberg table" in people.fail("VACUUM people")["StateChangeReason"]
    said = people.fail("SELECT * FROM people FOR VERSION AS OF 1")["StateChangeReason"]
    assert "does not support versioned tables" in said


def test_a_table_is_asked_as_it_was(films: Lab) -> None:
    films.run("DELETE FROM films WHERE id = 1")
    (first, moment, _), (second, _, _) = snapshots(films)
    assert names(films, f"FOR VERSION AS OF {first}") == ["Metropolis", "Sunrise", "The General"]
    assert names(films, f"FOR VERSION AS OF {second}") == ["Sunrise", "The General"]
    assert len(names(films, f"FOR TIMESTAMP AS OF TIMESTAMP '{moment}'")) == 3
    assert len(names(films, "FOR TIMESTAMP AS OF current_timestamp")) == 2
    said = films.fail("SELECT * FROM films FOR TIMESTAMP AS OF (current_timestamp - interval '1' day)")
    assert "No version history table" in said["StateChangeReason"]


def test_a_view_can_be_over_a_table_as_it_was(films: Lab) -> None:
    first = snapshots(films)[0][0]
    films.run("DELETE FROM films")
    films.run(f"CREATE VIEW before AS SELECT name FROM films FOR VERSION AS OF {first}")
    assert films.rows("SELECT count(*) FROM before") == [["3"]]


def test_tables_about_the_table_tell_its_history(films: Lab) -> None:
    films.run("UPDATE films SET name = 'x' WHERE id = 1")
    assert [row[2] for row in snapshots(films)] == ["append", "overwrite"]
    assert films.rows('SELECT count(*), sum(record_count) FROM "films$files"') == [["3", "3"]]
    history = films.rows(
        'SELECT parent_id, is_current_ancestor FROM "films$history" ORDER BY made_current_at'
    )
    assert history == [[None, "true"], [snapshots(films)[0][0], "true"]]
    parts = films.rows('SELECT partition.seen_day, record_count FROM "films$partitions" ORDER BY 1')
    assert parts == [["2024-01-01", "1"], ["2024-01-02", "1"], [None, "1"]]
    assert films.rows('SELECT name, type FROM "films$refs"') == [["main", "BRANCH"]]
    assert films.rows('SELECT sum(added_rows_count) FROM "films$manifests"') == [["1"]]


def test_columns_come_go_and_change_and_old_files_are_read_by_what_they_are(films: Lab) -> None:
    films.run("ALTER TABLE films ADD COLUMNS (votes int COMMENT 'how many', director string)")
    films.run("INSERT INTO films (id, votes, director) VALUES (4, 7, 'Keaton')")
    films.run("ALTER TABLE films CHANGE votes ballots bigint")
    films.run("ALTER TABLE films DROP COLUMN stars")
    films.run("ALTER TABLE films CHANGE COLUMN director director string AFTER id")
    assert films.rows("SELECT * FROM films ORDER BY id") == [
        ["1", None, "Metropolis", "2024-01-01 10:00:00.123456", None],
        ["2", None, "Sunrise", "2024-01-02 11:00:00.000000", None],
        ["3", None, "The General", None, None],
        ["4", "Keaton", None, None, "7"],
    ]
    films.run("ALTER TABLE films ADD COLUMNS (stars int)")
    assert films.rows("SELECT count(stars) FROM films") == [["0"]]  # another column of the same name


def test_a_type_may_only_become_wider(films: Lab) -> None:
    assert "bigint" not in films.fail("ALTER TABLE films CHANGE id id int")["StateChangeReason"]
    films.run("ALTER TABLE films CHANGE stars stars decimal(10,1)")
    assert films.rows("SELECT typeof(stars) FROM films WHERE id = 1") == [["decimal(10,1)"]]


def test_describe_and_show_tell_the_definition(films: Lab) -> None:
    assert films.lines("DESCRIBE films") == [
        "# Table schema:\t\t",
        "# col_name\tdata_type\tcomment",
        "id\tbigint\t",
        "name\tstring\tas shown",
        "seen\ttimestamp\t",
        "stars\tdecimal(3,1)\t",
        "\t\t",
        "# Partition spec:\t\t",
        "# field_name\tfield_transform\tcolumn_name",
        "seen_day\tday\tseen",
        "id_bucket\tbucket[4]\tid",
    ]
    shown = "\n".join(films.lines("SHOW CREATE TABLE films"))
    assert "PARTITIONED BY (day(`seen`), bucket(4, `id`))" in shown
    again = shown.replace(f"{films.database}.films", "again").replace("/films'", "/again'")
    films.run(again)
    assert films.rows("SELECT count(*) FROM again") == [["0"]]


def test_properties_are_set_unset_and_checked(films: Lab) -> None:
    films.run("ALTER TABLE films SET TBLPROPERTIES ('vacuum_min_snapshots_to_keep' = '3')")
    assert "vacuum_min_snapshots_to_keep\t3" in films.lines("SHOW TBLPROPERTIES films")
    films.run("ALTER TABLE films UNSET TBLPROPERTIES ('vacuum_min_snapshots_to_keep')")
    assert "vacuum_min_snapshots_to_keep\t3" not in films.lines("SHOW TBLPROPERTIES films")
    said = films.fail("ALTER TABLE films SET TBLPROPERTIES ('colour' = 'red')")["StateChangeReason"]
    assert "Unsupported table property key: colour" in said


def test_optimize_makes_few_files_of_many_and_vacuum_removes_what_nothing_needs(lab: Lab) -> None:
    lab.run(
        f"CREATE TABLE t (n int) LOCATION 's3://{lab.bucket}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG', "
        "'vacuum_max_snapshot_age_seconds' = '0', 'optimize_rewrite_data_file_threshold' = '3')"
    )
    for n in range(4):
        lab.run(f"INSERT INTO t VALUES ({n})")
    lab.run("OPTIMIZE t REWRITE DATA USING BIN_PACK")
    assert lab.rows('SELECT count(*), sum(record_count) FROM "t$files"') == [["1", "4"]]
    before = lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix="t/data/")["KeyCount"]
    lab.run("VACUUM t")
    after = lab.s3.list_objects_v2(Bucket=lab.bucket, Prefix="t/data/")["KeyCount"]
    assert (before, after) == (5, 1)
    assert lab.rows("SELECT count(*), sum(n) FROM t") == [["4", "6"]]
    assert lab.rows('SELECT count(*) FROM "t$snapshots"') == [["1"]]


def test_a_table_is_made_of_a_query(lab: Lab) -> None:
    lab.run(f"""
        CREATE TABLE made WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{lab.bucket}/made/',
          partitioning = ARRAY['month(d)', 'truncate(1, t)'], format = 'PARQUET')
        AS SELECT x AS id, date '2024-01-31' + interval '1' month * x AS d, cast(x AS varchar(5)) AS t,
          timestamp '2024-05-05 12:00:00 Europe/Paris' AS at
        FROM unnest(sequence(0, 2)) AS u (x)
    """)
    assert lab.rows("SELECT id, d, t, at FROM made ORDER BY id") == [
        ["0", "2024-01-31", "0", "2024-05-05 10:00:00.000000 UTC"],
        ["1", "2024-02-29", "1", "2024-05-05 10:00:00.000000 UTC"],
        ["2", "2024-03-31", "2", "2024-05-05 10:00:00.000000 UTC"],
    ]
    assert "d_month\tmonth\td" in lab.lines("DESCRIBE made")
    said = lab.fail("CREATE TABLE made WITH (table_type = 'ICEBERG') AS SELECT 1 AS a")["StateChangeReason"]
    assert "already exists" in said


def test_nested_values_are_kept_and_their_fields_change_too(lab: Lab, pyiceberg: Catalog) -> None:
    lab.run(
        "CREATE TABLE nested (id int, tags array<string>, counts map<string,int>, at struct<x:int,y:struct<z:string>>) "
        f"LOCATION 's3://{lab.bucket}/nested/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    lab.run(
        "INSERT INTO nested VALUES (1, ARRAY['a', NULL], MAP(ARRAY['k'], ARRAY[1]), ROW(1, ROW('deep'))), "
        "(2, NULL, NULL, NULL)"
    )
    with pyiceberg.load_table(f"{lab.database}.nested").update_schema() as update:
        update.rename_column(("at", "y", "z"), "deeper")
    assert lab.rows("SELECT id, tags, counts, at, at.y.deeper FROM nested ORDER BY id") == [
        ["1", "[a, null]", "{k=1}", "{x=1, y={deeper=deep}}", "deep"],
        ["2", None, None, None, None],
    ]


def test_pyiceberg_and_athena_see_what_the_other_writes(lab: Lab, pyiceberg: Catalog) -> None:
    lab.run(
        f"CREATE TABLE films (id bigint, name string) LOCATION 's3://{lab.bucket}/films/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    lab.run("INSERT INTO films VALUES (1, 'Metropolis'), (3, 'The General')")
    table = pyiceberg.load_table(f"{lab.database}.films")
    table.append(pa.table({"id": pa.array([7], pa.int64()), "name": ["Faust"]}))
    assert names(lab) == ["Metropolis", "The General", "Faust"]
    lab.run("DELETE FROM films WHERE id < 3")
    assert sorted(table.refresh().scan().to_arrow()["name"].to_pylist()) == ["Faust", "The General"]


def test_position_deletes_of_other_engines_are_obeyed(films: Lab, pyiceberg: Catalog) -> None:
    films.run("INSERT INTO films (id) SELECT n + 100 FROM unnest(sequence(0, 40, 4)) AS u (n)")
    table = pyiceberg.load_table(f"{films.database}.films")
    gone = delete_row(table, place=1)
    assert films.rows(f"SELECT count(*) FROM films WHERE id = {gone}") == [["0"]]
    assert films.rows("SELECT count(*) FROM films") == [["13"]]


def test_inserts_at_the_same_time_are_all_kept(films: Lab) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: films.run(f"INSERT INTO films (id) VALUES ({n})"), range(100, 106)))
    assert films.rows("SELECT count(*) FROM films") == [["9"]]


def test_a_dropped_table_takes_its_data_with_it(films: Lab) -> None:
    films.run("DROP TABLE films")
    assert films.s3.list_objects_v2(Bucket=films.bucket, Prefix="films/")["KeyCount"] == 0
    assert "TABLE_NOT_FOUND" in films.fail("SELECT * FROM films")["StateChangeReason"]


def test_a_table_that_lost_its_metadata_says_so(films: Lab) -> None:
    table = films.glue.get_table(DatabaseName=films.database, Name="films")["Table"]
    key = table["Parameters"]["metadata_location"].removeprefix(f"s3://{films.bucket}/")
    films.s3.delete_object(Bucket=films.bucket, Key=key)
    assert "ICEBERG_MISSING_METADATA" in films.fail("SELECT count(*) AS n FROM films")["StateChangeReason"]


def test_a_table_is_renamed_and_keeps_its_rows_and_its_history(films: Lab) -> None:
    films.run(ROWS)
    before = films.rows('SELECT snapshot_id FROM "films$snapshots" ORDER BY committed_at')
    films.run(f"ALTER TABLE films RENAME TO {films.database}.pictures")
    assert films.rows("SELECT count(*) FROM pictures") == [["6"]]
    assert films.rows('SELECT snapshot_id FROM "pictures$snapshots" ORDER BY committed_at') == before
    assert "films" not in films.lines("SHOW TABLES")
    films.run(MADE.format(bucket=films.bucket).replace("/films/", "/others/"))
    assert "AlreadyExists" in films.fail("ALTER TABLE pictures RENAME TO films")["StateChangeReason"]


def test_a_table_made_of_a_query_is_there_with_its_rows_or_not_at_all(lab: Lab) -> None:
    made = f"CREATE TABLE made WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{lab.bucket}/m/')"
    lab.run(f"{made} AS SELECT 1 AS a")
    table = lab.glue.get_table(DatabaseName=lab.database, Name="made")["Table"]
    assert "/00000-" in table["Parameters"]["metadata_location"]  # its first metadata has the rows
    assert lab.rows("SELECT a FROM made") == [["1"]]
    lab.run(made.replace("TABLE made", "TABLE bare") + " AS SELECT 1 AS a WHERE false")
    assert lab.rows("SELECT count(*) FROM bare") == [["0"]]


def test_what_is_scanned_is_the_wanted_columns_also_under_their_old_names(films: Lab) -> None:
    def scanned(text: str) -> int:
        return int(films.run(text)["Statistics"]["DataScannedInBytes"])

    one, all_of_them = scanned("SELECT name FROM films"), scanned("SELECT * FROM films")
    assert 0 < one < all_of_them
    assert scanned("SELECT count(*) FROM films") == 0
    assert scanned("EXPLAIN SELECT * FROM films") == 0
    films.run("ALTER TABLE films CHANGE COLUMN name title string")
    assert scanned("SELECT title FROM films") == one


def test_what_makes_no_sense_to_iceberg_is_refused(films: Lab) -> None:
    said = films.fail("INSERT INTO films (id, id) VALUES (1, 2)")["StateChangeReason"]
    assert "specified more than once" in said
    assert "nothing to repair" in films.fail("MSCK REPAIR TABLE films")["StateChangeReason"]


def test_decimals_are_truncated_as_iceberg_does_it(lab: Lab, pyiceberg: Catalog) -> None:
    lab.run(
        f"CREATE TABLE prices (p decimal(10,2)) PARTITIONED BY (truncate(50, p)) LOCATION 's3://{lab.bucket}/p/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    lab.run("INSERT INTO prices VALUES (decimal '10.65'), (decimal '-0.01'), (NULL)")
    tasks = pyiceberg.load_table(f"{lab.database}.prices").scan().plan_files()
    assert {str(task.file.partition[0]) for task in tasks} == {"10.50", "-0.50", "None"}
    assert lab.rows("SELECT p FROM prices WHERE p > decimal '1.00'") == [["10.65"]]
