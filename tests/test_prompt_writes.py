"""Small PUTs over a raw connection: however their bytes come, each is answered once, in order, and kept."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config

BUCKET = "prompt-writes"


@pytest.fixture(scope="module")
def s3(server: Any) -> Any:
    made = server.client("s3", config=Config(signature_version="s3v4"))
    made.create_bucket(Bucket=BUCKET)
    made.put_object(Bucket=BUCKET, Key="first", Body=b"so that nothing is asked for the first time")
    return made


@pytest.fixture
def line(server: Any) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as made:
        yield made


@pytest.fixture
def head(s3: Any) -> Callable[..., bytes]:
    """The head of a presigned request."""

    def write(method: str, key: str, size: int = 0, more: str = "") -> bytes:
        name = {"PUT": "put_object", "GET": "get_object"}[method]
        url = urlsplit(s3.generate_presigned_url(name, Params={"Bucket": BUCKET, "Key": key}))
        told = f"Content-Length: {size}\r\n" if method == "PUT" else ""
        return f"{method} {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n{told}{more}\r\n".encode()

    return write


def answers(line: socket.socket, methods: str) -> list[tuple[int, bytes]]:
    found = []
    with line.makefile("rb") as file:
        for method in methods.split():
            answer = HTTPResponse(Kept(file), method=method)  # type: ignore[arg-type]
            answer.begin()
            found.append((answer.status, answer.read()))
    return found


class Kept:
    """A socket, to an `HTTPResponse` that shares its file with the next."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def makefile(self, *_: object) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return (lambda: None) if name in ("close", "flush") else getattr(self.file, name)


def test_in_one_piece(line: socket.socket, head: Callable[..., bytes]) -> None:
    for size in (0, 1, 10_000):
        line.sendall(head("PUT", "whole", size) + b"x" * size)
        assert answers(line, "PUT") == [(200, b"")]
        line.sendall(head("GET", "whole"))
        assert answers(line, "GET") == [(200, b"x" * size)]


def test_in_pieces(line: socket.socket, head: Callable[..., bytes]) -> None:
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    told = head("PUT", "pieces", 10) + b"0123456789"
    for piece in (told[:20], told[20:-10], told[-10:-4], told[-4:]):
        line.sendall(piece)
        time.sleep(0.02)  # so that they come apart
    assert answers(line, "PUT") == [(200, b"")]
    line.sendall(head("GET", "pieces"))
    assert answers(line, "GET") == [(200, b"0123456789")]


def test_sent_ahead(line: socket.socket, head: Callable[..., bytes]) -> None:
    one, two, read = head("PUT", "ahead", 3), head("PUT", "ahead", 3), head("GET", "ahead")
    line.sendall(one + b"one" + read + two + b"two" + read)
    assert answers(line, "PUT GET PUT GET") == [(200, b""), (200, b"one"), (200, b""), (200, b"two")]


def test_refused_ones_among_others(line: socket.socket, head: Callable[..., bytes]) -> None:
    once = "If-None-Match: *\r\n"
    line.sendall(b"".join(head("PUT", "once", 3, once) + word for word in (b"one", b"two")))
    (first, _), (second, told) = answers(line, "PUT PUT")
    assert (first, second) == (200, 412)
    assert b"<Code>PreconditionFailed</Code>" in told
    forged = head("PUT", "forged", 1).replace(b"X-Amz-Signature=", b"X-Amz-Signature=0")
    line.sendall(forged + b"x" + head("PUT", "after", 1) + b"x")
    assert [status for status, _ in answers(line, "PUT PUT")] == [403, 200]


def test_the_last_one_of_a_connection(line: socket.socket, head: Callable[..., bytes]) -> None:
    line.sendall(head("PUT", "last", 1, "Connection: close\r\n") + b"x")
    assert answers(line, "PUT") == [(200, b"")]
    assert line.recv(1) == b""


def test_a_client_that_does_not_wait(server: Any, s3: Any, head: Callable[..., bytes]) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(head("PUT", "not-waited-for", 1) + b"x")
    until = time.monotonic() + 30
    while "not-waited-for" not in [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert s3.get_object(Bucket=BUCKET, Key="not-waited-for")["Body"].read() == b"x"
