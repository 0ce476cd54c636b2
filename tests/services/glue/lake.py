"""A bucket of the test's own, and a crawler over it."""

from __future__ import annotations

import time
import uuid
from typing import Any

ROLE = "CumuletAdministrator"
PATIENCE = 60  # seconds that a crawl or a run may take on a busy machine


class Lake:
    """Files in, tables out."""

    def __init__(self, s3: Any, glue: Any, database: str) -> None:
        self.s3 = s3
        self.glue = glue
        self.database = database
        self.bucket = f"lake-{uuid.uuid4().hex[:12]}"
        s3.create_bucket(Bucket=self.bucket)

    def put(self, files: dict[str, str | bytes]) -> None:
        for key, body in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def crawler(self, *paths: str, exclusions: list[str] | None = None, **said: Any) -> str:
        name = f"crawler-{uuid.uuid4().hex[:12]}"
        targets = [
            {"Path": f"s3://{self.bucket}/{path}", "Exclusions": exclusions or []} for path in paths or ("",)
        ]
        members = {"Role": ROLE, "DatabaseName": self.database, "Targets": {"S3Targets": targets}, **said}
        self.glue.create_crawler(Name=name, **members)
        return name

    def run(self, crawler: str) -> dict[str, Any]:
        """The crawler after a crawl, which must succeed."""
        self.glue.start_crawler(Name=crawler)
        found = self.ready(crawler)
        assert found["LastCrawl"]["Status"] == "SUCCEEDED", found["LastCrawl"]
        return found

    def ready(self, crawler: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.glue.get_crawler(Name=crawler)["Crawler"]
            if found["State"] == "READY":
                return found
            time.sleep(0.02)
        raise AssertionError(f"{crawler} did not get ready")

    def crawl(self, *paths: str, **said: Any) -> dict[str, dict[str, Any]]:
        """Crawl paths once; the tables that are there then, by name."""
        self.run(self.crawler(*paths, **said))
        return self.tables()

    def tables(self) -> dict[str, dict[str, Any]]:
        found = self.glue.get_tables(DatabaseName=self.database)["TableList"]
        return {table["Name"]: table for table in found}

    def partitions(self, table: str) -> list[list[str]]:
        found = self.glue.get_partitions(DatabaseName=self.database, TableName=table)["Partitions"]
        return [one["Values"] for one in found]


def columns(table: dict[str, Any]) -> dict[str, str]:
    return {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}


def keys(table: dict[str, Any]) -> list[str]:
    return [key["Name"] for key in table["PartitionKeys"]]


def serde(table: dict[str, Any]) -> str:
    return str(table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]).rpartition(".")[2]
