"""What the tests of S3 say again and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

MIB = 1 << 20


@contextmanager
def refused(code: str, status: int | None = None) -> Iterator[dict[str, Any]]:
    """The call within fails with this code; its error's members can be read afterwards."""
    told: dict[str, Any] = {}
    with pytest.raises(ClientError) as caught:
        yield told
    told |= caught.value.response
    assert told["Error"]["Code"] == code, told["Error"]
    if status is not None:
        assert told["ResponseMetadata"]["HTTPStatusCode"] == status


def body(answer: dict[str, Any]) -> bytes:
    content: bytes = answer["Body"].read()
    return content


def filed(path: Path) -> Path:
    """A file that a server makes behind its answer."""
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.01)
    return path


def names(answer: dict[str, Any]) -> list[str]:
    return [item["Key"] for item in answer.get("Contents", [])]


def folders(answer: dict[str, Any]) -> list[str]:
    return [item["Prefix"] for item in answer.get("CommonPrefixes", [])]
