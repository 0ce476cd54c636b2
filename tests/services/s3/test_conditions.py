from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .asking import body, refused

SOON = datetime.now(UTC) + timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
WRONG = '"00000000000000000000000000000000"'


@pytest.fixture
def etag(s3: Any, bucket: str) -> str:
    told: str = s3.put_object(Bucket=bucket, Key="a", Body=b"one")["ETag"]
    return told


def test_a_read_goes_on_where_its_conditions_hold(s3: Any, bucket: str, etag: str) -> None:
    for condition in (
        {"IfMatch": etag},
        {"IfMatch": "*"},
        {"IfMatch": f"{WRONG}, {etag}"},
        {"IfNoneMatch": WRONG},
        {"IfModifiedSince": LONG_AGO},
        {"IfUnmodifiedSince": SOON},
        {"IfMatch": etag, "IfUnmodifiedSince": LONG_AGO},
        {"IfNoneMatch": WRONG, "IfModifiedSince": SOON},
    ):
        assert body(s3.get_object(Bucket=bucket, Key="a", **condition)) == b"one"


def test_a_read_is_not_modified_or_fails(s3: Any, bucket: str, etag: str) -> None:
    for condition in ({"IfNoneMatch": etag}, {"IfModifiedSince": datetime.now(UTC)}):
        with refused("304", 304) as told:
            s3.get_object(Bucket=bucket, Key="a", **condition)
        assert told["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    for condition in ({"IfMatch": WRONG}, {"IfUnmodifiedSince": LONG_AGO}):
        with refused("PreconditionFailed", 412):
            s3.get_object(Bucket=bucket, Key="a", **condition)
    with refused("412", 412):
        s3.head_object(Bucket=bucket, Key="a", IfMatch=WRONG)


def test_a_write_may_ask_that_nothing_is_there(s3: Any, bucket: str, etag: str) -> None:
    with refused("PreconditionFailed", 412) as told:
        s3.put_object(Bucket=bucket, Key="a", Body=b"two", IfNoneMatch="*")
    assert told["Error"]["Condition"] == "If-None-Match"
    s3.put_object(Bucket=bucket, Key="b", Body=b"two", IfNoneMatch="*")
    assert body(s3.get_object(Bucket=bucket, Key="a")) == b"one"


def test_a_write_may_ask_for_what_it_replaces(s3: Any, bucket: str, etag: str) -> None:
    with refused("PreconditionFailed", 412):
        s3.put_object(Bucket=bucket, Key="a", Body=b"two", IfMatch=WRONG)
    with refused("NoSuchKey", 404):
        s3.put_object(Bucket=bucket, Key="none", Body=b"two", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="a", Body=b"two", IfMatch=etag)
    assert body(s3.get_object(Bucket=bucket, Key="a")) == b"two"


def test_a_delete_may_ask_for_what_it_deletes(s3: Any, bucket: str, etag: str) -> None:
    with refused("PreconditionFailed", 412):
        s3.delete_object(Bucket=bucket, Key="a", IfMatch=WRONG)
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a", "ETag": WRONG}]})
    assert told["Errors"][0]["Code"] == "PreconditionFailed"
    s3.delete_object(Bucket=bucket, Key="a", IfMatch=etag)


def test_the_source_of_a_copy_may_be_asked_for_too(s3: Any, bucket: str, etag: str) -> None:
    source = {"Bucket": bucket, "Key": "a"}
    for condition in (
        {"CopySourceIfMatch": WRONG},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfUnmodifiedSince": LONG_AGO},
    ):
        with refused("PreconditionFailed", 412):
            s3.copy_object(Bucket=bucket, Key="b", CopySource=source, **condition)
    with refused("PreconditionFailed", 412):
        s3.copy_object(Bucket=bucket, Key="a", CopySource=source, IfNoneMatch="*", StorageClass="GLACIER_IR")
    s3.copy_object(Bucket=bucket, Key="b", CopySource=source, CopySourceIfMatch=etag)
