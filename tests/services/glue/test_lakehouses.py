"""Iceberg and Delta tables that crawlers find, and Athena's answers from the Delta ones."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Refusal
from .lake import PATIENCE, ROLE, Lake, columns, keys

CSV = "id,who\n1,Ann\n2,Bob\n"
Ask = Callable[[str], list[list[str | None]]]


@pytest.fixture
def ask(client: Callable[..., Any], lake: Lake) -> Ask:
    """`ask("SELECT ...")`: an answer's rows, without the header."""
    athena = client("athena")

    def rows(text: str) -> list[list[str | None]]:
        run = athena.start_query_execution(
            QueryString=text,
            QueryExecutionContext={"Database": lake.database},
            ResultConfiguration={"OutputLocation": f"s3://{lake.bucket}-results/"},
        )["QueryExecutionId"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = athena.get_query_execution(QueryExecutionId=run)["QueryExecution"]["Status"]
            if found["State"] not in ("QUEUED", "RUNNING"):
                assert found["State"] == "SUCCEEDED", found
                told = athena.get_query_results(QueryExecutionId=run)["ResultSet"]["Rows"]
                return [[cell.get("VarCharValue") for cell in row["Data"]] for row in told[1:]]
            time.sleep(0.02)
        raise AssertionError(f"{run} did not end")

    lake.s3.create_bucket(Bucket=f"{lake.bucket}-results")
    return rows


def parquet(**named: list[Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table(named), out)
    return out.getvalue()


FIELDS = [
    {"name": "id", "type": "long", "nullable": True, "metadata": {}},
    {"name": "Who", "type": "string", "nullable": True, "metadata": {}},
    {"name": "day", "type": "date", "nullable": True, "metadata": {}},
]


def metadata(fields: list[dict[str, Any]] = FIELDS, **configuration: str) -> dict[str, Any]:
    schema = json.dumps({"type": "struct", "fields": fields})
    return {"metaData": {"schemaString": schema, "partitionColumns": ["day"], "configuration": configuration}}


def add(path: str, day: str | None) -> dict[str, Any]:
    return {"add": {"path": path, "partitionValues": {"day": day}, "size": 1, "dataChange": True}}


def lines(*actions: dict[str, Any]) -> str:
    return "".join(json.dumps(action) + "\n" for action in actions)


def put_delta(lake: Lake, protocol: dict[str, Any] | None = None, **configuration: str) -> None:
    start = {"protocol": protocol or {"minReaderVersion": 1, "minWriterVersion": 2}}
    first, second = "day=2024-01-01/a%20b.parquet", "day=2024-01-02/c.parquet"
    lake.put(
        {
            "d/day=2024-01-01/a b.parquet": parquet(id=[1, 2], Who=["Ann", "Bob"]),
            "d/day=2024-01-02/c.parquet": parquet(id=[3], Who=["Cid"]),
            "d/e.parquet": parquet(id=[4], Who=["Dee"]),
            f"d/_delta_log/{0:020}.json": lines(start, metadata(**configuration), add(first, "2024-01-01")),
            f"d/_delta_log/{1:020}.json": lines(add(second, "2024-01-02"), add("e.parquet", None)),
            f"d/_delta_log/{2:020}.json": lines({"remove": {"path": second}}),
        }
    )


def delta_target(lake: Lake, *folders: str) -> dict[str, Any]:
    paths = [f"s3://{lake.bucket}/{folder}" for folder in folders]
    return {"DeltaTargets": [{"DeltaTables": paths, "CreateNativeDeltaTable": True}]}


def test_a_delta_table_is_one_table_that_athena_reads_as_its_log_says(lake: Lake, ask: Ask) -> None:
    put_delta(lake)
    table = lake.crawl("", Targets=delta_target(lake, "d/"))["d"]
    assert columns(table) == {"id": "bigint", "who": "string", "day": "date"}
    assert keys(table) == []
    assert table["Parameters"]["table_type"] == "delta"
    rows = ask("SELECT id, who, day FROM d ORDER BY id")
    assert rows == [["1", "Ann", "2024-01-01"], ["2", "Bob", "2024-01-01"], ["4", "Dee", None]]
    assert ask("SELECT count(*) FROM d WHERE day = DATE '2024-01-02'") == [["0"]]


def test_a_delta_table_made_in_athena_takes_its_columns_from_the_log(lake: Lake, ask: Ask) -> None:
    put_delta(lake)
    where = f"s3://{lake.bucket}/d/"
    ask(f"CREATE EXTERNAL TABLE own LOCATION '{where}' TBLPROPERTIES ('table_type'='DELTA')")
    assert ask("SELECT count(*), max(who) FROM own") == [["3", "Dee"]]
    with pytest.raises(AssertionError, match="Delta"):
        ask("INSERT INTO own VALUES (9, 'Eve', DATE '2024-01-03')")


def test_a_delta_table_in_a_plain_target_is_known_and_its_files_left_alone(lake: Lake) -> None:
    put_delta(lake)
    lake.put({"s/a.csv": CSV})
    assert set(lake.crawl("d/", "s/")) == {"d", "s"}


def test_a_delta_table_that_asks_for_more_than_can_be_read_is_not_read_wrongly(lake: Lake) -> None:
    asked = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}
    put_delta(lake, asked)
    assert lake.crawl("", Targets=delta_target(lake, "d/")) == {}
    assert lake.crawl("d/") == {}


def test_a_real_writers_table_with_a_checkpoint_is_read(lake: Lake, ask: Ask, tmp_path: Path) -> None:
    deltalake = pytest.importorskip("deltalake")
    import pyarrow as pa

    where = str(tmp_path / "t")
    for number in range(3):
        rows = pa.table({"n": [number, number + 10], "k": ["x", "y"]})
        deltalake.write_deltalake(where, rows, mode="append", partition_by=["k"])
    made = deltalake.DeltaTable(where)
    made.delete("n = 10")
    made.create_checkpoint()
    deltalake.write_deltalake(where, pa.table({"n": [99], "k": ["x"]}), mode="append")
    files = [path for path in (tmp_path / "t").rglob("*") if path.is_file()]
    lake.put({f"t/{path.relative_to(where)}": path.read_bytes() for path in files})
    lake.crawl("t/")
    assert ask("SELECT k, sum(n), count(*) FROM t GROUP BY k ORDER BY k") == [
        ["x", "102", "4"],
        ["y", "23", "2"],
    ]


def test_an_iceberg_table_is_found_and_followed_to_its_newest_metadata(lake: Lake, ask: Ask) -> None:
    where = f"s3://{lake.bucket}/ice"
    ask_ddl = f"CREATE TABLE made (id bigint, price decimal(5,2), at timestamp) LOCATION '{where}/'"
    ask(f"{ask_ddl} TBLPROPERTIES ('table_type'='ICEBERG')")
    ask("INSERT INTO made VALUES (1, DECIMAL '2.50', TIMESTAMP '2024-01-01 00:00:00')")
    targets = {"IcebergTargets": [{"Paths": [where], "MaximumTraversalDepth": 3}]}
    crawler = lake.crawler("", Targets=targets, TablePrefix="found_")
    lake.run(crawler)
    table = lake.tables()["found_ice"]
    assert columns(table) == {"id": "bigint", "price": "decimal(5,2)", "at": "timestamp"}
    original = lake.tables()["made"]["Parameters"]["metadata_location"]
    assert table["Parameters"]["metadata_location"] == original
    assert ask("SELECT id, price FROM found_ice") == [["1", "2.50"]]
    ask("INSERT INTO made VALUES (2, DECIMAL '3.50', TIMESTAMP '2024-01-01 00:00:00')")
    lake.run(crawler)
    assert ask("SELECT count(*) FROM found_ice") == [["2"]]


def test_a_hudi_table_is_left_out_by_name(lake: Lake, client: Any) -> None:
    """Its files hold old versions of rows too: read as plain Parquet they would be counted twice."""
    lake.put({"all/h/.hoodie/hoodie.properties": "hoodie.table.name=h", "all/h/p=1/a_0.csv": "id,n\n1,2\n",
              "all/plain/a.csv": "id,n\n1,2\n"})  # fmt: skip
    name = lake.crawler("all/")
    lake.run(name)
    assert lake.partitions("all") == [["plain"]]
    logs = client("logs")
    events = logs.get_log_events(logGroupName="/aws-glue/crawlers", logStreamName=name)["events"]
    assert any("all/h is a Hudi table" in one["message"] for one in events)


def test_targets_that_mean_more_than_is_written_are_refused(lake: Lake, refused: Refusal) -> None:
    create = lake.glue.create_crawler
    for targets in (
        {"DeltaTargets": [{"DeltaTables": [f"s3://{lake.bucket}/d/"], "WriteManifest": True}]},
        {"HudiTargets": [{"Paths": [f"s3://{lake.bucket}/h/"]}]},
    ):
        members = {"Name": "never", "Role": ROLE, "DatabaseName": lake.database, "Targets": targets}
        refused("NotImplemented", create, **members)
