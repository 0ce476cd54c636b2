"""Athena beside the engine that it stands on and beside what people use instead, in one run.

    make bench-athena     (or: python bench/athena.py [--quick] [--scale 10] [--write docs/benchmarks.md])

TPC-H goes through boto3, from StartQueryExecution (polled every 5 ms) to the last page of the result; bare DuckDB
in this process on the same Parquet files, all rows fetched, is the floor. Rounds alternate between the two and the
best of each counts, since the machine has other work too. Spark (local) and Sail run the same text in a process of
their own, MiniStack through boto3.

From elsewhere: tpchgen-cli (in the extra `bench`) makes the data. Spark and Sail are
`python -m venv .venv-spark && .venv-spark/bin/pip install 'pyspark[connect]' pysail`, with a Java for Spark
(apt install default-jre-headless); MiniStack is `python -m venv .venv-ministack && .venv-ministack/bin/pip install
ministack`. What is not there is left out with a line. `--quick` takes less than 3 minutes.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import duckdb
import servers
from botocore.config import Config
from tables import table, write

QUERIES = Path(__file__).with_name("tpch")
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
BUCKET, DATABASE, POLL = "warehouse", "tpch", 0.005
MARKS = "bench/athena.py"


@dataclass
class Athena:
    """A server's Athena as a client of boto3 sees it."""

    server: servers.Server
    database: str = "default"
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.server.endpoint,
                region_name="us-east-1",
                aws_access_key_id=self.server.access_key,
                aws_secret_access_key=self.server.secret_key,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=600),
            )
        return self.clients[service]

    def end(self, text: str) -> str:
        """Run a statement to its end; the id of its execution."""
        athena = self.client("athena")
        place = {"OutputLocation": f"s3://{BUCKET}/results/"}
        context = {"Database": self.database}
        name = athena.start_query_execution(
            QueryString=text, QueryExecutionContext=context, ResultConfiguration=place
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return str(name)
            if status["State"] in ("FAILED", "CANCELLED"):
                raise RuntimeError(status.get("StateChangeReason", status["State"]))
            time.sleep(POLL)

    def rows(self, text: str) -> int:
        """Run a query and read all pages of its result."""
        pages = self.client("athena").get_paginator("get_query_results")
        count = sum(
            len(page["ResultSet"]["Rows"]) for page in pages.paginate(QueryExecutionId=self.end(text))
        )
        return count - 1

    def load(self, folder: Path) -> None:
        """The tables of TPC-H into a bucket and a database."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        for name in TABLES:
            self.client("s3").upload_file(str(folder / f"{name}.parquet"), BUCKET, f"{name}/{name}.parquet")
        self.end(f"CREATE DATABASE {DATABASE}")
        self.database = DATABASE
        for statement in (QUERIES / "tables.sql").read_text().format(place=f"s3://{BUCKET}").split(";\n"):
            self.end(statement)


def text(number: int, scale: float) -> str:
    """A query with the validation parameters; one of them depends on the scale factor."""
    given = (QUERIES / f"{number:02}.sql").read_text()
    return given.replace("0.0001000000", f"{0.0001 / scale:.10f}")


def best(work: Callable[[], object], rounds: int) -> float:
    return min(seconds(work) for _ in range(rounds))


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def generate(folder: Path, scale: float) -> None:
    """TPC-H's tables as one Parquet file each, where they are not there yet."""
    program = shutil.which(
        "tpchgen-cli", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if program is None:
        raise SystemExit("tpchgen-cli is not there: pip install -e '.[bench]'")
    if not all((folder / f"{name}.parquet").exists() for name in TABLES):
        subprocess.run([program, "parquet", "-s", str(scale), f"--output-dir={folder}"], check=True)


def bare(folder: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for name in TABLES:
        connection.execute(f"CREATE VIEW {name} AS FROM '{folder / name}.parquet'")
    return connection


def fetched(connection: duckdb.DuckDBPyConnection, text: str) -> int:
    return len(connection.sql(text).fetchall())


Seconds = dict[int, float]


def tpch(
    athena: Athena, floor: duckdb.DuckDBPyConnection, scale: float, rounds: int
) -> tuple[Seconds, Seconds]:
    """The best of each query by Athena and by bare DuckDB, taken in turns."""
    ours: Seconds = {}
    bare: Seconds = {}
    for number in range(1, 23):
        given = text(number, scale)
        for _ in range(rounds + 1):  # the first warms the files up, and counts if it is the best
            bare[number] = min(bare.get(number, math.inf), seconds(partial(fetched, floor, given)))
            ours[number] = min(ours.get(number, math.inf), seconds(partial(athena.rows, given)))
        print(f"query {number}: DuckDB {bare[number]:.3f} s, Athena {ours[number]:.3f} s", flush=True)
    return ours, bare


def by_ministack(program: str | None, folder: Path, scale: float) -> Seconds:
    """MiniStack's Athena; what it refuses is told and left out."""
    found: Seconds = {}
    with servers.ministack(program) as server:
        athena = Athena(server)
        athena.load(folder)
        for number in range(1, 23):
            try:
                found[number] = seconds(partial(athena.rows, text(number, scale)))
            except Exception as error:
                print(f"MiniStack, query {number}: {str(error)[:150]}", flush=True)
    return found


def by_spark(engine: str, python: str, folder: Path, scale: float, rounds: int) -> Seconds:
    """Spark or Sail, in the environment that has it."""
    if not Path(python).exists():
        make = "python -m venv .venv-spark && .venv-spark/bin/pip install 'pyspark[connect]' pysail"
        raise servers.Missing(f"{engine} is left out; to have it beside: {make}")
    with tempfile.TemporaryDirectory() as queries:
        for number in range(1, 23):
            (Path(queries) / f"{number:02}.sql").write_text(text(number, scale))
        script = str(Path(__file__).with_name("spark.py"))
        command = [python, script, engine, str(folder), queries, str(rounds)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=1800 * max(1, scale))
    if ran.returncode:
        raise servers.Missing(f"{engine} is left out: {ran.stderr.strip().splitlines()[-1][:200]}")
    told = json.loads(ran.stdout.strip().splitlines()[-1])
    for number, why in told["failed"].items():
        print(f"{engine}, query {number}: {why[:150]}", flush=True)
    print(f"{engine} started in {told['start']:.1f} s", flush=True)
    return {int(number): taken for number, taken in told["seconds"].items()}


def mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan


def compared(columns: dict[str, Seconds]) -> str:
    """Seconds by query and engine, and each engine's geometric mean beside bare DuckDB."""
    floor = columns["DuckDB"]
    rows = [
        [
            str(number),
            *(f"{found[number]:.3f}" if number in found else "refused" for found in columns.values()),
        ]
        for number in floor
    ]
    both = {name: [n for n in floor if n in found] for name, found in columns.items()}
    rows.append(["total, s", *(f"{sum(columns[name][n] for n in both[name]):.2f}" for name in columns)])
    ratios = {name: [columns[name][n] / floor[n] for n in both[name]] for name in columns}
    rows.append(["times bare DuckDB (geometric mean)", *(f"{mean(found):.2f}" for found in ratios.values())])
    rows.append(["the worst query", *(f"{max(found, default=math.nan):.2f}" for found in ratios.values())])
    return table(("query", *columns), rows)


def trivial(athena: Athena, count: int) -> Iterator[tuple[str, str]]:
    """SELECT 1, polled as fast as it goes (5 ms between two looks) and with awswrangler's patience."""
    taken = sorted(seconds(lambda: athena.rows("SELECT 1")) * 1000 for _ in range(count))
    yield (
        f"SELECT 1, {count} times: p50 / p99, ms (aim: 25)",
        f"{taken[count // 2]:.1f} / {taken[min(count - 1, count * 99 // 100)]:.1f}",
    )


def partitions(athena: Athena, many: int, rounds: int) -> Iterator[tuple[str, str]]:
    """The same question about one partition, of a table with 10 and of one with very many."""
    taken = {}
    for count in (10, many):
        name = f"parts_{count}"
        partitioned(athena, name, count)
        query = f"SELECT count(*), sum(x) FROM {name} WHERE day = '{7:06}'"
        taken[count] = best(partial(athena.rows, query), rounds)
    yield (
        f"a filter on one partition of {many:,}, beside one of 10 (aim: 1.5)",
        f"{taken[many] / taken[10]:.2f} ({taken[many] * 1000:.0f} ms and {taken[10] * 1000:.0f} ms)",
    )


def partitioned(athena: Athena, name: str, count: int) -> None:
    """A table of so many partitions, of which the first ten have a file of one row each."""
    place = f"s3://{BUCKET}/{name}"
    athena.end(f"CREATE EXTERNAL TABLE {name} (x bigint) PARTITIONED BY (day string) LOCATION '{place}/'")
    glue, s3 = athena.client("glue"), athena.client("s3")
    storage = glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]["StorageDescriptor"]
    for number in range(10):
        s3.put_object(Bucket=BUCKET, Key=f"{name}/day={number:06}/data.txt", Body=f"{number}\n".encode())
    for start in range(0, count, 100):
        inputs = [
            {
                "Values": [f"{number:06}"],
                "StorageDescriptor": {**storage, "Location": f"{place}/day={number:06}/"},
            }
            for number in range(start, min(count, start + 100))
        ]
        told = glue.batch_create_partition(DatabaseName=DATABASE, TableName=name, PartitionInputList=inputs)
        if told.get("Errors"):
            raise RuntimeError(str(told["Errors"][0]))


def frames(athena: Athena, folder: Path, rows: int, rounds: int) -> Iterator[tuple[str, str]]:
    """awswrangler's read_sql_query of many rows beside DuckDB's own data frame of them."""
    try:
        import awswrangler as wr
    except ModuleNotFoundError:
        print("awswrangler is left out; to have it: pip install awswrangler")
        return
    server = athena.server
    os.environ.update(AWS_ENDPOINT_URL=server.endpoint)
    session = boto3.Session(server.access_key, server.secret_key, region_name="us-east-1")
    query = (
        "SELECT l_orderkey, l_partkey, l_quantity, l_extendedprice, l_shipdate, l_shipmode, l_comment "
        f"FROM lineitem LIMIT {rows}"
    )
    floor = bare(folder)
    least = best(lambda: floor.sql(query).df(), rounds)
    for what, options in {
        "CTAS": {},
        "CSV": {"ctas_approach": False},
        "UNLOAD": {"ctas_approach": False, "unload_approach": True},
    }.items():
        out = f"s3://{BUCKET}/frames-{what.lower()}/"
        read = partial(
            wr.athena.read_sql_query, query, DATABASE, s3_output=out, boto3_session=session,
            athena_query_wait_polling_delay=0.01, keep_files=False, **options,
        )  # fmt: skip
        taken = best(read, rounds)
        yield (
            f"read_sql_query ({what}) of {rows:,} rows, beside DuckDB to pandas (aim: 2)",
            f"{taken / least:.2f} ({taken:.2f} s and {least:.2f} s)",
        )


def report(options: argparse.Namespace) -> str:
    rounds = 1 if options.quick else 3
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generate(folder, options.scale)
        athena = Athena(stack.enter_context(servers.cumulet()))
        athena.load(folder)
        single = list(trivial(athena, 50 if options.quick else 300))
        ours, floor = tpch(athena, bare(folder), options.scale, rounds)
        columns = {"DuckDB": floor, "Athena": ours}
        single += partitions(athena, 10_000 if options.quick else 100_000, 5)
        single += frames(athena, folder, min(1_000_000, int(6_000_000 * options.scale)), rounds)
        add_others(columns, options, folder, rounds)
    head = f"TPC-H at scale factor {options.scale:g}, seconds; best of {rounds + 1}."
    return "\n\n".join([head, compared(columns), table(("what", "Cumulet"), single)])


def add_others(columns: dict[str, Seconds], options: argparse.Namespace, folder: Path, rounds: int) -> None:
    others: dict[str, Callable[[], Seconds]] = {
        "Sail": partial(by_spark, "sail", options.spark, folder, options.scale, rounds),
        "MiniStack": partial(by_ministack, options.ministack, folder, options.scale),
    }
    if not options.quick:
        others["Spark"] = partial(by_spark, "spark", options.spark, folder, options.scale, 1)
    for name, measure in others.items():
        try:
            columns[name] = measure()
        except servers.Missing as missing:
            print(missing, flush=True)
        except Exception as error:
            print(f"{name} is left out: {str(error)[:200]}", flush=True)


def program(path: str) -> str | None:
    return path if Path(path).exists() else None


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round, fewer partitions, no Spark")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H's scale factor")
    parser.add_argument("--data", type=Path, help="a folder with the tables, filled where it is empty")
    parser.add_argument(
        "--spark", default=".venv-spark/bin/python", help="a Python that has pyspark and pysail"
    )
    parser.add_argument("--ministack", default=program(".venv-ministack/bin/ministack"), help="its program")
    parser.add_argument("--write", type=Path, help="a page with the marks between which the tables go")
    options = parser.parse_args()
    begin = time.perf_counter()
    made = report(options)
    print(f"\n{made}\n\nThis took {(time.perf_counter() - begin) / 60:.1f} minutes.")
    if options.write:
        write(options.write, MARKS, made)


if __name__ == "__main__":
    main()
