"""Athena as boto3 sees it: a bucket, a database of the test's own, and statements run to their end."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Lab:
    """One test's corner of the lake."""

    athena: Any
    s3: Any
    glue: Any
    bucket: str
    database: str

    def start(self, text: str, **members: Any) -> str:
        given = {"QueryExecutionContext": {"Database": self.database},
                 "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"}, **members}  # fmt: skip
        return str(self.athena.start_query_execution(QueryString=text, **given)["QueryExecutionId"])

    def wait(self, name: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]
            if found["Status"]["State"] in ENDED:
                return found

    def run(self, text: str, **members: Any) -> dict[str, Any]:
        """A statement to its end, which must be a success."""
        found = self.wait(self.start(text, **members))
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        return found

    def fail(self, text: str, **members: Any) -> dict[str, Any]:
        found = self.wait(self.start(text, **members))
        assert found["Status"]["State"] == "FAILED", found["Status"]
        status: dict[str, Any] = found["Status"]
        return status

    def rows(self, text: str, **members: Any) -> list[list[str | None]]:
        """The rows of an answer, without the header."""
        found = self.run(text, **members)
        answer = self.athena.get_query_results(QueryExecutionId=found["QueryExecutionId"])
        rows = [[each.get("VarCharValue") for each in row["Data"]] for row in answer["ResultSet"]["Rows"]]
        return rows[1:] if found["ResultConfiguration"]["OutputLocation"].endswith(".csv") else rows

    def lines(self, text: str) -> list[str]:
        return [str(row[0]) for row in self.rows(text)]

    def put(self, key: str, content: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode())

    def read(self, location: str) -> bytes:
        bucket, _, key = location.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


@pytest.fixture
def lab(client: Callable[..., Any]) -> Lab:
    mark = uuid.uuid4().hex[:10]
    made = Lab(client("athena"), client("s3"), client("glue"), f"lab-{mark}", f"db_{mark}")
    made.s3.create_bucket(Bucket=made.bucket)
    made.glue.create_database(DatabaseInput={"Name": made.database})
    return made


@pytest.fixture
def people(lab: Lab) -> Lab:
    """A table of three people in CSV."""
    lab.put("people/data.csv", 'id,name,born\n1,Ada,1815\n2,"Hopper, Grace",1906\n3,"",1912\n')
    lab.run(
        "CREATE EXTERNAL TABLE people (id int, name string, born bigint) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION 's3://{lab.bucket}/people/' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    return lab
