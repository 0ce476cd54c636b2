"""The short road and the long one give the same answers, and what is out of the ordinary takes the long one."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from botocore.credentials import Credentials

import test_hostile
from cumulet import app, short
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.wire.message import FileSpan, Request, Response
from test_hostile import Sample, signed, wounded

ID = "the-id"
OBJECTS: dict[str, dict[str, Any]] = {
    "plain": {"Body": b"twelve bytes"},
    "empty": {"Body": b""},
    "folder/mit Umlaut ü+%": {"Body": b"x" * 1000, "ContentType": "text/plain"},
    "told": {
        "Body": b"y" * 100_000,
        "Metadata": {"who": "Zoë", "what": "this"},
        "CacheControl": "no-cache",
        "Expires": datetime(2030, 1, 2, tzinfo=UTC),
        "ChecksumCRC32": "E0zRew==",
    },
    "large": {"Body": b"z" * 600_000},
    "tagged": {"Body": b"tagged", "Tagging": "a=b"},
    "cold": {"Body": b"cold", "StorageClass": "GLACIER"},
    "sealed": {"Body": b"sealed", "ServerSideEncryption": "AES256"},
}
PATHS = [
    *("/plain-bucket/plain", "/plain-bucket/empty", "/plain-bucket/told", "/plain-bucket/tagged"),
    *("/plain-bucket/cold", "/plain-bucket/sealed", "/plain-bucket/folder/mit%20Umlaut%20%C3%BC%2B%25"),
    "/plain-bucket/large",
    *("/plain-bucket/none", "/plain-bucket/", "/plain-bucket", "/none/plain", "/", "//plain"),
    *("/plain-bucket/plain?versionId=null", "/plain-bucket/plain?x-id=GetObject", "/plain-bucket/plain?acl"),
    *("/plain-bucket/%FF", "/versioned-bucket/plain", "/versioned-bucket/gone"),
]
HEADERS: list[dict[str, str]] = [
    {},
    {"x-amz-checksum-mode": "ENABLED", "user-agent": "boto"},
    {"range": "bytes=0-3"},
    {"range": "bytes=-4", "x-amz-checksum-mode": "ENABLED"},
    {"range": "bytes=99999999-"},
    {"range": "nonsense"},
    {"if-none-match": "*"},
    {"x-amz-server-side-encryption": "AES256"},
    {"x-amz-expected-bucket-owner": "999999999999"},
    {"origin": "https://example.com"},
]


@pytest.fixture
def bob(house: House) -> Credentials:
    """A key of the administrator's, in a house with objects of several kinds."""
    house.clock = lambda: datetime.now(UTC).timestamp()
    key = iam.administrator(house)
    s3 = house.service("s3", Caller(key.account, "us-east-1", key.arn, key.user_id, key.access_key))
    for bucket in ("plain-bucket", "versioned-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned-bucket", VersioningConfiguration={"Status": "Enabled"})
    for name, members in OBJECTS.items():
        s3.put_object(Bucket="plain-bucket", Key=name, **members)
    for name in ("plain", "gone"):
        s3.put_object(Bucket="versioned-bucket", Key=name, Body=b"a version")
    s3.delete_object(Bucket="versioned-bucket", Key="gone")
    return Credentials(key.access_key, key.secret, key.token or None)


def told(response: Response) -> tuple[int, dict[str, str], object]:
    """What of an answer must be the same on both roads."""
    headers = {name.lower(): value for name, value in response.headers}
    if isinstance(response.body, bytes):
        headers.setdefault("content-length", str(len(response.body)))
    headers |= {"x-amz-request-id": ID, "x-amz-id-2": ID}
    body = response.body.read() if isinstance(response.body, FileSpan) else response.body
    return response.status, headers, body


def both(house: House, make: Callable[[], Request]) -> Response | None:
    """The answer of the short road, held against the long one's."""
    found = short.answer(house, make(), ID)
    if found is not None:
        request = make()
        expected = told(app.respond(house, request))
        if request.method == "HEAD":
            expected = (*expected[:2], b"")
        assert told(found) == expected
    return found


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_both_roads_give_the_same_answers(house: House, bob: Credentials, method: str) -> None:
    short_ones = 0
    for path, headers in product(PATHS, HEADERS):
        sample = Sample("s3", method, path, headers)
        short_ones += both(house, lambda sample=sample: signed(sample, bob)) is not None
    assert short_ones > 20


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("plain-bucket.localhost:4566", "/plain"),
        ("plain-bucket.s3.eu-west-1.amazonaws.com", "/folder/mit%20Umlaut%20%C3%BC%2B%25"),
        ("s3.us-east-1.amazonaws.com", "/plain-bucket/plain"),
        ("localhost:4566", "/plain-bucket/plain"),
    ],
)
def test_a_bucket_may_be_named_by_the_host(
    house: House, bob: Credentials, monkeypatch: pytest.MonkeyPatch, host: str, path: str
) -> None:
    monkeypatch.setattr(test_hostile, "HOST", host)
    found = both(house, lambda: signed(Sample("s3", "GET", path), bob))
    assert found
    assert found.status == 200


def test_a_website_takes_the_long_road(
    house: House, bob: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_hostile, "HOST", "plain-bucket.s3-website-us-east-1.amazonaws.com")
    assert short.answer(house, signed(Sample("s3", "GET", "/plain"), bob), ID) is None


def test_a_plain_read_takes_the_short_road(house: House, bob: Credentials) -> None:
    for path in (
        "/plain-bucket/plain",
        "/plain-bucket/large",
        "/plain-bucket/told",
        "/versioned-bucket/plain",
    ):
        assert both(house, lambda path=path: signed(Sample("s3", "GET", path), bob))


@pytest.mark.parametrize("key", ["tagged", "cold", "sealed", "none"])
def test_an_unusual_object_takes_the_long_road(house: House, bob: Credentials, key: str) -> None:
    assert short.answer(house, signed(Sample("s3", "GET", f"/plain-bucket/{key}"), bob), ID) is None


def test_a_wrong_signature_gets_no_answer_on_the_short_road(house: House, bob: Credentials) -> None:
    forged = Credentials(bob.access_key, f"{bob.secret_key}x", bob.token)
    assert short.answer(house, signed(Sample("s3", "GET", "/plain-bucket/plain"), forged), ID) is None


def test_a_key_that_was_taken_back_gets_no_answer(house: House, bob: Credentials) -> None:
    def read() -> Response | None:
        return short.answer(house, signed(Sample("s3", "GET", "/plain-bucket/plain"), bob), ID)

    assert read()
    house.store.credentials.delete(bob.access_key)
    assert read() is None


def test_a_denial_in_a_buckets_policy_holds_from_the_next_read_on(house: House, bob: Credentials) -> None:
    key = iam.administrator(house)
    s3 = house.service("s3", Caller(key.account, "us-east-1", key.arn, key.user_id, key.access_key))
    denial = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", '
        '"Resource": "arn:aws:s3:::plain-bucket/*"}]}'
    )

    def read() -> Response | None:
        return short.answer(house, signed(Sample("s3", "GET", "/plain-bucket/plain"), bob), ID)

    assert read()
    s3.put_bucket_policy(Bucket="plain-bucket", Policy=denial)
    assert read() is None
    s3.delete_bucket_policy(Bucket="plain-bucket")
    assert read()


def test_mutations_of_plain_reads_get_the_same_answers(house: House, bob: Credentials) -> None:
    dice = random.Random("short")
    samples = [Sample("s3", "GET", path, headers) for path, headers in product(PATHS[:8], HEADERS)]
    for _ in range(1000):
        sample = wounded(dice, dice.choice(samples))
        if sample.method in ("GET", "HEAD"):
            both(house, lambda sample=sample: signed(sample, bob))
