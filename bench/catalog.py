"""A table of many partitions: what searches of the catalog take, and what Athena's queries with a filter do.

    python bench/catalog.py [--partitions 100000] [--rounds 20]

Everything goes through boto3. The partitions are made a hundred at a time; 10 of them, the same in both tables,
have a file. Athena's queries are asked of a table with all the partitions and of one with 10, in turns; they read
one partition, and the ratio of the two medians is what counts.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import athena as bench
import servers
from tables import table

BUCKET, DATABASE, FEW, BATCH = bench.BUCKET, "many", 10, 100
REGIONS = [f"region-{number:02}" for number in range(20)]
FIRST = date(2010, 1, 1)
SEARCHES = {
    "one day": "day = '2012-03-04'",
    "a month": "day BETWEEN '2012-03-01' AND '2012-03-31'",
    "a list of regions in a year": "region IN ('region-03', 'region-07') AND day LIKE '2013-%'",
    "nothing": "day = '1999-01-01'",
    "without days": "NOT (day > '2010-01-02')",
}
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"


def partitions(count: int) -> list[tuple[str, str]]:
    """The values of partitions by day and region, days first."""
    days = (str(FIRST + timedelta(days=number)) for number in range(-(-count // len(REGIONS))))
    return [(day, region) for day in days for region in REGIONS][:count]


def place(name: str, values: tuple[str, str]) -> str:
    return f"{name}/day={values[0]}/region={values[1]}/"


def make(under: bench.Athena, name: str, count: int) -> float:
    """A table with its partitions; the seconds that adding those took."""
    glue, s3 = under.client("glue"), under.client("s3")
    descriptor = {
        "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "word", "Type": "string"}],
        "Location": f"s3://{BUCKET}/{name}/",
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {"SerializationLibrary": LAZY, "Parameters": {"field.delim": ","}},
    }
    keys = [{"Name": key, "Type": "string"} for key in ("day", "region")]
    definition = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": descriptor}
    glue.create_table(DatabaseName=DATABASE, TableInput={**definition, "PartitionKeys": keys})
    wanted = partitions(count)
    for values in wanted[:FEW]:
        s3.put_object(Bucket=BUCKET, Key=place(name, values) + "a.csv", Body=b"1,one\n2,two\n")
    begin = time.perf_counter()
    for start in range(0, count, BATCH):
        given = [
            {
                "Values": list(values),
                "StorageDescriptor": {**descriptor, "Location": f"s3://{BUCKET}/{place(name, values)}"},
            }
            for values in wanted[start : start + BATCH]
        ]
        glue.batch_create_partition(DatabaseName=DATABASE, TableName=name, PartitionInputList=given)
    return time.perf_counter() - begin


def found(under: bench.Athena, name: str, expression: str) -> int:
    pages = under.client("glue").get_paginator("get_partitions").paginate(
        DatabaseName=DATABASE, TableName=name, Expression=expression, ExcludeColumnSchema=True
    )  # fmt: skip
    return sum(len(page["Partitions"]) for page in pages)


def median(work: Callable[[], Any], rounds: int) -> float:
    return statistics.median(bench.seconds(work) for _ in range(rounds))


def question(name: str) -> str:
    return f"SELECT sum(id) FROM {name} WHERE day = '{FIRST}' AND region = '{REGIONS[3]}'"


def run(under: bench.Athena, count: int, rounds: int) -> None:
    under.client("s3").create_bucket(Bucket=BUCKET)
    under.client("glue").create_database(DatabaseInput={"Name": DATABASE})
    under.database = DATABASE
    took = make(under, "big", count)
    make(under, "small", FEW)
    print(f"{count:,} partitions made in {took:.1f} s: {count / took:,.0f} a second\n")
    rows = []
    for said, expression in SEARCHES.items():
        search = partial(found, under, "big", expression)
        first, hits = bench.seconds(search), search()
        rows.append((said, f"{hits:,}", f"{first * 1000:.0f} ms", f"{median(search, rounds) * 1000:.1f} ms"))
    print(table(("GetPartitions", "found", "first", "median"), rows), "\n")
    times: dict[str, list[float]] = {"big": [], "small": []}
    for _ in range(rounds + 1):
        for name, each in times.items():
            each.append(bench.seconds(lambda name=name: under.rows(question(name))))
    big, small = (statistics.median(times[name][1:]) for name in times)
    print(
        f"Athena, one partition of {count:,}: {big * 1000:.0f} ms; of {FEW}: {small * 1000:.0f} ms", end="; "
    )
    print(f"{big / small:.2f} times")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--partitions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, servers.cumulet(Path(folder)) as server:
        run(bench.Athena(server), options.partitions, options.rounds)


if __name__ == "__main__":
    main()
