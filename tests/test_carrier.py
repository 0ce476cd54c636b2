"""Large bodies, which go past the event loop: whole, in order, and at nobody's expense but their own."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from tests.conftest import Server

MB = 1 << 20
BLOB = re.compile(r"/[0-9a-f]{32}[^/]*$")
LARGE = os.urandom(MB) * 24 + b"and an end"


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    made = client("s3")
    made.create_bucket(Bucket="large")
    made.put_object(Bucket="large", Key="there", Body=LARGE)
    return made


@pytest.fixture
def connection(server: Server) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    yield made
    made.close()


def target(s3: Any, operation: str, key: str) -> str:
    """Where a presigned URL leads, without the host."""
    url = urlsplit(s3.generate_presigned_url(operation, {"Bucket": "large", "Key": key}))
    return f"{url.path}?{url.query}"


class ChunkedAuth(S3SigV4Auth):
    """Signs the head of a body in chunks."""

    def payload(self, request: AWSRequest) -> str:
        return "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def open_blobs(server: Server) -> list[str]:
    """The files of objects that the server's processes have open."""
    found = []
    for pid in family(server.child.process.pid):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                name = str(descriptor.readlink())
            except FileNotFoundError:
                continue
            if BLOB.search(name):
                found.append(name)
    return found


def family(pid: int) -> list[int]:
    children = [int(c) for t in Path(f"/proc/{pid}/task").glob("*/children") for c in t.read_text().split()]
    return [pid, *(member for child in children for member in family(child))]


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it never came to be")


def test_a_large_object_comes_as_it_was_stored(s3: Any) -> None:
    assert s3.get_object(Bucket="large", Key="there")["Body"].read() == LARGE


@pytest.mark.parametrize(("first", "last"), [(0, 3 * MB), (5, 7 * MB + 1), (20 * MB, len(LARGE) - 1)])
def test_a_large_range_has_the_bytes_that_were_asked_for(s3: Any, first: int, last: int) -> None:
    found = s3.get_object(Bucket="large", Key="there", Range=f"bytes={first}-{last}")
    assert found["Body"].read() == LARGE[first : last + 1]
    assert found["ContentRange"] == f"bytes {first}-{last}/{len(LARGE)}"


def test_large_and_small_answers_take_turns_on_one_connection(
    s3: Any, connection: http.client.HTTPConnection
) -> None:
    for _ in range(3):
        connection.request("GET", target(s3, "get_object", "there"))
        assert connection.getresponse().read() == LARGE
        connection.request("HEAD", target(s3, "head_object", "there"))
        head = connection.getresponse()
        assert (head.getheader("content-length"), head.read()) == (str(len(LARGE)), b"")
        connection.request("GET", target(s3, "get_object", "there"), headers={"Range": "bytes=0-1"})
        assert connection.getresponse().read() == LARGE[:2]


def test_many_read_one_object_at_once(s3: Any, server: Server) -> None:
    found: list[str] = []

    def read() -> None:
        own = server.client("s3")
        found.append(hashlib.md5(own.get_object(Bucket="large", Key="there")["Body"].read()).hexdigest())

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [hashlib.md5(LARGE).hexdigest()] * 12


def test_who_reads_slowly_reads_what_was_there_when_they_began(
    s3: Any, connection: http.client.HTTPConnection
) -> None:
    s3.put_object(Bucket="large", Key="changing", Body=LARGE)
    connection.request("GET", target(s3, "get_object", "changing"))
    response = connection.getresponse()
    begun = response.read(10)
    s3.put_object(Bucket="large", Key="changing", Body=b"x" * len(LARGE))
    assert begun + response.read() == LARGE


def test_who_does_not_read_on_keeps_nobody_waiting_and_lets_go_when_leaving(
    own_server: Server,
) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="large")
    s3.put_object(Bucket="large", Key="there", Body=LARGE)
    idle = [http.client.HTTPConnection("127.0.0.1", own_server.port, timeout=60) for _ in range(110)]
    for each in idle:  # more than there are threads
        each.connect()
        each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.request("GET", target(s3, "get_object", "there"))
    wait_until(lambda: len(open_blobs(own_server)) == len(idle))
    assert s3.get_object(Bucket="large", Key="there")["Body"].read() == LARGE
    for each in idle:
        each.close()
    wait_until(lambda: not open_blobs(own_server))


def test_an_object_cut_short_on_disk_meanwhile_ends_the_connection(
    own_server: Server,
) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="large")
    s3.put_object(Bucket="large", Key="there", Body=LARGE)
    with socket.create_connection(("127.0.0.1", own_server.port), timeout=60) as reader:
        request = f"GET {target(s3, 'get_object', 'there')} HTTP/1.1\r\nHost: 127.0.0.1:{own_server.port}"
        reader.sendall(f"{request}\r\n\r\n".encode())
        assert reader.recv(12) == b"HTTP/1.1 200"
        (blob,) = {Path(name) for name in open_blobs(own_server)}
        os.truncate(blob, 100)
        received = sum(len(piece) for piece in iter(lambda: reader.recv(MB), b""))
    assert received < len(LARGE)
    wait_until(lambda: not open_blobs(own_server))


def test_a_large_upload_and_what_comes_behind_it_on_one_connection(
    s3: Any, connection: http.client.HTTPConnection
) -> None:
    for key in ("first", "second"):
        connection.request("PUT", target(s3, "put_object", key), body=LARGE)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("etag")) == (200, f'"{hashlib.md5(LARGE).hexdigest()}"')
        answer.read()
    connection.request("GET", target(s3, "get_object", "second"))
    assert connection.getresponse().read() == LARGE


def test_the_rest_of_an_upload_that_was_refused_midway_is_not_taken_for_a_request(
    s3: Any, server: Server, connection: http.client.HTTPConnection
) -> None:
    body = b"no chunk\r\n" + b"GET / HTTP/1.1\r\n\r\n" * (4 * MB // 18)
    url = f"http://127.0.0.1:{server.port}/large/refused"
    request = AWSRequest("PUT", url, headers={"x-amz-decoded-content-length": "5"})
    credentials = Credentials(*server.credentials.values())
    ChunkedAuth(credentials, "s3", "us-east-1").add_auth(request)
    connection.request("PUT", "/large/refused", body=body, headers=dict(request.headers.items()))
    answer = connection.getresponse()
    assert answer.status == 400
    assert b"IncompleteBody" in answer.read()
    connection.request("GET", target(s3, "get_object", "there"))
    assert connection.getresponse().read() == LARGE


def test_an_upload_sent_in_pieces_with_pauses_arrives_whole(s3: Any, server: Server) -> None:
    own = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    own.putrequest("PUT", target(s3, "put_object", "pieces"))
    own.putheader("Content-Length", str(3 * MB))
    own.endheaders()
    for start in range(0, 3 * MB, MB // 2 + 1):
        own.send(LARGE[start : min(start + MB // 2 + 1, 3 * MB)])
        s3.head_object(Bucket="large", Key="there")  # the server has time for others, and to read all
    assert own.getresponse().status == 200
    own.close()
    assert s3.get_object(Bucket="large", Key="pieces")["Body"].read() == LARGE[: 3 * MB]


def test_an_upload_whose_sender_leaves_is_not_kept(s3: Any, server: Server) -> None:
    own = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    own.putrequest("PUT", target(s3, "put_object", "left"))
    own.putheader("Content-Length", str(len(LARGE)))
    own.endheaders()
    own.send(LARGE[: 2 * MB])
    wait_until(lambda: bool(open_blobs(server)))
    own.close()
    wait_until(lambda: not open_blobs(server))
    assert "Contents" not in s3.list_objects_v2(Bucket="large", Prefix="left")


def test_an_upload_without_a_length_is_refused_as_by_aws(
    s3: Any, connection: http.client.HTTPConnection
) -> None:
    pieces = (LARGE[start : start + MB] for start in range(0, len(LARGE), MB))
    connection.request("PUT", target(s3, "put_object", "chunks"), body=pieces, encode_chunked=True)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 501
