"""Several processes behind one port: one consistent store, and none that outlives the server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config as ClientConfig

if TYPE_CHECKING:
    from tests.conftest import Server

BUCKET = "shared"


class Line:
    """A kept-alive connection over which signed URLs are asked for, one after the other."""

    def __init__(self, server: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def ask(self, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
        parts = urlsplit(url)
        self.connection.request(method, f"{parts.path}?{parts.query}", body)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    @property
    def port(self) -> int:
        return int(self.connection.sock.getsockname()[1])


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Server:
    """A server and one worker."""
    monkeypatch.setenv("CUMULET_WORKERS", "2")
    server: Server = request.getfixturevalue("own_server")
    server.client("s3").create_bucket(Bucket=BUCKET)
    return server


def workers(server: Server) -> list[int]:
    """The children of the server that are workers."""
    pid = server.child.process.pid
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(
            FileNotFoundError, ProcessLookupError
        ):  # a thread or a worker that has just ended
            for child in (task / "children").read_text().split():
                if b"cumulet.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def holders(line: Line) -> list[int]:
    """The processes that have the server's end of a connection open."""
    ours, theirs = line.connection.sock.getpeername()[1], line.port
    inode = next(
        row.split()[9]
        for row in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if row.split()[1].endswith(f":{ours:04X}") and row.split()[2].endswith(f":{theirs:04X}")
    )
    return [
        int(folder.parent.name)
        for folder in Path("/proc").glob("[0-9]*/fd")
        if _holds(folder, f"socket:[{inode}]")
    ]


def _holds(folder: Path, name: str) -> bool:
    try:
        return any(str(link.readlink()) == name for link in folder.iterdir())
    except OSError:
        return False


def url(server: Server, operation: str, key: str = "key", **members: Any) -> str:
    members = {"Bucket": BUCKET, "Key": key, **members}
    if "bucket" in operation or "list" in operation:
        del members["Key"]
    return str(server.client("s3", config=_v4()).generate_presigned_url(operation, Params=members))


def _v4() -> ClientConfig:
    return ClientConfig(signature_version="s3v4", s3={"addressing_style": "path"})


@pytest.fixture
def lines(pair: Server) -> tuple[Line, Line]:
    """Two connections, each answered by another process."""
    here, there = Line(pair), Line(pair)
    for line in (here, there):
        line.ask("GET", url(pair, "list_objects_v2"))
    assert holders(here) == [pair.child.process.pid]
    assert holders(there) == workers(pair)
    return here, there


def test_what_one_process_wrote_the_other_reads_at_once(pair: Server, lines: tuple[Line, Line]) -> None:
    put, get = url(pair, "put_object"), url(pair, "get_object")
    for number in range(40):
        writer, reader = lines if number % 2 else lines[::-1]
        body = b"%d" % number
        assert writer.ask("PUT", put, body)[0] == 200
        assert reader.ask("GET", get) == (200, body)


def test_of_writers_in_two_processes_the_last_wins_whole(pair: Server, lines: tuple[Line, Line]) -> None:
    put, get = url(pair, "put_object", "folder/raced"), url(pair, "get_object", "folder/raced")
    shown = pair.data_dir / "s3" / BUCKET / "folder" / "raced"

    def write(line: Line, letter: bytes) -> None:
        for size in range(1, 41):
            assert line.ask("PUT", put, letter * size * 100)[0] == 200

    with ThreadPoolExecutor(2) as pool:
        for done in [
            pool.submit(write, line, letter) for line, letter in zip(lines, (b"a", b"b"), strict=True)
        ]:
            done.result()
    found = {line.ask("GET", get) for line in lines}
    assert len(found) == 1
    assert found.pop()[1] in (b"a" * 4000, b"b" * 4000)
    until = time.monotonic() + 30
    while shown.read_bytes() != lines[0].ask("GET", get)[1]:  # files are made behind the answer
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_new_key_works_in_every_process_and_a_deleted_one_in_none(
    pair: Server, lines: tuple[Line, Line]
) -> None:
    iam = pair.client("iam")
    iam.create_user(UserName="somebody")
    allowing = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowing]})
    iam.put_user_policy(UserName="somebody", PolicyName="lake", PolicyDocument=document)
    key = iam.create_access_key(UserName="somebody")["AccessKey"]
    signer = pair.client(
        "s3", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"], config=_v4()
    )
    listing = signer.generate_presigned_url("list_objects_v2", Params={"Bucket": BUCKET})
    assert [line.ask("GET", listing)[0] for line in lines] == [200, 200]
    iam.delete_access_key(UserName="somebody", AccessKeyId=key["AccessKeyId"])
    assert [line.ask("GET", listing)[0] for line in lines] == [403, 403]


def test_a_policy_and_the_end_of_a_bucket_are_known_everywhere_at_once(
    pair: Server, lines: tuple[Line, Line]
) -> None:
    s3 = pair.client("s3")
    listing = url(pair, "list_objects_v2")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:ListBucket",
        "Resource": f"arn:aws:s3:::{BUCKET}",
    }
    s3.put_bucket_policy(
        Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    assert [line.ask("GET", listing)[0] for line in lines] == [403, 403]
    s3.delete_bucket_policy(Bucket=BUCKET)
    assert [line.ask("GET", listing)[0] for line in lines] == [200, 200]
    s3.delete_bucket(Bucket=BUCKET)
    assert [line.ask("GET", listing)[0] for line in lines] == [404, 404]


def test_a_request_for_another_service_takes_its_connection_back_to_the_server(
    pair: Server, lines: tuple[Line, Line]
) -> None:
    sts = pair.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, body = lines[1].ask("GET", sts)
    assert status == 200
    assert b"GetCallerIdentityResult" in body
    assert holders(lines[1]) == [pair.child.process.pid]


def test_a_request_sent_ahead_for_another_service_is_not_answered_by_a_worker(
    pair: Server, lines: tuple[Line, Line]
) -> None:
    s3, sts = (
        urlsplit(url(pair, "list_objects_v2")),
        urlsplit(pair.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")),
    )
    ahead = b"".join(
        f"GET {parts.path or '/'}?{parts.query} HTTP/1.1\r\nHost: 127.0.0.1:{pair.port}\r\n\r\n".encode()
        for parts in (s3, sts)
    )
    line = lines[1].connection.sock
    line.sendall(ahead)
    received = b"".join(iter(lambda: line.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200") == 1
    assert b"ListBucketResult" in received


def test_a_large_body_goes_with_its_connection(pair: Server, lines: tuple[Line, Line]) -> None:
    body = os.urandom(3 << 20)
    third = Line(pair)  # whose first request is the upload: part of it has been read when it is given away
    assert third.ask("PUT", url(pair, "put_object"), body)[0] == 200
    fourth = Line(pair)
    assert fourth.ask("PUT", url(pair, "put_object", "other"), body)[0] == 200
    for line in lines:
        assert line.ask("GET", url(pair, "get_object")) == (200, body)
        assert line.ask("GET", url(pair, "get_object", "other")) == (200, body)


def test_the_end_of_a_worker_breaks_its_own_connections_only_and_another_takes_its_place(
    pair: Server, lines: tuple[Line, Line]
) -> None:
    listing = url(pair, "list_objects_v2")
    (worker,) = workers(pair)
    os.kill(worker, signal.SIGKILL)
    with pytest.raises((ConnectionError, http.client.HTTPException, socket.timeout)):
        lines[1].ask("GET", listing)
    assert lines[0].ask("GET", listing)[0] == 200
    while not (workers(pair) and workers(pair) != [worker]):  # another process: there is no event to wait for
        pass
    again = [Line(pair) for _ in range(8)]
    assert {line.ask("GET", listing)[0] for line in again} == {200}


def test_no_worker_outlives_a_server_that_is_killed(pair: Server) -> None:
    (worker,) = workers(pair)
    pair.kill()
    while Path(f"/proc/{worker}/stat").exists() and " Z " not in Path(f"/proc/{worker}/stat").read_text():
        pass
    pair.start()
    assert pair.client("s3").list_buckets()["Buckets"][0]["Name"] == BUCKET


def test_a_stop_lets_workers_answer_what_is_under_way(pair: Server, lines: tuple[Line, Line]) -> None:
    body = os.urandom(1 << 20)
    parts = urlsplit(url(pair, "put_object"))
    slow = lines[1].connection
    slow.putrequest("PUT", f"{parts.path}?{parts.query}")
    slow.putheader("Content-Length", str(2 * len(body)))
    slow.endheaders(body)
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(pair.child.stop)
        slow.send(body)
        answer = slow.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
        assert stopped.result() == 0
    pair.start()
    assert pair.client("s3").get_object(Bucket=BUCKET, Key="key")["Body"].read() == 2 * body


def test_a_number_of_workers_that_is_none_is_refused(pair: Server) -> None:
    with pytest.raises(Exception, match="non-zero exit status 2"):
        pair.cumulet("up", "--workers", "0")
