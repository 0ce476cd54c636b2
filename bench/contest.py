"""TPC-H by each of the engines: the data, and seconds by query."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import duckdb
import servers
from asking import QUERIES, TABLES, Athena, seconds

Seconds = dict[int, float]


def text(number: int, scale: float) -> str:
    """A query with the validation parameters; one of them depends on the scale factor."""
    given = (QUERIES / f"{number:02}.sql").read_text()
    return given.replace("0.0001000000", f"{0.0001 / scale:.10f}")


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


def tpch(athena: Athena, floor: duckdb.DuckDBPyConnection, scale: float, rounds: int) -> dict[str, Seconds]:
    """The best of each query by bare DuckDB and by Athena, taken in turns; Athena's also without the pages."""
    found: dict[str, Seconds] = {"DuckDB": {}, "Athena": {}, "Athena, no pages": {}}
    for number in range(1, 23):
        given = text(number, scale)
        for _ in range(rounds + 1):  # the first warms the files up, and counts if it is the best
            taken = seconds(partial(fetched, floor, given)), *ended_and_read(athena, given)
            for name, value in zip(("DuckDB", "Athena, no pages", "Athena"), taken, strict=True):
                found[name][number] = min(found[name].get(number, math.inf), value)
        told = ", ".join(f"{name} {values[number]:.3f} s" for name, values in found.items())
        print(f"query {number}: {told}", flush=True)
    return found


def ended_and_read(athena: Athena, given: str) -> tuple[float, float]:
    """Seconds until a query has succeeded, and until its last page is there."""
    begin = time.perf_counter()
    name = athena.end(given)
    ended = time.perf_counter() - begin
    athena.pages(name)
    return ended, time.perf_counter() - begin


def by_ministack(program: str | None, folder: Path, scale: float) -> Seconds:
    """MiniStack's Athena; what it refuses is told and left out."""
    found: Seconds = {}
    with servers.ministack(program) as server:
        athena = Athena(server)
        athena.load(folder)
        if athena.rows(text(1, scale)) != 4:  # it answers anything where it finds no engine
            raise servers.Missing(
                "MiniStack is left out: it made its answers up; pip install duckdb beside it"
            )
        for number in range(1, 23):
            try:
                found[number] = seconds(partial(athena.rows, text(number, scale)))
            except Exception as error:
                why = str(error).partition("\n")[0]
                print(f"MiniStack, query {number}: {why[:150]}", flush=True)
    return found


def by_spark(
    engine: str, python: str, folder: Path, scale: float, rounds: int, minutes: float = math.inf
) -> Seconds:
    """Spark or Sail, in the environment that has it; what it has not answered within so many minutes is left out."""
    if not Path(python).exists():
        make = "python -m venv .venv-spark && .venv-spark/bin/pip install 'pyspark[connect]' pysail"
        raise servers.Missing(f"{engine} is left out; to have it beside: {make}")
    found: Seconds = {}
    with tempfile.TemporaryDirectory() as queries, tempfile.TemporaryFile("w+") as errors:
        for number in range(1, 23):
            (Path(queries) / f"{number:02}.sql").write_text(text(number, scale))
        script = str(Path(__file__).with_name("spark.py"))
        command = [python, script, engine, str(folder), queries, str(rounds)]
        for told in lines(command, errors, min(60 * minutes, 1800 * max(1, scale))):
            if "start" in told:
                print(f"{engine} started in {told['start']:.1f} s", flush=True)
            elif "failed" in told:
                print(f"{engine}, query {told['query']}: {told['failed'][:150]}", flush=True)
            else:
                found[told["query"]] = told["seconds"]
        errors.seek(0)
        if not found:
            raise servers.Missing(f"{engine} is left out: {(errors.read().strip() or 'no word')[-200:]}")
    if len(found) < 22:
        print(f"{engine} has answered {len(found)} of 22 queries", flush=True)
    return found


def lines(command: list[str], errors: IO[str], limit: float) -> Iterator[dict[str, Any]]:
    """What a program tells, a JSON object a line, until it has ended or its time is over."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
    ) as process:
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        try:
            for line in process.stdout or ():
                if line.startswith("{"):
                    yield json.loads(line)
        finally:
            timer.cancel()
