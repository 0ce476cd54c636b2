"""Athena beside the engine that it stands on and beside what people use instead, in one run.

    make bench-athena     (or: python bench/athena.py [--quick] [--scale 10] [--write docs/benchmarks.md])

TPC-H goes through boto3, from StartQueryExecution (polled every 5 ms) to the last page of the result; bare DuckDB
in this process on the same Parquet files, all rows fetched, is the floor. Rounds alternate between the two and the
best of each counts, since the machine has other work too. Spark (local) and Sail run the same text in a process of
their own, MiniStack through boto3.

From elsewhere: tpchgen-cli (in the extra `bench`) makes the data. Spark and Sail are
`python -m venv .venv-spark && .venv-spark/bin/pip install 'pyspark[connect]' pysail`, with a Java for Spark
(apt install default-jre-headless); MiniStack is `python -m venv .venv-ministack && .venv-ministack/bin/pip install
ministack duckdb`. What is not there is left out with a line. `--quick` takes less than 3 minutes.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import boto3
import duckdb
import servers
from asking import BUCKET, DATABASE, QUERIES, Athena, best, seconds
from contest import Seconds, bare, by_ministack, by_spark, generate, tpch
from tables import table, write

MARKS = "bench/athena.py"


def mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, ratios))) if ratios else math.nan


def compared(columns: dict[str, Seconds]) -> str:
    """Seconds by query and engine, and each engine's geometric mean beside bare DuckDB."""
    floor = columns["DuckDB"]
    rows = [
        [
            str(number),
            *(f"{found[number]:.3f}" if number in found else "no answer" for found in columns.values()),
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
    yield (
        "the same rows from a local Parquet file to pandas by pyarrow, s",
        f"{by_arrow(floor, query, rounds):.2f}",
    )
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


def by_arrow(floor: duckdb.DuckDBPyConnection, query: str, rounds: int) -> float:
    """What awswrangler cannot do without: decimals become Python's own, which DuckDB's data frame spares itself."""
    import pyarrow.parquet as pq

    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        floor.execute(f"COPY ({query}) TO '{file.name}' (FORMAT parquet)")
        return best(lambda: pq.read_table(file.name).to_pandas(), rounds)


def together(athena: Athena, count: int) -> Iterator[tuple[str, str]]:
    """Very many queries at once, beside the same ones after each other."""
    text = (QUERIES / "06.sql").read_text()
    one = seconds(lambda: [athena.end(text) for _ in range(5)]) / 5
    with ThreadPoolExecutor(count) as crowd:
        all_of_them = seconds(lambda: list(crowd.map(athena.end, [text] * count)))
    yield (
        f"query 6, {count} times at once, beside as many after each other",
        f"{all_of_them / one / count:.2f} ({all_of_them:.1f} s)",
    )


def report(options: argparse.Namespace) -> str:
    rounds = 1 if options.quick else options.rounds
    with ExitStack() as stack:
        folder = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        generate(folder, options.scale)
        athena = Athena(stack.enter_context(servers.cumulet()))
        athena.load(folder)
        columns = tpch(athena, bare(folder), options.scale, rounds)
        single = [] if options.only_tpch else [told(row) for row in others(athena, options, folder, rounds)]
        add_others(columns, options, folder, rounds)
    head = f"TPC-H at scale factor {options.scale:g}, seconds; best of {rounds + 1}."
    return "\n\n".join([head, compared(columns), *([table(("what", "Cumulet"), single)] if single else [])])


def told(row: tuple[str, str]) -> tuple[str, str]:
    print(": ".join(row), flush=True)
    return row


def others(
    athena: Athena, options: argparse.Namespace, folder: Path, rounds: int
) -> Iterator[tuple[str, str]]:
    yield from trivial(athena, 50 if options.quick else 300)
    yield from together(athena, 50)
    yield from partitions(athena, 10_000 if options.quick else 100_000, 5)
    yield from frames(athena, folder, min(1_000_000, int(6_000_000 * options.scale)), rounds)


def add_others(columns: dict[str, Seconds], options: argparse.Namespace, folder: Path, rounds: int) -> None:
    beside: dict[str, Callable[[], Seconds]] = {
        "Sail": partial(
            by_spark, "sail", options.spark, folder, options.scale, rounds, options.spark_minutes
        ),
    }
    if not options.no_ministack:
        beside["MiniStack"] = partial(by_ministack, options.ministack, folder, options.scale)
    if not options.quick and not options.no_spark:
        beside["Spark"] = partial(
            by_spark, "spark", options.spark, folder, options.scale, 1, options.spark_minutes
        )
    for name, measure in beside.items():
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
    parser.add_argument("--rounds", type=int, default=3, help="of each query, beside the one that warms up")
    parser.add_argument("--only-tpch", action="store_true", help="nothing but the 22 queries")
    parser.add_argument("--no-spark", action="store_true", help="Spark takes its time")
    parser.add_argument(
        "--spark-minutes",
        type=float,
        default=math.inf,
        help="after which Spark (and Sail) are ended; what they have answered by then counts",
    )
    parser.add_argument("--no-ministack", action="store_true", help="it keeps all tables in memory")
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
        write(options.write, MARKS if options.scale == 1 else f"{MARKS} --scale {options.scale:g}", made)


if __name__ == "__main__":
    main()
