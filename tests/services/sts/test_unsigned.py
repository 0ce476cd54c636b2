"""Whoever does not sign is told so in the words of the service, whatever else is wrong with the request."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded"


def answer(server: Any, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        (
            "POST",
            "/",
            {"X-Amz-Target": "AWSGlue.GetTables", "Content-Type": JSON},
            b"{not json",
            400,
            b"MissingAuthenticationTokenException",
        ),
        (
            "POST",
            "/",
            {"Content-Type": FORM},
            b"Action=GetCallerIdentity&Version=2011-06-15",
            403,
            b"MissingAuthenticationToken",
        ),
        (
            "POST",
            "/endpoints/any/invocations",
            {"Content-Type": "text/csv", "Host": "runtime.sagemaker.us-east-1.amazonaws.com"},
            b"1,2",
            403,
            b"Missing Authentication Token",
        ),
        ("GET", "/some-bucket-that-is-not-there", {}, b"", 404, b"NoSuchBucket"),
        ("GET", "/", {}, b"", 403, b"AccessDenied"),
    ],
)
def test_unsigned_requests_are_refused(
    server: Any, method: str, path: str, headers: dict[str, str], body: bytes, status: int, code: bytes
) -> None:
    found, text = answer(server, method, path, headers, body)
    assert (found, code in text) == (status, True), text
