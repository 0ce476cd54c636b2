"""Small reads answered on the event loop: over one connection with all else, in order, and never in the loop's way."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import Credentials

from cumulet import server as server_module
from cumulet.config import Config
from cumulet.house import House
from cumulet.listening import listen
from cumulet.services import Caller, iam
from test_hostile import Sample, signed

if TYPE_CHECKING:
    from tests.conftest import Server

BUCKET = "prompt"


@pytest.fixture(scope="module")
def s3(server: Server) -> Any:
    s3 = server.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"small")
    s3.put_object(Bucket=BUCKET, Key="large", Body=b"large" * (1 << 20))
    s3.get_object(Bucket=BUCKET, Key="small")  # S3 is awake
    return s3


@pytest.fixture
def line(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        yield line


@pytest.fixture
def head(s3: Any) -> Callable[..., bytes]:
    """The head of a signed request."""

    def make(key: str, method: str = "GET", version: str = "1.1", *more: str) -> bytes:
        operation = {"GET": "get_object", "HEAD": "head_object"}[method]
        url = s3.generate_presigned_url(operation, Params={"Bucket": BUCKET, "Key": key})
        _, _, host, target = url.split("/", 3)
        lines = [f"{method} /{target} HTTP/{version}", f"Host: {host}", *more]
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"

    return make


def answer(line: socket.socket, method: str = "GET") -> tuple[int, bytes, HTTPResponse]:
    response = HTTPResponse(line, method=method)
    response.begin()
    return response.status, response.read(), response


def test_small_and_large_reads_sent_ahead_are_answered_in_order(
    line: socket.socket, head: Callable[..., bytes]
) -> None:
    keys = ["small", "large", "small", "none", "small"]
    line.sendall(b"".join(map(head, keys)))
    with line.makefile("rb") as stream:

        class Behind:  # all answers are read from one buffer
            def makefile(self, mode: str) -> Any:
                return stream

        found = []
        for _ in keys:
            response = HTTPResponse(Behind())  # type: ignore[arg-type]
            response._close_conn = lambda: None  # type: ignore[attr-defined]
            response.begin()
            found.append((response.status, response.read()[:5]))
    assert found == [(200, b"small"), (200, b"large"), (200, b"small"), (404, b"<?xml"), (200, b"small")]


def test_a_head_has_the_length_and_no_body(line: socket.socket, head: Callable[..., bytes]) -> None:
    for _ in range(3):
        line.sendall(head("small", "HEAD"))
        status, body, response = answer(line, "HEAD")
        assert (status, body, response.headers["content-length"]) == (200, b"", "5")


@pytest.mark.parametrize(("version", "more"), [("1.0", ()), ("1.1", ("Connection: close",))])
def test_who_wants_no_more_is_let_go(
    line: socket.socket, head: Callable[..., bytes], version: str, more: tuple[str, ...]
) -> None:
    line.sendall(head("small", "GET", version, *more))
    status, body, response = answer(line)
    assert (status, body, response.headers["connection"]) == (200, b"small", "close")
    assert line.recv(1) == b""


def test_a_body_that_nobody_asked_for_is_not_taken_for_a_request(
    line: socket.socket, head: Callable[..., bytes]
) -> None:
    hidden = head("none")
    line.sendall(head("small", "GET", "1.1", f"Content-Length: {len(hidden)}") + hidden)
    assert answer(line)[:2] == (200, b"small")
    line.sendall(head("small"))
    assert answer(line)[:2] == (200, b"small")


def test_a_client_that_says_nothing_more_is_let_go(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "IDLE", 1)
    house.clock = time.time
    key = iam.administrator(house)
    caller = Caller(key.account, "us-east-1", key.arn, key.user_id, key.access_key)
    s3 = house.service("s3", caller)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"small")
    sample = signed(Sample("s3", "GET", f"/{BUCKET}/small"), Credentials(key.access_key, key.secret))
    lines = [f"GET {sample.path} HTTP/1.1", *(f"{name}: {value}" for name, value in sample.headers)]
    request = "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"
    with served(house, tmp_path) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        for _ in range(3):
            line.sendall(request)
            assert answer(line)[:2] == (200, b"small")
        assert line.recv(1) == b""


@contextmanager
def served(house: House, folder: Path) -> Iterator[int]:
    """A server in a thread of this process; its port."""
    listener, proxy_listener = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    ready = threading.Event()
    server = server_module.http_server(house, ready.set)
    running = server_module.serve(server, Config(folder), listener, proxy_listener)
    thread = threading.Thread(target=lambda: asyncio.run(running))
    thread.start()
    assert ready.wait(20)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(20)


def test_many_read_while_others_write(s3: Any, server: Server, head: Callable[..., bytes]) -> None:
    """What is written is read by whoever asks after the answer, on whichever road."""
    wrong: list[bytes] = []

    def write_and_read(number: int) -> None:
        key = f"own-{number}"
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
            for round_ in range(10):
                body = f"{number} {round_}".encode()
                s3.put_object(Bucket=BUCKET, Key=key, Body=body)
                line.sendall(head(key))
                if (found := answer(line)[1]) != body:
                    wrong.append(found)

    threads = [threading.Thread(target=write_and_read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
