"""A small dbt project (tests/conformance/dbt), built on Cumulet by dbt-athena.

dbt is not part of this project: name a Python that has it (`pip install dbt-core dbt-athena`).

    python tests/conformance/dbt_project.py --python VENV/bin/python

A server of its own is started on a fresh data directory. The project is built (seeds, tables, views,
incremental models on Hive and Iceberg tables, snapshots, tests), built once more with what has changed since,
its documentation is generated, and what then stands in the lake is compared with what belongs there.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3
from suite import account

from cumulet import environment
from cumulet.launch import Child

REGION = "us-east-1"
BUCKET = "dbt-shop"
PROJECT = Path(__file__).with_name("dbt")
CHANGED = {"surcharge": 1, "moved": True, "with_note": True}
RUNS: list[list[str]] = [
    ["debug"],
    ["seed"],
    ["build"],
    ["build", "--vars", json.dumps(CHANGED)],
    ["run", "--full-refresh", "--select", "days", "journal", "months"],
    ["docs", "generate"],
    ["show", "--inline", "select * from {{ ref('spending') }}"],
]
EXPECTED: dict[str, list[list[str | None]]] = {
    "SELECT name, orders, spent, last_order FROM spending ORDER BY customer_id": [
        ["Ada", "2", "30.75", "2024-01-06"],
        ["Grace, Brewster", "1", "99.99", "2024-01-06"],
        ["Katherine", "2", "12.75", "2024-02-02"],
    ],
    "SELECT customer_id FROM big_spenders ORDER BY 1": [["1"], ["2"]],
    "SELECT cast(ordered_on AS varchar), orders, total FROM days ORDER BY 1": [
        ["2024-01-05", "1", "10.50"],
        ["2024-01-06", "2", "120.24"],
        ["2024-02-01", "1", "5.00"],
        ["2024-02-02", "1", "7.75"],
    ],
    "SELECT count(*), count(DISTINCT run) FROM journal": [["5", "1"]],
    "SELECT order_id, total, note FROM ledger WHERE order_id < 3 ORDER BY 1": [
        ["1", "11.50", "checked"],
        ["2", "21.25", "checked"],
    ],
    "SELECT total, customers FROM months ORDER BY month": [["133.74", "2"], ["14.75", "1"]],
    "SELECT city, total FROM big_orders_by_city ORDER BY 1": [["London", "21.25"], ["New York", "100.99"]],
    "SELECT city, dbt_valid_to IS NULL FROM customers_then WHERE customer_id = 1 ORDER BY dbt_valid_from": [
        ["London", "false"],
        ["Marylebone", "true"],
    ],
    "SELECT count(*), count(dbt_valid_to) FROM customers_checked": [["4", "1"]],
}


class Lake:
    """The warehouse as its user sees it."""

    def __init__(self, chosen: dict[str, str]) -> None:
        self._session = boto3.Session(
            chosen["AWS_ACCESS_KEY_ID"], chosen["AWS_SECRET_ACCESS_KEY"], region_name=REGION
        )
        self._endpoint = chosen["AWS_ENDPOINT_URL"]
        self.athena: Any = self.client("athena")

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint)

    def rows(self, statement: str) -> list[list[str | None]]:
        """What a query answers, without its header."""
        query = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": "shop"},
            ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
        )["QueryExecutionId"]
        status: dict[str, Any] = {"State": "QUEUED"}
        while status["State"] in ("QUEUED", "RUNNING"):
            time.sleep(0.05)
            status = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] != "SUCCEEDED":
            raise RuntimeError(f"{statement}: {status.get('StateChangeReason')}")
        found = self.athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
        return [[each.get("VarCharValue") for each in row["Data"]] for row in found]


def dbt(python: str, project: Path, settings: dict[str, str], arguments: list[str]) -> bool:
    command = [python, "-m", "dbt.cli.main", *arguments, "--profiles-dir", str(project)]
    print("$ dbt", *arguments, flush=True)
    return subprocess.run(command, cwd=project, env=settings, check=False).returncode == 0


def wrong(lake: Lake) -> list[str]:
    """The answers that are not as they should be."""
    found = []
    for statement, expected in EXPECTED.items():
        try:
            answer = lake.rows(statement)
        except RuntimeError as error:
            found.append(str(error))
            continue
        if answer != expected:
            found.append(f"{statement}\n    expected {expected}\n    found    {answer}")
    return found


def run(python: str, server: Child, project: Path) -> list[str]:
    """What went wrong: nothing, if all is well."""
    chosen = environment.variables(server.config, account("dbt", server.data_dir), REGION)
    lake = Lake(chosen)
    lake.client("s3").create_bucket(Bucket=BUCKET)
    settings = environment.over(os.environ, chosen | {"DBT_BUCKET": BUCKET})
    problems = [f"dbt {' '.join(each)}" for each in RUNS if not dbt(python, project, settings, each)]
    return problems + wrong(lake)


def main() -> int:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--python", default=sys.executable, help="a Python that has dbt-core and dbt-athena")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(shutil.copytree(PROJECT, Path(folder, "shop")))
        server = Child(Path(folder, "data"))
        try:
            problems = run(str(Path(asked.python).absolute()), server, project)
        finally:
            server.stop()
    print(*(f"WRONG: {each}" for each in problems), sep="\n")
    print(f"{len(problems)} wrong of {len(RUNS)} runs of dbt and {len(EXPECTED)} queries")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
