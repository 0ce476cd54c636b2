"""Athena as a client of boto3 sees it, and a stopwatch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import servers
from botocore.config import Config

QUERIES = Path(__file__).with_name("tpch")
TABLES = ("region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem")
BUCKET, DATABASE, POLL = "warehouse", "tpch", 0.005


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
        return self.pages(self.end(text)) - 1

    def pages(self, name: str) -> int:
        """How many rows all pages have together, the header among them."""
        pages = self.client("athena").get_paginator("get_query_results")
        return sum(len(page["ResultSet"]["Rows"]) for page in pages.paginate(QueryExecutionId=name))

    def load(self, folder: Path) -> None:
        """The tables of TPC-H into a bucket and a database."""
        self.client("s3").create_bucket(Bucket=BUCKET)
        for name in TABLES:
            self.client("s3").upload_file(str(folder / f"{name}.parquet"), BUCKET, f"{name}/{name}.parquet")
        self.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        self.database = DATABASE
        for statement in (QUERIES / "tables.sql").read_text().format(place=f"s3://{BUCKET}").split(";\n"):
            self.end(statement)


def best(work: Callable[[], object], rounds: int) -> float:
    return min(seconds(work) for _ in range(rounds))


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
