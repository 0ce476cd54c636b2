"""HTTP as hostile or clumsy clients speak it, over raw sockets: never a hang, never a 500."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError

from cumulet import heads
from cumulet.config import Config
from cumulet.house import House
from cumulet.listening import listen
from cumulet.server import http_server, serve

if TYPE_CHECKING:
    from tests.conftest import Server


PATIENCE = 0.5
HOST = b"Host: 127.0.0.1\r\n"
WHO = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


class Raw:
    """A connection on which exactly what is given is sent."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.reader = self.socket.makefile("rb")

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.socket.sendall(piece)

    def head(self) -> tuple[int, dict[str, str]]:
        """The next response's status and headers; (0, {}) where the connection is closed instead."""
        line = self.reader.readline()
        if not line:
            return 0, {}
        headers = {}
        while (header := self.reader.readline().strip()) != b"":
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return int(line.split()[1]), headers

    def response(self) -> tuple[int, bytes]:
        status, headers = self.head()
        return status, self.reader.read(int(headers.get("content-length", 0)))

    def ended(self) -> bool:
        """Whether the server hangs up (with a reset, where it had not read all that was sent)."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def port(house: House, tmp_path: Path) -> Iterator[int]:
    """A server in a thread of this process that has little patience."""
    listener, proxy_listener = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    ready = threading.Event()
    server = http_server(house, ready.set, PATIENCE)
    running = serve(server, Config(tmp_path), listener, proxy_listener)
    port = listener.getsockname()[1]
    thread = threading.Thread(target=lambda: asyncio.run(running))
    thread.start()
    assert ready.wait(20)
    yield port
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def connection(port: int) -> Iterator[Raw]:
    made = Raw(port)
    yield made
    made.socket.close()


def test_a_body_that_stops_short_is_a_request_timeout_and_ends_the_connection(connection: Raw) -> None:
    connection.send(b"POST / HTTP/1.1\r\n", HOST, FORM, b"Content-Length: 1000\r\n\r\n", WHO)
    status, body = connection.response()
    assert status == 400
    assert b"<Code>RequestTimeout</Code>" in body
    assert connection.ended()


def test_a_large_body_that_stops_short_is_given_up_too(connection: Raw) -> None:
    connection.send(b"POST / HTTP/1.1\r\n", HOST, FORM, b"Content-Length: 50000000\r\n\r\n", WHO)
    status, _ = connection.response()
    assert 400 <= status < 500  # refused for its length or for its silence, but answered


def test_a_chunked_body_that_never_ends_is_given_up(connection: Raw) -> None:
    connection.send(b"POST / HTTP/1.1\r\n", HOST, FORM, b"Transfer-Encoding: chunked\r\n\r\n5\r\nActio\r\n")
    status, body = connection.response()
    assert status in (400, 403)
    assert b"InternalFailure" not in body


def test_what_follows_a_body_that_is_too_long_is_not_taken_for_a_request(connection: Raw) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: %d\r\n\r\n" % len(WHO)
    connection.send(head + WHO + b"more than was declared\r\n\r\n")
    statuses = [connection.response()[0], connection.response()[0]]
    assert statuses[0] in (400, 403)
    assert statuses[1] in (400, 0)
    assert connection.ended()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x10\r\n",
        b"Content-Length: 99999999999999999999999\r\n",
        b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n",
        b"Bad Header: x\r\n",
        b"X-Nul: a\x00b\r\n",
        b"No-Colon\r\n",
    ],
)
def test_contradictory_or_malformed_headers_are_refused(connection: Raw, head: bytes) -> None:
    connection.send(b"POST / HTTP/1.1\r\n", HOST, head, b"\r\nhello")
    status, _ = connection.response()
    assert 400 <= status < 500
    assert connection.ended()


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),  # a TLS client at the wrong door
        b"\x00" * 100 + b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\n\r\n\r\nnonsense\r\n\r\n",
        b"CONNECT sts.amazonaws.com:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_noise_is_refused(port: int, noise: bytes) -> None:
    connection = Raw(port)
    connection.send(noise)
    status, _ = connection.response()
    assert 400 <= status <= 501
    assert status != 500
    connection.socket.close()


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (b"GET /" + b"a" * heads.LARGEST, b" HTTP/1.1\r\n" + HOST + b"\r\n"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * heads.LARGEST, b"\r\n\r\n"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n" * (heads.LARGEST // 5), b"\r\n"),
    ],
    ids=["address", "header", "headers"],
)
def test_a_head_that_is_too_large_is_refused_whole_or_begun(port: int, head: bytes, end: bytes) -> None:
    whole, begun = Raw(port), Raw(port)
    whole.send(head + end + b"GET / HTTP/1.1\r\n\r\n")
    begun.send(head)
    for connection in (whole, begun):
        status, body = connection.response()
        assert (status, b"RequestHeaderSectionTooLarge" in body) == (400, True)
        assert connection.ended()
        connection.socket.close()


def test_what_comes_behind_a_refusal_is_not_listened_to(port: int) -> None:
    connection = Raw(port)
    connection.send(b"GET / HTTP/1.1\r\nA: ", b"b" * (4 << 20), b"\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert connection.response()[0] == 400
    assert connection.ended()


def test_a_large_head_that_is_not_too_large_is_read(connection: Raw) -> None:
    connection.send(b"POST / HTTP/1.1\r\n", HOST, b"A: " + b"b" * (heads.LARGEST - 300) + b"\r\n", FORM)
    connection.send(b"Content-Length: %d\r\n\r\n" % len(WHO), WHO)
    status, body = connection.response()
    assert (status, b"MissingAuthenticationToken" in body) == (403, True)


def test_a_head_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr(heads, "PATIENCE", PATIENCE)
    connection, silent = Raw(port), Raw(port)
    connection.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: b")
    status, body = connection.response()
    assert (status, b"RequestTimeout" in body) == (400, True)
    assert connection.ended()
    assert silent.ended()


def test_a_request_that_comes_byte_by_byte_is_answered(connection: Raw) -> None:
    request = b"POST / HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: %d\r\n\r\n" % len(WHO) + WHO
    connection.send(*(request[i : i + 1] for i in range(len(request))))
    assert connection.response()[0] == 403


def test_requests_sent_at_once_are_answered_in_order(connection: Raw) -> None:
    request = b"POST / HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: %d\r\n\r\n" % len(WHO) + WHO
    connection.send(request * 5)
    assert [connection.response()[0] for _ in range(5)] == [403] * 5


def test_a_client_that_leaves_midway_does_no_harm(port: int) -> None:
    for sent in (b"", b"GET", b"PUT /b/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\nhello"):
        leaving = Raw(port)
        leaving.send(sent)
        leaving.socket.close()
    connection = Raw(port)
    connection.send(b"POST / HTTP/1.1\r\n", HOST, FORM, b"Content-Length: %d\r\n\r\n" % len(WHO), WHO)
    assert connection.response()[0] == 403
    connection.socket.close()


def test_a_refused_upload_is_never_asked_for(connection: Raw) -> None:
    head = b"PUT /bucket/key HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    connection.send(head)
    status, headers = connection.head()
    assert status in (403, 404), "100 would have asked for the body of a request without a signature"
    assert headers["connection"] == "close"


def upload_in_waiting(server: Server, key: str, length: int) -> Raw:
    """A connection on which the server has just asked for the body of an object."""
    options = {"endpoint_url": server.endpoint, "region_name": "us-east-1", **server.credentials}
    s3 = boto3.session.Session().client("s3", config=ClientConfig(signature_version="s3v4"), **options)
    s3.create_bucket(Bucket="uploads")
    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": "uploads", "Key": key}))
    connection = Raw(server.port)
    connection.send(f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\n".encode())
    connection.send(b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % length)
    assert connection.head()[0] == 100
    return connection


def test_an_upload_that_may_go_on_is_asked_for(own_server: Server) -> None:
    connection = upload_in_waiting(own_server, "asked", 5)  # which has seen the 100
    connection.send(b"hello")
    assert connection.response()[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_request_under_way_is_finished_before_the_server_stops(
    own_server: Server, number: signal.Signals
) -> None:
    connection = upload_in_waiting(own_server, "last", 10)
    connection.send(b"hello")
    own_server.child.process.send_signal(number)
    connection.send(b"world")
    assert connection.response()[0] == 200
    assert own_server.child.process.wait(30) == 0
    own_server.start()
    found = own_server.client("s3").get_object(Bucket="uploads", Key="last")
    assert found["Body"].read() == b"helloworld"


def test_a_second_signal_ends_the_server_at_once(own_server: Server) -> None:
    connection = upload_in_waiting(own_server, "never", 10)  # keeps an orderly stop from ending
    process = own_server.child.process
    process.send_signal(signal.SIGINT)
    while process.poll() is None:  # signals of one kind that are not yet delivered become one
        process.send_signal(signal.SIGINT)
        threading.Event().wait(0.01)
    assert process.returncode == 128 + signal.SIGINT
    connection.socket.close()


@pytest.mark.parametrize("value", ["a\r\nX-Injected: yes", "a\x00b", "Tiếng Việt"])
def test_an_answers_headers_cannot_be_broken_open(client: Callable[..., Any], value: str) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="headers")
    s3.put_object(Bucket="headers", Key="k", Body=b"x")
    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket="headers", Key="k", ResponseContentDisposition=value)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_small_answers_are_not_held_back_by_the_system() -> None:
    """asyncio sets TCP_NODELAY on accepted sockets only where the listener names its protocol."""
    seen: list[int] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async def look() -> None:
        listener = listen("127.0.0.1", 0)
        async with await asyncio.start_server(accept, sock=listener):
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await reader.read()
            writer.close()

    asyncio.run(look())
    assert seen[0] != 0
