from __future__ import annotations

from typing import Any

import pytest

from .asking import body, refused


@pytest.fixture
def ten(s3: Any, bucket: str) -> str:
    s3.put_object(Bucket=bucket, Key="ten", Body=b"0123456789")
    return bucket


@pytest.mark.parametrize(
    ("asked", "content", "told"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=7-99", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-30", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_a_range_is_answered_with_206(s3: Any, ten: str, asked: str, content: bytes, told: str) -> None:
    got = s3.get_object(Bucket=ten, Key="ten", Range=asked)
    assert (body(got), got["ContentRange"], got["ContentLength"]) == (content, told, len(content))
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(Bucket=ten, Key="ten", Range=asked)["ContentLength"] == len(content)


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_outside_of_the_object_is_refused(s3: Any, ten: str, asked: str) -> None:
    with refused("InvalidRange", 416) as told:
        s3.get_object(Bucket=ten, Key="ten", Range=asked)
    assert told["Error"]["ActualObjectSize"] == "10"


@pytest.mark.parametrize("asked", ["bytes=4-2", "bytes=a-b", "items=0-1", "bytes=-", "0-1", "bytes=0-1,3-4"])
def test_what_is_no_range_gets_the_whole_object(s3: Any, ten: str, asked: str) -> None:
    got = s3.get_object(Bucket=ten, Key="ten", Range=asked)
    assert (body(got), got["ResponseMetadata"]["HTTPStatusCode"]) == (b"0123456789", 200)


def test_an_empty_object_has_no_ranges(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty")
    with refused("InvalidRange", 416):
        s3.get_object(Bucket=bucket, Key="empty", Range="bytes=0-")
