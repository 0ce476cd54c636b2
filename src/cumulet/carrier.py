"""uvicorn's HTTP/1.1 protocol, with two ways around the event loop for large bodies.

The loop moves small messages well and gigabytes badly: each piece is copied five times on its way through
parser, buffers and queues. So on a plain connection the kernel sends a file's bytes straight to the socket
(ASGI's `http.response.zerocopysend`), and the thread that wants a request's body reads it off the socket
itself. Where that cannot be (TLS, a body of unknown length, no sendfile) the usual ways remain.

Source: https://asgi.readthedocs.io/en/latest/extensions.html#zero-copy-send
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, TypeVar

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cumulet.connection import Connection
from cumulet.heads import Headed

SENDFILE = "http.response.zerocopysend"
DETOUR = "cumulet.request.detour"  # our own extension: the way to a `Detour`
WHOLE = "cumulet.response.whole"  # in a response's start: its body comes in one piece, right behind
READ = 64 << 10  # bytes that the loop reads at once: for more, the system is asked for memory anew each time
TURN = 64 << 20  # bytes of a file that are sent before another file has its turn
LINGER = 3  # milliseconds that a thread waits for a client that reads on at once; the loop waits for others
STALLED = 600.0  # seconds without a byte taken before a client is given up: some work while they read

log = logging.getLogger(__name__)
T = TypeVar("T")
Message = dict[str, Any]


class Carrier(Headed, Connection):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        transport.max_size = READ
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self.scheme == "http" and hasattr(os, "sendfile"):
            self.scope["extensions"] = {SENDFILE: {}, DETOUR: {}}

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, Carried(self, cycle, app))


class Carried:
    """The application, as called for one request of a connection that has the detours."""

    def __init__(self, connection: Carrier, cycle: RequestResponseCycle, app: Any) -> None:
        self.connection = connection
        self.cycle = cycle
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if extensions := scope.get("extensions"):
            extensions[DETOUR] = {"detour": Detour(self.connection, self.cycle)}
        await self.app(scope, receive, self.send)

    async def send(self, message: Any) -> None:
        if message["type"] != SENDFILE:
            return await self._send(message)
        if self.cycle.scope["method"] != "HEAD":
            await self._flush()
            self.cycle.expected_content_length -= await self._send_file(message)
        more = message.get("more_body", False)
        return await self.cycle.send({"type": "http.response.body", "body": b"", "more_body": more})

    async def _send(self, message: Any) -> None:
        """As ever; but head and body of a small answer go out as one."""
        if WHOLE in message:
            self.cycle.transport = Gathered(self.connection.transport)
        await self.cycle.send(message)
        if message["type"] == "http.response.body" and isinstance(self.cycle.transport, Gathered):
            self.cycle.transport.flush()

    async def _flush(self) -> None:
        """What was written before the file must have left the transport's own buffer."""
        transport = self.connection.transport
        transport.set_write_buffer_limits(high=0)
        await self.connection.flow.drain()
        transport.set_write_buffer_limits()

    async def _send_file(self, message: Message) -> int:
        """In a thread while the client keeps up; a client that does not is waited for here."""
        if self.cycle.disconnected:
            return 0
        file: BinaryIO = message["file"]
        start, count, sent = message["offset"], message["count"], 0
        line = duplicate(self.connection.transport)
        try:
            while sent < count and not self.cycle.disconnected:
                sent += await in_thread(partial(push, line, file.fileno(), start + sent, count - sent))
                if sent < count:
                    await writable(line)
        except (OSError, TimeoutError) as error:
            if not isinstance(error, ConnectionError | TimeoutError):  # nobody is there, or nobody reads
                log.error("%s was not sent to its end: %s", file.name, error)
            self.connection.transport.abort()
            self.cycle.disconnected = True
        finally:
            os.close(line)
        return sent


class Gathered(asyncio.Transport):
    """A transport that keeps back what is written until all of it is there: one segment, one system call."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self.transport = transport
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def flush(self) -> None:
        self.transport.write(b"".join(self.pieces))
        self.pieces.clear()

    def close(self) -> None:
        self.flush()
        self.transport.close()

    def is_closing(self) -> bool:
        return self.transport.is_closing()


class Detour:
    """The way for a request's body from the socket to the thread that reads it.

    Every method runs on the loop. Between `take` and `give_back` the loop reads nothing of this connection.
    """

    def __init__(self, connection: Carrier, cycle: RequestResponseCycle) -> None:
        self.connection = connection
        self.cycle = cycle

    def take(self) -> tuple[bytes, int]:
        """What has come of the body already, and a descriptor to read the rest from (close it)."""
        cycle, transport = self.cycle, self.connection.transport
        if cycle.waiting_for_100_continue:
            transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            cycle.waiting_for_100_continue = False
        self.connection.flow.pause_reading()
        came, cycle.body = bytes(cycle.body), bytearray()
        return came, duplicate(transport)

    def give_back(self, left: int) -> None:
        """The thread has read the body but for `left` bytes: those, and what is behind them, are the loop's."""
        connection = self.connection
        rest = Rest(connection) if left else connection
        connection.parser = parser = httptools.HttpRequestParser(rest)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        if left:
            parser.feed_data(b"PUT / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % left)
        else:
            connection.on_message_complete()


class Rest:
    """A parser's callbacks where it takes a message up in the middle of its body."""

    def __init__(self, connection: Carrier) -> None:
        self.connection = connection
        self.midway = True

    def on_message_begin(self) -> None:
        if not self.midway:
            self.connection.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.midway:
            self.connection.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.midway:
            self.connection.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.midway:
            self.connection.on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.connection.on_body(body)

    def on_message_complete(self) -> None:
        self.midway = False
        self.connection.on_message_complete()


def duplicate(transport: asyncio.BaseTransport) -> int:
    """A descriptor of a connection that stays valid while a thread uses it, whatever the loop closes."""
    descriptor: int = transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        raise ConnectionResetError
    return os.dup(descriptor)


def push(line: int, file: int, offset: int, count: int) -> int:
    """Send a file's bytes while the client takes them; how many it were."""
    sent, turn = 0, min(count, TURN)
    poll: Callable[[int], Any] | None = None
    while sent < turn:
        try:
            moved = os.sendfile(line, file, offset + sent, turn - sent)
        except BlockingIOError:
            poll = poll or _poll(line)
            if not poll(LINGER):
                break
            continue
        if moved == 0:
            raise OSError("the file is shorter than was told")
        sent += moved
    return sent


def _poll(line: int) -> Callable[[int], Any]:
    poll = select.poll()
    poll.register(line, select.POLLOUT)
    return poll.poll


async def writable(line: int) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_writer(line, _set, ready)
    try:
        async with asyncio.timeout(STALLED):
            await ready
    finally:
        loop.remove_writer(line)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


async def in_thread(act: Callable[[], T]) -> T:
    """What a thread does with descriptors is waited for even by who is cancelled: they stay open as long."""
    work = asyncio.get_running_loop().run_in_executor(None, act)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
