"""Load: many connections driven by one loop, which is no limit to the servers that are measured.

Requests are signed beforehand, bodies go out by sendfile and come in into one buffer that nobody looks at,
so a call costs the client a few system calls. `drive` runs the loop in a process of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import math
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import quote

BUFFER = 1 << 20
PIECE = 4 << 20  # of a body, at most, before other connections have their turn
HEAD_END = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
EMPTY = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True, slots=True)
class Message:
    """A request that is ready to be sent, again and again."""

    head: bytes
    body: Path | None = None
    size: int = 0
    headless: bool = False  # the answer has no body, whatever its headers say


@dataclass(slots=True)
class Outcome:
    """What came of one load."""

    seconds: float
    moved: int  # bytes of bodies, in both directions
    latencies: list[float]  # of each call, seconds

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    @property
    def megabytes(self) -> float:
        return self.moved / self.seconds / 1e6

    def percentile(self, part: float) -> float:
        """In milliseconds; the worst one where there are too few."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.floor(len(ordered) * part))] * 1000


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs S3 requests as AWS's SDKs do (SigV4 in the headers)."""

    port: int
    access_key: str
    secret_key: str

    def message(
        self, method: str, path: str, query: str = "", body: Path | None = None, payload: str = EMPTY
    ) -> Message:
        """`payload` is the SHA-256 of the body, or `UNSIGNED`."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        host, path = f"127.0.0.1:{self.port}", quote(path)
        names = "host;x-amz-content-sha256;x-amz-date"
        signed = f"host:{host}\nx-amz-content-sha256:{payload}\nx-amz-date:{stamp}\n"
        canonical = f"{method}\n{path}\n{query}\n{signed}\n{names}\n{payload}"
        scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        size = body.stat().st_size if body else 0
        target = f"{path}?{query}" if query else path
        length = f"Content-Length: {size}\r\n" if method in ("PUT", "POST") else ""
        head = (
            f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nx-amz-date: {stamp}\r\n"
            f"x-amz-content-sha256: {payload}\r\n{length}"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={self._signature(scope, text)}\r\n\r\n"
        )
        return Message(head.encode(), body, size, headless=method == "HEAD")

    def presigned(self, path: str) -> str:
        """The URL of a GET that needs no headers, for clients that cannot sign."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{stamp[:8]}/us-east-1/s3/aws4_request"
        query = (
            f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={quote(f'{self.access_key}/{scope}', safe='')}"
            f"&X-Amz-Date={stamp}&X-Amz-Expires=3600&X-Amz-SignedHeaders=host"
        )
        canonical = f"GET\n{quote(path)}\n{query}\nhost:127.0.0.1:{self.port}\n\nhost\n{UNSIGNED}"
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = self._signature(scope, text)
        return f"http://127.0.0.1:{self.port}{quote(path)}?{query}&X-Amz-Signature={signature}"

    def _signature(self, scope: str, text: str) -> str:
        key = f"AWS4{self.secret_key}".encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.digest(key, text.encode(), "sha256").hex()


@dataclass(slots=True)
class Connection:
    """One client: sends a request, reads its answer, takes the next request."""

    port: int
    buffer: memoryview
    socket: socket.socket = field(init=False)
    head: bytes = b""
    sent: int = 0
    received: bytes = b""  # of the answer, up to the end of its head
    left: int | None = None  # of the answer's body; None in a chunked one
    began: float = 0.0
    message: Message = Message(b"")
    file: int = -1
    closing: bool = False

    def __post_init__(self) -> None:
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)

    def begin(self, message: Message) -> None:
        self.message, self.head, self.sent, self.received = message, message.head, 0, b""
        self.began = time.perf_counter()
        if message.body:
            self.file = os.open(message.body, os.O_RDONLY)

    def send(self) -> bool:
        """Whether all of the request is out."""
        try:
            if self.head:
                more = socket.MSG_MORE if self.message.size else 0
                self.head = self.head[self.socket.send(self.head, more) :]
            turn = min(self.sent + PIECE, self.message.size)
            while not self.head and self.sent < turn:
                count = min(PIECE, self.message.size - self.sent)
                self.sent += os.sendfile(self.socket.fileno(), self.file, self.sent, count)
        except BlockingIOError:
            return False
        if self.head or self.sent < self.message.size:
            return False
        if self.file >= 0:
            os.close(self.file)
            self.file = -1
        return True

    def receive(self) -> bool:
        """Whether all of the answer is in."""
        turn = PIECE
        while turn > 0:
            try:
                count = self.socket.recv_into(self.buffer)
            except BlockingIOError:
                return False
            if count == 0:
                raise ConnectionError(f"closed in the middle of an answer: {self.received[:300]!r}")
            turn -= count
            if self._take(count):
                return True
        return False

    def _take(self, count: int) -> bool:
        tail = b""
        if HEAD_END not in self.received:
            data = self.received + bytes(self.buffer[:count])
            head, end, tail = data.partition(HEAD_END)
            self.received = head + end
            if not end:
                return False
            count = len(tail)
            self._read_head(head)
        elif self.left is None:
            tail = bytes(self.buffer[max(0, count - 5) : count])
        if self.left is None:
            return tail.endswith(LAST_CHUNK)
        self.left -= count
        return self.left <= 0

    def _read_head(self, head: bytes) -> None:
        lines = head.lower().split(b"\r\n")
        if not lines[0].split()[1].startswith(b"2"):
            raise RuntimeError(f"{self.message.head[:80]!r} was answered by {head!r}")
        fields = dict(line.split(b":", 1) for line in lines[1:])
        empty = self.message.headless or lines[0].split()[1] == b"204"
        chunked = b"chunked" in fields.get(b"transfer-encoding", b"")
        self.left = 0 if empty else None if chunked else int(fields.get(b"content-length", b"0"))
        self.closing = lines[0].startswith(b"http/1.0") or b"close" in fields.get(b"connection", b"")

    def moved(self) -> int:
        fields = self.received.lower().partition(b"\r\ncontent-length:")[2]
        down = 0 if self.message.headless or not fields else int(fields.split(b"\r\n")[0])
        return self.message.size + down


def _loop(port: int, messages: Iterable[Message], clients: int, seconds: float, most: int) -> Outcome:
    buffer = memoryview(bytearray(BUFFER))
    selector = selectors.EpollSelector()
    source = iter(messages)
    outcome = Outcome(0.0, 0, [])
    begin = time.perf_counter()
    busy = sum(_start(selector, Connection(port, buffer), source) for _ in range(clients))
    while busy:
        for key, _ in selector.select():
            connection: Connection = key.data
            if key.events == selectors.EVENT_WRITE:
                if connection.send():
                    selector.modify(connection.socket, selectors.EVENT_READ, connection)
            elif connection.receive():
                now = time.perf_counter()
                outcome.latencies.append(now - connection.began)
                outcome.moved += connection.moved()
                selector.unregister(connection.socket)
                over = now - begin >= seconds or len(outcome.latencies) + busy > most
                if over or not _go_on(selector, connection, source):
                    connection.socket.close()
                    busy -= 1
    outcome.seconds = time.perf_counter() - begin
    return outcome


def _start(selector: selectors.BaseSelector, connection: Connection, source: Iterator[Message]) -> bool:
    if (message := next(source, None)) is None:
        connection.socket.close()
        return False
    connection.begin(message)
    finished = connection.send()
    selector.register(
        connection.socket, selectors.EVENT_READ if finished else selectors.EVENT_WRITE, connection
    )
    return True


def _go_on(selector: selectors.BaseSelector, connection: Connection, source: Iterator[Message]) -> bool:
    if connection.closing:
        connection.socket.close()
        connection.connect()
    return _start(selector, connection, source)


class Driver:
    """The process in which the load runs. `make` is called there and gives the requests in order."""

    def __init__(self) -> None:
        self.pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))

    def drive(
        self,
        port: int,
        make: Callable[[], Iterable[Message]],
        clients: int,
        seconds: float = math.inf,
        most: int = 1 << 60,
    ) -> Outcome:
        """Until the time is over, `most` calls are done or the requests run out; what is begun is finished."""
        return self.pool.submit(_prepared, port, make, clients, seconds, most).result()

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()


def _prepared(
    port: int, make: Callable[[], Iterable[Message]], clients: int, seconds: float, most: int
) -> Outcome:
    return _loop(port, make(), clients, seconds, most)


def sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def sample(folder: Path, size: int) -> Path:
    """A file of bytes that no file system can make smaller."""
    file = folder / f"sample-{size}"
    if not file.exists():
        block = os.urandom(min(size, 1 << 20))
        with file.open("wb") as opened:
            for start in range(0, size, len(block)):
                opened.write(block[: size - start])
    return file


def write_synced(folder: Path, size: int, clients: int, seconds: float, most: int = 1 << 60) -> Outcome:
    """The disk's own floor: so many writers that each write a file, fsync it and begin the next."""
    from concurrent.futures import ThreadPoolExecutor

    source = sample(folder, size)
    begin = time.perf_counter()
    write = partial(_write_until, folder, source, size, begin + seconds, max(1, most // clients))
    with ThreadPoolExecutor(clients) as pool:
        latencies = [taken for part in pool.map(write, range(clients)) for taken in part]
    return Outcome(time.perf_counter() - begin, size * len(latencies), latencies)


def _write_until(folder: Path, source: Path, size: int, end: float, most: int, number: int) -> list[float]:
    latencies: list[float] = []
    names = [folder / f"floor-{number}-{turn}" for turn in range(2)]
    with source.open("rb") as opened:
        while len(latencies) < most and (not latencies or time.perf_counter() < end):
            begin, name = time.perf_counter(), names[len(latencies) % 2]
            _write(opened.fileno(), name, size)
            latencies.append(time.perf_counter() - begin)
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            name.unlink()
    return latencies


def _write(source: int, name: Path, size: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        name.unlink()
    with name.open("xb", buffering=0) as target:
        for start in range(0, size, BUFFER):
            target.write(os.pread(source, min(BUFFER, size - start), start))
        os.fsync(target.fileno())
