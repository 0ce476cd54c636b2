"""Table optimizers at work on Iceberg tables, and Iceberg tables that CreateTable makes."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from cumulet.house import House
from cumulet.services import Caller

from .conftest import Refusal
from .lake import PATIENCE, Lake

COLUMNS = [{"Name": "n", "Type": "int"}, {"Name": "at", "Type": "timestamp", "Comment": "when"}]


class Optimized:
    """An Iceberg table of four files, and its optimizers."""

    def __init__(self, lake: Lake, athena: Any, account: str) -> None:
        self.lake, self.glue, self.athena = lake, lake.glue, athena
        self.role = f"arn:aws:iam::{account}:role/CumuletAdministrator"
        self.place = {"CatalogId": account, "DatabaseName": lake.database, "TableName": "t"}
        self.run(
            f"CREATE TABLE t (n int) LOCATION 's3://{lake.bucket}/t/' TBLPROPERTIES ('table_type' = 'ICEBERG')"
        )
        for n in range(4):
            self.run(f"INSERT INTO t VALUES ({n})")

    def run(self, text: str) -> list[list[str]]:
        where = {"QueryExecutionContext": {"Database": self.lake.database}}
        results = {"ResultConfiguration": {"OutputLocation": f"s3://{self.lake.bucket}/results/"}}
        name = self.athena.start_query_execution(QueryString=text, **where, **results)["QueryExecutionId"]
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        rows = self.athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in rows[1:]]

    def create(self, kind: str, **said: Any) -> None:
        given = {"roleArn": self.role, "enabled": True, **said}
        self.glue.create_table_optimizer(**self.place, Type=kind, TableOptimizerConfiguration=given)

    def runs(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.glue.list_table_optimizer_runs(**self.place, Type=kind)[
            "TableOptimizerRuns"
        ]
        return found

    def ended(self, kind: str, runs: int = 1) -> dict[str, Any]:
        """The newest run, once so many have ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = self.runs(kind)
            if len(found) >= runs and all("endTimestamp" in one for one in found):
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"{kind} has not run {runs} times")


@pytest.fixture
def optimized(lake: Lake, client: Callable[..., Any]) -> Optimized:
    return Optimized(lake, client("athena"), client("sts").get_caller_identity()["Account"])


def small(**said: Any) -> dict[str, Any]:
    return {"icebergConfiguration": said}


def test_compaction_makes_one_file_of_many_as_soon_as_it_is_asked_for(optimized: Optimized) -> None:
    optimized.create("compaction", compactionConfiguration=small(strategy="binpack", minInputFiles=3))
    run = optimized.ended("compaction")
    assert (run["eventType"], run["compactionStrategy"]) == ("completed", "binpack")
    assert run["compactionMetrics"]["IcebergMetrics"]["NumberOfFilesCompacted"] == 4
    assert run["metrics"]["NumberOfFilesCompacted"] == "4"
    assert optimized.run('SELECT count(*), sum(record_count) FROM "t$files"') == [["1", "4"]]
    told = optimized.glue.get_table_optimizer(**optimized.place, Type="compaction")["TableOptimizer"]
    assert told["configuration"]["compactionConfiguration"]["icebergConfiguration"]["minInputFiles"] == 3
    assert told["lastRun"]["eventType"] == "completed"


def test_retention_lets_snapshots_go_by_age_and_by_number(optimized: Optimized) -> None:
    retention = small(snapshotRetentionPeriodInDays=1, numberOfSnapshotsToRetain=2, cleanExpiredFiles=True)
    optimized.create("retention", retentionConfiguration=retention)
    run = optimized.ended("retention")
    assert run["eventType"] == "completed"
    assert run["retentionMetrics"]["IcebergMetrics"]["NumberOfDataFilesDeleted"] == 0
    assert optimized.run('SELECT count(*) FROM "t$snapshots"') == [["4"]]  # none is a day old


def test_orphans_are_only_what_nothing_names_and_what_is_old(optimized: Optimized) -> None:
    optimized.lake.put({"t/data/stray.parquet": b"stray"})
    optimized.create("orphan_file_deletion")
    run = optimized.ended("orphan_file_deletion")
    assert run["eventType"] == "completed"
    assert run["orphanFileDeletionMetrics"]["IcebergMetrics"]["NumberOfOrphanFilesDeleted"] == 0
    elsewhere = small(location=f"s3://{optimized.lake.bucket}/other/")
    optimized.glue.update_table_optimizer(
        **optimized.place,
        Type="orphan_file_deletion",
        TableOptimizerConfiguration={"orphanFileDeletionConfiguration": elsewhere},
    )
    run = optimized.ended("orphan_file_deletion", runs=2)
    assert run["eventType"] == "failed"
    assert "is not within the table's" in run["error"]


def test_optimizers_are_told_one_by_one_and_together_and_go_with_their_table(
    optimized: Optimized, refused: Refusal
) -> None:
    glue, place = optimized.glue, optimized.place
    optimized.create("compaction", enabled=False)
    assert optimized.runs("compaction") == []
    configuration = {"roleArn": optimized.role, "enabled": True}
    kind = {"Type": "compaction", "TableOptimizerConfiguration": configuration}
    refused("AlreadyExistsException", glue.create_table_optimizer, **place, **kind)
    entry = {"catalogId": place["CatalogId"], "databaseName": place["DatabaseName"], "tableName": "t"}
    told = glue.batch_get_table_optimizer(
        Entries=[{**entry, "type": "compaction"}, {**entry, "type": "retention"}]
    )
    assert [one["tableOptimizer"]["configuration"]["enabled"] for one in told["TableOptimizers"]] == [False]
    assert told["Failures"][0]["error"]["ErrorCode"] == "EntityNotFoundException"
    glue.delete_table_optimizer(**place, Type="compaction")
    refused("EntityNotFoundException", glue.delete_table_optimizer, **place, Type="compaction")
    refused("EntityNotFoundException", glue.get_table_optimizer, **place, Type="compaction")
    optimized.create("compaction", enabled=False)
    glue.delete_table(DatabaseName=place["DatabaseName"], Name="t")
    refused("EntityNotFoundException", glue.get_table_optimizer, **place, Type="compaction")


@pytest.mark.parametrize(
    ("kind", "said", "message"),
    [
        ("compaction", {"retentionConfiguration": small()}, "is not for an optimizer of type compaction"),
        ("compaction", {"compactionConfiguration": small(minInputFiles=1)}, "at least 2"),
        ("retention", {"retentionConfiguration": small(runRateInHours=1)}, "at least 3"),
        ("retention", {"roleArn": "arn:aws:iam::111122223333:role/nobody"}, "unable to assume"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    optimized: Optimized, refused: Refusal, kind: str, said: dict[str, Any], message: str
) -> None:
    given = {"roleArn": optimized.role, "enabled": True, **said}
    call = optimized.glue.create_table_optimizer
    found = refused(
        "InvalidInputException", call, **optimized.place, Type=kind, TableOptimizerConfiguration=given
    )
    assert message in found


def iceberg(**said: Any) -> dict[str, Any]:
    return {"IcebergInput": {"MetadataOperation": "CREATE", "Version": "2", **said}}


def test_create_table_makes_an_iceberg_table(
    lake: Lake, client: Callable[..., Any], refused: Refusal
) -> None:
    given = {
        "Name": f"T_{uuid.uuid4().hex[:8]}",
        "Description": "made by Glue",
        "Parameters": {"team": "films"},
        "StorageDescriptor": {"Columns": COLUMNS, "Location": f"s3://{lake.bucket}/made/"},
    }
    call = {"DatabaseName": lake.database, "TableInput": given, "OpenTableFormatInput": iceberg()}
    lake.glue.create_table(**call)
    (table,) = lake.tables().values()
    assert (table["Name"], table["Description"]) == (given["Name"].lower(), "made by Glue")
    assert (table["Parameters"]["table_type"], table["Parameters"]["team"]) == ("ICEBERG", "films")
    assert [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]] == [
        ("n", "int"),
        ("at", "timestamp"),
    ]
    metadata = table["Parameters"]["metadata_location"].partition(f"{lake.bucket}/")[2]
    assert b'"format-version":2' in lake.s3.get_object(Bucket=lake.bucket, Key=metadata)["Body"].read()
    refused("AlreadyExistsException", lake.glue.create_table, **call)
    bad = {**given, "Name": "other", "PartitionKeys": [{"Name": "p", "Type": "string"}]}
    assert "PartitionSpec" in refused(
        "InvalidInputException", lake.glue.create_table, **{**call, "TableInput": bad}
    )
    storage = {**given["StorageDescriptor"], "Columns": [{"Name": "a", "Type": "uint"}]}  # type: ignore[dict-item]
    odd = {**given, "Name": "odd", "StorageDescriptor": storage}
    refused("InvalidInputException", lake.glue.create_table, **{**call, "TableInput": odd})


def test_create_table_takes_icebergs_own_schema_and_partitions(lake: Lake) -> None:
    schema = {
        "Fields": [
            {"Id": 1, "Name": "id", "Type": "long", "Required": True},
            {"Id": 2, "Name": "day", "Type": "date", "Required": False},
            {"Id": 3, "Name": "tags", "Required": False,
             "Type": {"type": "list", "element-id": 4, "element": "string", "element-required": False}},
        ]
    }  # fmt: skip
    own = {
        "Location": f"s3://{lake.bucket}/own",
        "Schema": schema,
        "PartitionSpec": {"Fields": [{"SourceId": 2, "Transform": "month", "Name": "day_month"}]},
        "WriteOrder": {"OrderId": 1, "Fields": [
            {"SourceId": 1, "Transform": "identity", "Direction": "asc", "NullOrder": "nulls-last"}]},
        "Properties": {"write.parquet.compression-codec": "zstd"},
    }  # fmt: skip
    lake.glue.create_table(
        DatabaseName=lake.database, Name="own", OpenTableFormatInput=iceberg(CreateIcebergTableInput=own)
    )
    table = lake.tables()["own"]
    assert [one["Type"] for one in table["StorageDescriptor"]["Columns"]] == [
        "bigint",
        "date",
        "array<string>",
    ]
    key = table["Parameters"]["metadata_location"].partition(f"{lake.bucket}/")[2]
    metadata = lake.s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read()
    assert b'"transform":"month"' in metadata
    assert b'"null-order":"nulls-last"' in metadata


def test_what_is_old_goes_what_is_needed_stays(house: House, caller: Caller) -> None:
    """In this process, whose clock can be put forward."""
    athena, glue, s3 = (house.service(name, caller) for name in ("athena", "glue", "s3"))
    s3.create_bucket(Bucket="lake")
    glue.create_database(DatabaseInput={"Name": "db"})
    storage = {"Columns": [{"Name": "n", "Type": "int"}], "Location": "s3://lake/t/"}
    glue.create_table(
        DatabaseName="db",
        TableInput={"Name": "t", "StorageDescriptor": storage},
        OpenTableFormatInput=iceberg(),
    )
    for n in range(3):
        started = athena.start_query_execution(
            QueryString=f"INSERT INTO db.t VALUES ({n})",
            ResultConfiguration={"OutputLocation": "s3://lake/results/"},
        )
        while athena.get_query_execution(**started)["QueryExecution"]["Status"]["State"] != "SUCCEEDED":
            pass
    s3.put_object(Bucket="lake", Key="t/data/stray.parquet", Body=b"stray")
    later = time.time() + 10 * 86_400
    house.clock = lambda: later
    s3.put_object(Bucket="lake", Key="t/data/young.parquet", Body=b"young")

    def tend(operation: str, **arguments: Any) -> dict[str, int]:
        found: dict[str, int] = athena.tend("db", "t", operation, arguments, "test")
        return found

    assert tend("expire", age=86_400, keep=2, clean=True) == {
        "snapshots": 1, "data": 0, "manifests": 0, "lists": 1,
    }  # fmt: skip
    assert tend("orphans", age=86_400, location="s3://lake/t/") == {"orphans": 1}
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket="lake", Prefix="t/data/")["Contents"]]
    assert "t/data/young.parquet" in keys
    assert "t/data/stray.parquet" not in keys
    assert athena.rows(Database="db", Text="SELECT count(*), sum(n) FROM t", Key="test") == [["3", "3"]]
    s3.put_object(Bucket="lake", Key="t/data/stray.parquet", Body=b"stray")
    assert tend("optimize", least=2, deletes=1)["files"] == 3
