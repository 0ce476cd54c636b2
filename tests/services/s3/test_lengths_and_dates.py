"""What a PUT must say of its length, and a signature of its time, on the wire."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

from .asking import refused


@pytest.fixture
def connection(server: Any) -> Iterator[http.client.HTTPConnection]:
    own = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    yield own
    own.close()


def address(s3: Any, bucket: str, operation: str = "put_object") -> str:
    parts = urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": "k"}))
    return f"{parts.path}?{parts.query}"


def test_an_upload_must_tell_its_length(connection: http.client.HTTPConnection, s3: Any, bucket: str) -> None:
    connection.putrequest("PUT", address(s3, bucket))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, b"<Code>MissingContentLength</Code>" in answer.read()) == (411, True)


def test_an_upload_in_chunks_of_http_alone_is_not_implemented_as_on_aws(
    connection: http.client.HTTPConnection, s3: Any, bucket: str
) -> None:
    connection.request("PUT", address(s3, bucket), body=iter([b"a", b"b"]), encode_chunked=True)
    answer = connection.getresponse()
    assert (answer.status, b"<Header>Transfer-Encoding</Header>" in answer.read()) == (501, True)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_other_requests_need_no_length(connection: http.client.HTTPConnection, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    connection.putrequest("DELETE", address(s3, bucket, "delete_object"))
    connection.endheaders()
    assert connection.getresponse().status == 204


@pytest.mark.parametrize(
    ("version", "stamp", "code"),
    [
        ("s3", "", "AccessDenied"),
        ("s3", "Bad Date", "AccessDenied"),
        ("s3", "Tue, 07 Jul 1950 21:53:04 GMT", "AccessDenied"),
        ("s3", "Tue, 07 Jul 2010 21:53:04 GMT", "RequestTimeTooSkewed"),
        ("s3v4", "", "AccessDenied"),
        ("s3v4", "Bad Date", "AccessDenied"),
    ],
)
def test_a_signature_must_tell_a_time_that_is_near(
    server: Any, bucket: str, version: str, stamp: str, code: str
) -> None:
    client = server.client("s3", config=Config(signature_version=version))

    def change(request: Any, **_: Any) -> None:
        if "X-Amz-Date" in request.headers:
            del request.headers["X-Amz-Date"]
        request.headers["X-Amz-Date"] = stamp

    client.meta.events.register("before-send.s3.PutObject", change)
    with refused(code, 403):
        client.put_object(Bucket=bucket, Key="k", Body=b"x")


def test_encodings_are_kept_as_they_were_told_but_for_that_of_the_transfer(s3: Any, bucket: str) -> None:
    kept = {"deflate, gzip": "deflate, gzip", "gzip, aws-chunked": "gzip", "aws-chunked": None}
    for told, shown in kept.items():
        s3.put_object(Bucket=bucket, Key="k", ContentEncoding=told)
        assert s3.head_object(Bucket=bucket, Key="k").get("ContentEncoding") == shown
