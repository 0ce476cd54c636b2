"""A PUT on the short road comes to the same as on the long one, and what is out of the ordinary takes the long one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.credentials import Credentials

from cumulet import app, short_writes
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.store import haste
from cumulet.store.objects import Entry
from cumulet.wire.message import Response
from test_hostile import Sample, signed

BODY = b"id,text\n1,a fine film\n"
MD5 = base64.b64encode(hashlib.md5(BODY).digest()).decode()
SHA1 = base64.b64encode(hashlib.sha1(BODY).digest()).decode()
PLAIN: list[dict[str, str]] = [
    {},
    {"content-type": "text/csv", "user-agent": "boto"},
    {"content-md5": MD5},
    {"x-amz-checksum-sha1": SHA1, "x-amz-sdk-checksum-algorithm": "SHA1"},
    {"x-amz-meta-who": "=?UTF-8?B?Wm/Dqw==?=", "x-amz-meta-what": "this"},
]
OTHER: list[dict[str, str]] = [
    {"content-md5": base64.b64encode(bytes(16)).decode()},
    {"content-md5": "nonsense"},
    {"x-amz-checksum-sha1": SHA1.swapcase()},
    {"x-amz-sdk-checksum-algorithm": "SHA1"},
    {"x-amz-sdk-checksum-algorithm": "NONE"},
    {"if-none-match": "*"},
    {"if-match": '"none"'},
    {"cache-control": "no-cache"},
    {"x-amz-meta-long": "x" * 3000},
    {"x-amz-tagging": "a=b"},
    {"x-amz-acl": "public-read"},
    {"x-amz-storage-class": "NONE"},
    {"x-amz-server-side-encryption": "AES256"},
    {"x-amz-copy-source": "plain-bucket/key"},
    {"x-amz-expected-bucket-owner": "999999999999"},
    {"origin": "https://example.com"},
]
PATHS = ["/plain-bucket/key", "/versioned-bucket/folder/mit%20%C3%BC%2B%25", "/plain-bucket/a?x-id=PutObject"]
ELSEWHERE = ["/plain-bucket/k?tagging", "/none/key", "/sealed-bucket/key", "/plain-bucket/" + "k" * 1025]


@pytest.fixture
def bob(house: House) -> Credentials:
    house.clock = lambda: datetime.now(UTC).timestamp()
    key = iam.administrator(house)
    s3 = house.service("s3", Caller(key.account, "us-east-1", key.arn, key.user_id, key.access_key))
    for bucket in ("plain-bucket", "versioned-bucket", "sealed-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="versioned-bucket", VersioningConfiguration={"Status": "Enabled"})
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    rules = {"Rules": [by_default]}
    s3.put_bucket_encryption(Bucket="sealed-bucket", ServerSideEncryptionConfiguration=rules)
    credentials = Credentials(key.access_key, key.secret, key.token or None)
    app.respond(
        house, signed(Sample("s3", "GET", "/"), credentials)
    )  # the first use of a key is noted, in a commit
    return credentials


def told(response: Response) -> tuple[Any, ...]:
    """What of an answer must be the same on both roads."""
    passing = {"x-amz-request-id", "x-amz-id-2", "x-amz-version-id", "content-length"}
    headers = {name.lower(): value for name, value in response.headers}
    code = response.body.partition(b"<Message>")[0] if isinstance(response.body, bytes) else None
    return (
        response.status,
        headers.keys() - {"content-length"},
        {name: value for name, value in headers.items() if name not in passing},
        code,
    )


def place(path: str) -> tuple[str, str]:
    bucket, _, key = unquote(path[1:].partition("?")[0]).partition("/")
    return bucket, key


def kept(house: House, sample: Sample) -> tuple[Entry, bytes] | None:
    entry = house.store.objects.find(*place(sample.path))
    if entry is None:
        return None
    passing = {"blob": "", "modified": 0.0, "version": "", "rank": 0}
    return replace(entry, **passing), b"".join(house.store.blobs.read(entry.blob, 0, 1 << 20))


def begun(house: House, sample: Sample, credentials: Credentials) -> bool:
    """Whether the short road takes a request (and answers it, then)."""

    async def ask() -> bool:
        with haste.hurried():
            coming = short_writes.begin(house, signed(sample, credentials), "the-id")
        return coming is not None and (await coming).status == 200

    return asyncio.run(ask())


@pytest.mark.parametrize("headers", [*PLAIN, *OTHER], ids=lambda headers: " ".join(headers))
def test_both_roads_come_to_the_same(house: House, bob: Credentials, headers: dict[str, str]) -> None:
    for path in (*PATHS, *ELSEWHERE):
        sample = Sample("s3", "PUT", path, headers, BODY)
        answers, objects = [], []
        for respond in (app.respond, lambda *asked: asyncio.run(app.respond_soon(*asked))):
            answer = respond(house, signed(sample, bob))
            if answer is None:  # it takes time, and a thread
                answer = app.respond(house, signed(sample, bob))
            answers.append(told(answer))
            objects.append(kept(house, sample))
            house.store.atomically(lambda path=path: forget(house, path))  # type: ignore[misc]
        assert answers[0] == answers[1]
        assert objects[0] == objects[1]


def forget(house: House, path: str) -> None:
    if found := house.store.objects.find(*place(path)):
        house.store.objects.remove(found)


@pytest.mark.parametrize("headers", PLAIN, ids=lambda headers: " ".join(headers))
def test_a_plain_put_takes_the_short_road(house: House, bob: Credentials, headers: dict[str, str]) -> None:
    for path in PATHS:
        assert begun(house, Sample("s3", "PUT", path, headers, BODY), bob)


@pytest.mark.parametrize("headers", OTHER, ids=lambda headers: " ".join(headers))
def test_an_unusual_put_does_not(house: House, bob: Credentials, headers: dict[str, str]) -> None:
    for path in PATHS:
        assert not begun(house, Sample("s3", "PUT", path, headers, BODY), bob)


def test_nor_do_other_places_large_bodies_and_wrong_signatures(house: House, bob: Credentials) -> None:
    for path in ELSEWHERE:
        assert not begun(house, Sample("s3", "PUT", path, {}, BODY), bob)
    assert not begun(house, Sample("s3", "PUT", PATHS[0], {}, bytes(65_537)), bob)
    forged = Credentials(bob.access_key, f"{bob.secret_key}x", bob.token)
    assert not begun(house, Sample("s3", "PUT", PATHS[0], {}, BODY), forged)
    assert house.store.objects.find("plain-bucket", "key") is None
