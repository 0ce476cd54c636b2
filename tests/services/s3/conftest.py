from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller, iam

from .clock import Clock


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture(scope="module")
def neighbour(server: Any) -> dict[str, str]:
    """Another account of the same server, as `cumulet account create` tells it."""
    name = f"neighbour-{secrets.token_hex(4)}"
    made: dict[str, str] = json.loads(server.cumulet("account", "create", name, "--format", "json"))
    return made


@pytest.fixture(scope="module")
def theirs(server: Any, neighbour: dict[str, str]) -> Any:
    """S3 as the neighbour calls it."""
    keys = {
        "aws_access_key_id": neighbour["AccessKeyId"],
        "aws_secret_access_key": neighbour["SecretAccessKey"],
        "aws_session_token": None,
    }
    return server.client("s3", **keys)


@pytest.fixture(scope="module")
def nobody(server: Any) -> Any:
    """S3 as it is called without a signature."""
    return server.client("s3", config=ClientConfig(signature_version=UNSIGNED))


@pytest.fixture
def open_bucket(s3: Any) -> str:
    """A bucket where ACLs count, and where nothing public is blocked."""
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket=name)
    return name


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
def filed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every object has its file before its answer, as large ones have: for tests that are about files."""
    monkeypatch.setattr("cumulet.store.fresh.LARGEST", -1)


@pytest.fixture
def stranger(house: House) -> Any:
    """The same, for the root user of another account."""
    account = "999999999999"
    return house.service("s3", Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account))


@pytest.fixture
def clock() -> Clock:
    """A morning in January 2030, until the test moves it."""
    return Clock(2030, 1, 15, 10, 30)


@pytest.fixture
def still(tmp_path: Path, clock: Clock) -> Iterator[House]:
    """A house whose time is the test's, and whose jobs do not run by themselves."""
    made = House(Config(data_dir=tmp_path / "still"), clock)
    iam.bootstrap(made)
    yield made
    made.close()


@pytest.fixture
def calm(still: House) -> Any:
    """S3's operations in that house, with a bucket `lake`."""
    account = iam.account(still)
    service = still.service("s3", Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account))
    service.create_bucket(Bucket="lake")
    return service
