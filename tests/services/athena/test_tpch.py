"""The 22 queries of TPC-H with the validation parameters; their answers, to the last digit.

At scale factor 1 they are the published ones, which come with DuckDB's extension `tpch`. At others they are what bare
DuckDB makes of the same text and files: another road to the same number, without our translation. The data comes
from tpchgen. Where an answer is an average or a quotient, Trino rounds it to the scale of its decimal type, which is
told here.

    CUMULET_TPCH_SCALE=1 pytest tests/services/athena/test_tpch.py     (400 MB, half a minute)
"""

from __future__ import annotations

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from .conftest import Lab

QUERIES = Path(__file__).parents[3] / "bench" / "tpch"
SCALE = os.environ.get("CUMULET_TPCH_SCALE", "0.01")
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
PROGRAM = shutil.which("tpchgen-cli", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
EXTENSION = importlib.util.find_spec("duckdb_extension_tpch")
ROUNDED = {  # digits after the point: avg() keeps its argument's scale, a quotient has the larger one of two
    (1, "sum_qty"): 2,
    (18, "quantity"): 2,
    (18, "sum"): 2,
    (1, "avg_qty"): 2,
    (1, "avg_price"): 2,
    (1, "avg_disc"): 2,
    (8, "mkt_share"): 4,
    (14, "promo_revenue"): 12,  # of doubles, whose last digit depends on what is multiplied first
}


RANDOM_TEXTS = ("s_address", "s_comment", "c_address", "c_comment")
FIRST_ROWS = {
    2: "9938.53|Supplier#000005359|UNITED KINGDOM|185358|Manufacturer#4|QKuHYh,vZGiwu2FWEJoLDx04|33-429-790-6131|"
    "uriously regular requests hag",
    10: "57040|Customer#000057040|734235.2455|632.87|JAPAN|Eioyzjf4pp|22-895-641-3466|"
    "sits. slyly regular requests sleep alongside of the regular inst",
    15: "8449|Supplier#000008449|Wp34zim9qYFbVctdW|20-469-856-8873|1772627.2087",
    20: "Supplier#000000020|iybAE,RmTymrZVYaFZva2SH,j",
}
PAIRS = (
    0, 50005, 9, 6641, 10, 6532, 11, 6014, 8, 5937, 12, 5639, 13, 5024, 19, 4793, 7, 4687, 17, 4587,
    18, 4529, 20, 4516, 15, 4505, 14, 4446, 16, 4273, 21, 4190, 22, 3623, 6, 3265, 23, 3225, 24,
    2742, 25, 2086, 5, 1948, 26, 1612, 27, 1179, 4, 1007, 28, 893, 29, 593, 3, 415, 30, 376, 31,
    226, 32, 148, 2, 134, 33, 75, 34, 50, 35, 37, 1, 17, 36, 14, 38, 5, 37, 5, 40, 4, 41, 2, 39, 1,
)  # fmt: skip
CUSTOMERS_BY_ORDERS: list[list[str | None]] = [
    [str(orders), str(customers)] for orders, customers in zip(PAIRS[::2], PAIRS[1::2], strict=True)
]  # query 13


@dataclass
class Warehouse:
    """The tables: as files, and as Athena knows them."""

    lab: Lab
    folder: Path

    def answer(self, number: int) -> list[list[str | None]]:
        """What Athena says."""
        found = self.lab.run(text(number))
        read = self.lab.athena.get_paginator("get_query_results").paginate
        pages = read(QueryExecutionId=found["QueryExecutionId"])
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
        names, *told = [[each.get("VarCharValue") for each in row] for row in rows]
        return [by_trino(number, names, row) for row in told]

    def computed(self, number: int) -> list[list[str | None]]:
        """What bare DuckDB says."""
        connection = duckdb.connect()
        for name in TABLES:
            connection.execute(f"CREATE VIEW {name} AS FROM '{self.folder / name}.parquet'")
        found = connection.sql(text(number))
        return [by_trino(number, found.columns, row) for row in found.fetchall()]


@pytest.fixture(scope="module")
def warehouse(client: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    mark, folder = uuid.uuid4().hex[:10], tmp_path_factory.mktemp("tpch")
    subprocess.run([str(PROGRAM), "parquet", "-s", SCALE, f"--output-dir={folder}"], check=True)
    lab = Lab(client("athena"), client("s3"), client("glue"), f"tpch-{mark}", f"tpch_{mark}")
    lab.s3.create_bucket(Bucket=lab.bucket)
    lab.glue.create_database(DatabaseInput={"Name": lab.database})
    for name in TABLES:
        lab.s3.upload_file(str(folder / f"{name}.parquet"), lab.bucket, f"{name}/data.parquet")
    for statement in (QUERIES / "tables.sql").read_text().format(place=f"s3://{lab.bucket}").split(";\n"):
        lab.run(statement)
    return Warehouse(lab, folder)


def text(number: int) -> str:
    return (QUERIES / f"{number:02}.sql").read_text()


def by_trino(number: int, names: Sequence[str], row: Sequence[Any]) -> list[str | None]:
    """A row with sums, averages and quotients as Trino's decimals."""
    return [rounded(value, ROUNDED.get((number, name))) for name, value in zip(names, row, strict=True)]


def rounded(value: Any, digits: int | None) -> str | None:
    if value is None or digits is None:
        return None if value is None else str(value)
    return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def published(number: int) -> tuple[list[str], list[list[str | None]]]:
    connection = duckdb.connect()
    places = EXTENSION.submodule_search_locations if EXTENSION else None
    (binary,) = Path((places or [""])[0]).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    connection.execute(f"LOAD '{binary}'")
    find = "SELECT answer FROM tpch_answers() WHERE scale_factor = 1 AND query_nr = ?"
    (found,) = connection.execute(find, [number]).fetchall()
    names, *rows = csv.reader(found[0].splitlines(), delimiter="|", quoting=csv.QUOTE_NONE)
    return names, [by_trino(number, names, row) for row in rows]


@pytest.mark.skipif(PROGRAM is None, reason="needs tpchgen-cli")
@pytest.mark.parametrize("number", range(1, 23))
def test_a_query_of_tpch_gives_what_bare_duckdb_computes(number: int, warehouse: Warehouse) -> None:
    assert warehouse.answer(number) == warehouse.computed(number)


@pytest.mark.skipif(PROGRAM is None or EXTENSION is None, reason="needs tpchgen-cli, duckdb-extension-tpch")
@pytest.mark.skipif(SCALE != "1", reason="CUMULET_TPCH_SCALE is not 1")
@pytest.mark.parametrize("number", range(1, 23))
def test_a_query_of_tpch_gives_the_published_answer(number: int, warehouse: Warehouse) -> None:
    """But for texts made at random, where the extension has texts of its own: those are in the next test."""
    names, expected = published(number)
    if number == 13:
        expected = CUSTOMERS_BY_ORDERS
    kept = [place for place, name in enumerate(names) if name not in RANDOM_TEXTS]
    picked = [[row[place] for place in kept] for row in warehouse.answer(number)]

    assert picked == [[row[place] for place in kept] for row in expected]


@pytest.mark.skipif(PROGRAM is None or SCALE != "1", reason="CUMULET_TPCH_SCALE is not 1")
@pytest.mark.parametrize("number", FIRST_ROWS)
def test_the_first_row_of_an_answer_is_that_of_the_specification(number: int, warehouse: Warehouse) -> None:
    assert "|".join(each or "" for each in warehouse.answer(number)[0]) == FIRST_ROWS[number]
