"""A catalog to try things in: a boto3 client, and a database of the test's own."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .lake import Lake

Refusal = Callable[..., Any]


@pytest.fixture(scope="module")
def glue(client: Callable[..., Any]) -> Any:
    return client("glue")


@pytest.fixture
def database(glue: Any) -> Iterator[str]:
    """A database with a name of its own, gone after the test."""
    name = f"db_{uuid.uuid4().hex[:12]}"
    glue.create_database(DatabaseInput={"Name": name})
    yield name
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_database(Name=name)


@pytest.fixture
def refused() -> Refusal:
    """`refused("InvalidInputException", glue.get_table, ...)`: the message of an error with that code."""

    def check(code: str, call: Callable[..., Any], **members: Any) -> str:
        with pytest.raises(ClientError) as caught:
            call(**members)
        error = caught.value.response["Error"]
        assert error["Code"] == code
        return str(error["Message"])

    return check


def table_input(name: str, *keys: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A table of two columns with the partition keys given."""
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": key, "Type": kind} for key, kind in keys],
        "StorageDescriptor": {
            "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "text", "Type": "string"}],
            "Location": f"s3://lake/{name}/",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
        },
        **more,
    }


@pytest.fixture
def lake(client: Callable[..., Any], glue: Any, database: str) -> Lake:
    return Lake(client("s3"), glue, database)
