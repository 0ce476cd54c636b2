"""Column statistics: kept as they are given, and measured from a table's files."""

from __future__ import annotations

import io
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Refusal, table_input
from .lake import PATIENCE, ROLE, Lake

WHEN = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def statistics(column: str, kind: str, **data: Any) -> dict[str, Any]:
    member = f"{kind.capitalize()}ColumnStatisticsData"
    return {
        "ColumnName": column,
        "ColumnType": "bigint",
        "AnalyzedTime": WHEN,
        "StatisticsData": {"Type": kind, member: data},
    }


NUMBERS = statistics("id", "LONG", MinimumValue=1, MaximumValue=9, NumberOfNulls=0, NumberOfDistinctValues=5)
TEXTS = statistics(
    "text", "STRING", MaximumLength=7, AverageLength=2.5, NumberOfNulls=1, NumberOfDistinctValues=3
)


@pytest.fixture
def table(glue: Any, database: str) -> dict[str, str]:
    glue.create_table(DatabaseName=database, TableInput=table_input("t", ("day", "string")))
    return {"DatabaseName": database, "TableName": "t"}


def test_statistics_of_a_table_are_kept_told_and_deleted(
    glue: Any, table: dict[str, str], refused: Refusal
) -> None:
    glue.update_column_statistics_for_table(**table, ColumnStatisticsList=[NUMBERS, TEXTS])
    found = glue.get_column_statistics_for_table(**table, ColumnNames=["id", "TEXT", "day"])
    assert found["ColumnStatisticsList"] == [NUMBERS, TEXTS]
    assert [(one["ColumnName"], one["Error"]["ErrorCode"]) for one in found["Errors"]] == [
        ("day", "EntityNotFoundException")
    ]
    glue.delete_column_statistics_for_table(**table, ColumnName="id")
    found = glue.get_column_statistics_for_table(**table, ColumnNames=["id", "text"])
    assert found["ColumnStatisticsList"] == [TEXTS]
    refused("EntityNotFoundException", glue.delete_column_statistics_for_table, **table, ColumnName="id")


def test_decimals_and_dates_come_back_as_they_were(glue: Any, table: dict[str, str]) -> None:
    number = {"UnscaledValue": (-12345).to_bytes(2, "big", signed=True), "Scale": 2}
    counts = {"NumberOfNulls": 0, "NumberOfDistinctValues": 1}
    given = [
        statistics("id", "DECIMAL", MinimumValue=number, MaximumValue=number, **counts),
        statistics("text", "DATE", MinimumValue=WHEN, **counts),
    ]
    glue.update_column_statistics_for_table(**table, ColumnStatisticsList=given)
    found = glue.get_column_statistics_for_table(**table, ColumnNames=["id", "text"])
    assert found["ColumnStatisticsList"] == given


def test_statistics_of_a_partition_are_its_own_and_go_with_it(
    glue: Any, table: dict[str, str], refused: Refusal
) -> None:
    values = ["2024-01-01"]
    glue.create_partition(**table, PartitionInput={"Values": values})
    where = {**table, "PartitionValues": values}
    glue.update_column_statistics_for_partition(**where, ColumnStatisticsList=[NUMBERS])
    found = glue.get_column_statistics_for_partition(**where, ColumnNames=["id"])
    assert found["ColumnStatisticsList"] == [NUMBERS]
    assert not glue.get_column_statistics_for_table(**table, ColumnNames=["id"])["ColumnStatisticsList"]
    glue.delete_partition(**where)
    refused("EntityNotFoundException", glue.get_column_statistics_for_partition, **where, ColumnNames=["id"])
    glue.create_partition(**table, PartitionInput={"Values": values})
    found = glue.get_column_statistics_for_partition(**where, ColumnNames=["id"])
    assert not found["ColumnStatisticsList"]


def test_statistics_of_a_column_that_is_not_there_are_told_as_an_error(
    glue: Any, table: dict[str, str]
) -> None:
    strange = {**NUMBERS, "ColumnName": "nobody"}
    errors = glue.update_column_statistics_for_table(**table, ColumnStatisticsList=[strange, TEXTS])["Errors"]
    assert [one["ColumnStatistics"]["ColumnName"] for one in errors] == ["nobody"]
    found = glue.get_column_statistics_for_table(**table, ColumnNames=["text"])
    assert found["ColumnStatisticsList"] == [TEXTS]


def test_statistics_whose_data_are_of_another_type_are_refused(
    glue: Any, table: dict[str, str], refused: Refusal
) -> None:
    wrong = {**NUMBERS, "StatisticsData": {**NUMBERS["StatisticsData"], "Type": "STRING"}}
    update = glue.update_column_statistics_for_table
    refused("InvalidInputException", update, **table, ColumnStatisticsList=[wrong])


def test_a_table_made_anew_has_no_statistics(glue: Any, table: dict[str, str]) -> None:
    glue.update_column_statistics_for_table(**table, ColumnStatisticsList=[NUMBERS])
    glue.delete_table(DatabaseName=table["DatabaseName"], Name="t")
    glue.create_table(DatabaseName=table["DatabaseName"], TableInput=table_input("t"))
    found = glue.get_column_statistics_for_table(**table, ColumnNames=["id"])
    assert not found["ColumnStatisticsList"]


def ended(glue: Any, run: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found: dict[str, Any] = glue.get_column_statistics_task_run(ColumnStatisticsTaskRunId=run)[
            "ColumnStatisticsTaskRun"
        ]
        if found["Status"] not in ("STARTING", "RUNNING"):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{run} did not end")


def parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    moments = [datetime(2024, 1, 1), datetime(2024, 1, 2, 0, 0, 1), None]
    columns = {
        "n": pa.array([3, None, 3], pa.int64()),
        "x": pa.array([0.5, -2.5, None], pa.float64()),
        "money": pa.array([Decimal("-1.25"), Decimal("1000.00"), None], pa.decimal128(10, 2)),
        "day": pa.array([date(2024, 2, 29), date(1969, 12, 31), None], pa.date32()),
        "at": pa.array(moments, pa.timestamp("us")),
        "yes": pa.array([True, False, False], pa.bool_()),
        "word": pa.array(["a", "bcd", None], pa.string()),
        "raw": pa.array([b"12345", b"", None], pa.binary()),
        "empty": pa.array([None, None, None], pa.string()),
        "many": pa.array([[1], [2], None], pa.list_(pa.int32())),
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def measured(lake: Lake, table: str, names: list[str], **said: Any) -> dict[str, dict[str, Any]]:
    where = {"DatabaseName": lake.database, "TableName": table}
    run = lake.glue.start_column_statistics_task_run(**where, Role=ROLE, **said)["ColumnStatisticsTaskRunId"]
    found = ended(lake.glue, run)
    assert found["Status"] == "SUCCEEDED", found
    answer = lake.glue.get_column_statistics_for_table(**where, ColumnNames=names)
    data = {one["ColumnName"]: one["StatisticsData"] for one in answer["ColumnStatisticsList"]}
    return {name: next(value for kind, value in one.items() if kind != "Type") for name, one in data.items()}


def test_a_task_measures_every_column_it_can(lake: Lake) -> None:
    lake.put({"t/a.parquet": parquet()})
    lake.crawl("t/")
    names = ["n", "x", "money", "day", "at", "yes", "word", "raw", "empty", "many"]
    found = measured(lake, "t", names)
    one_of_two = {"NumberOfNulls": 1, "NumberOfDistinctValues": 2}
    assert found["n"] == {
        "MinimumValue": 3, "MaximumValue": 3, "NumberOfNulls": 1, "NumberOfDistinctValues": 1
    }  # fmt: skip
    assert found["x"] == {"MinimumValue": -2.5, "MaximumValue": 0.5, **one_of_two}
    assert found["money"] == {
        "MinimumValue": {"UnscaledValue": b"\x83", "Scale": 2},
        "MaximumValue": {"UnscaledValue": b"\x01\x86\xa0", "Scale": 2},
        **one_of_two,
    }
    assert found["day"]["MinimumValue"] == datetime(1969, 12, 31, tzinfo=UTC)
    assert found["day"]["MaximumValue"] == datetime(2024, 2, 29, tzinfo=UTC)
    assert found["at"] == {"MinimumValue": 1704067200, "MaximumValue": 1704153601, **one_of_two}
    assert found["yes"] == {"NumberOfTrues": 1, "NumberOfFalses": 2, "NumberOfNulls": 0}
    assert found["word"] == {"MaximumLength": 3, "AverageLength": 2.0, **one_of_two}
    assert found["raw"] == {"MaximumLength": 5, "AverageLength": 2.5, "NumberOfNulls": 1}
    assert found["empty"] == {
        "MaximumLength": 0, "AverageLength": 0.0, "NumberOfNulls": 3, "NumberOfDistinctValues": 0
    }  # fmt: skip
    assert "many" not in found


def test_a_task_reads_all_partitions_and_only_the_columns_named(lake: Lake) -> None:
    lake.put({f"s/day={day}/a.csv": f"id,word\n{day},ab\n{day}0,abcd\n" for day in (1, 2)})
    lake.crawl("s/")
    assert measured(lake, "s", ["id", "word"], ColumnNameList=["id"]) == {
        "id": {"MinimumValue": 1, "MaximumValue": 20, "NumberOfNulls": 0, "NumberOfDistinctValues": 4}
    }


def test_runs_are_listed_newest_first(lake: Lake) -> None:
    lake.put({"s/a.csv": "id,word\n1,ab\n2,c\n"})
    lake.crawl("s/")
    where = {"DatabaseName": lake.database, "TableName": "s"}
    runs = []
    for _ in range(2):
        run = lake.glue.start_column_statistics_task_run(**where, Role=ROLE, SampleSize=50.0)
        runs.insert(0, run["ColumnStatisticsTaskRunId"])
        ended(lake.glue, runs[0])
    found = lake.glue.get_column_statistics_task_runs(**where)["ColumnStatisticsTaskRuns"]
    assert [one["ColumnStatisticsTaskRunId"] for one in found] == runs
    assert found[0]["SampleSize"] == 50.0
    page = lake.glue.list_column_statistics_task_runs(MaxResults=1)
    assert page["ColumnStatisticsTaskRunIds"] == [runs[0]]
    page = lake.glue.list_column_statistics_task_runs(MaxResults=1, NextToken=page["NextToken"])
    assert page["ColumnStatisticsTaskRunIds"] == [runs[1]]


def test_a_task_over_files_that_cannot_be_read_fails_and_says_why(lake: Lake) -> None:
    definition = table_input("t")
    definition["StorageDescriptor"] |= {
        "Location": f"s3://{lake.bucket}/t/",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    lake.glue.create_table(DatabaseName=lake.database, TableInput=definition)
    lake.put({"t/a": b"this is no Parquet"})
    where = {"DatabaseName": lake.database, "TableName": "t"}
    run = lake.glue.start_column_statistics_task_run(**where, Role=ROLE)["ColumnStatisticsTaskRunId"]
    found = ended(lake.glue, run)
    assert found["Status"] == "FAILED"
    assert found["ErrorMessage"].startswith("HIVE_")


def test_what_cannot_be_measured_or_stopped_is_refused(
    glue: Any, table: dict[str, str], refused: Refusal
) -> None:
    start = glue.start_column_statistics_task_run
    refused("InvalidInputException", start, **table, Role=ROLE, ColumnNameList=["nobody"])
    refused("InvalidInputException", start, **table, Role="nobody")
    refused("EntityNotFoundException", start, **{**table, "TableName": "x"}, Role=ROLE)
    refused("ColumnStatisticsTaskNotRunningException", glue.stop_column_statistics_task_run, **table)
    get = glue.get_column_statistics_task_run
    refused("EntityNotFoundException", get, ColumnStatisticsTaskRunId="x")
