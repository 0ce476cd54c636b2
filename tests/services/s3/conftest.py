from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from cumulet.house import House
from cumulet.services import Caller


@pytest.fixture(scope="session")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket of the test's own."""
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def lake(house: House, caller: Caller) -> Any:
    """S3's operations in this process, with a bucket `lake`."""
    service = house.service("s3", caller)
    service.create_bucket(Bucket="lake")
    return service


@pytest.fixture
def stranger(house: House) -> Any:
    """The same, for the root user of another account."""
    account = "999999999999"
    return house.service("s3", Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account))
