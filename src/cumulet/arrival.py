"""Request bodies on their way from the event loop to the thread that reads them."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.carrier import Detour

AHEAD = 8 << 20  # how many bytes of a large body may wait for its thread
PATIENCE = 30.0  # seconds without a byte before a body is given up

Receive = Callable[[], Awaitable[dict[str, Any]]]


class Departed(Exception):
    """The client closed the connection before its request was complete: nobody waits for an answer."""


def too_slow() -> AwsError:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeout)"""
    message = (
        "Your socket connection to the server was not read from or written to within the timeout period. "
        "Idle connections will be closed."
    )
    return AwsError("RequestTimeout", message, status=400)


def cut_short() -> AwsError:
    return AwsError("IncompleteBody", "The connection closed before the body was complete.", status=400)


async def collect(receive: Receive, patience: float) -> bytes:
    """A whole small body. Raises `Departed`, or RequestTimeout where the client falls silent."""
    pieces = []
    more = True
    while more:
        message = await _next(receive, patience)
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


async def _next(receive: Receive, patience: float) -> dict[str, Any]:
    try:
        async with asyncio.timeout(patience):
            message = await receive()
    except TimeoutError:
        raise too_slow() from None
    if message["type"] == "http.disconnect":
        raise Departed
    return message


class BrokenBody:
    """A body that could not be received: whoever reads it gets the reason, in its protocol's own words."""

    def __init__(self, error: AwsError) -> None:
        self.error = error

    def read(self, size: int = -1, /) -> bytes:
        raise self.error


class PipedBody:
    """A body read by a thread while it arrives, never more than about `AHEAD` bytes of it in memory.

    Nothing is asked of the client before the first read: one that waits for `100 Continue` sends no byte of
    a request that is refused by its headers alone.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive, patience: float = PATIENCE) -> None:
        self.loop = loop
        self.receive = receive
        self.patience = patience
        self.ended = False
        self.failed: Exception | None = None
        self.started = False
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._pump_task: asyncio.Task[None] | None = None

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        self._start()
        with self._changed:
            while not (self._pieces or self.ended or self.failed):
                self._changed.wait()
            if self.failed:
                raise self.failed
            return self._take(size)

    def abandon(self) -> None:
        """Nobody reads on (called on the loop, once the answer is on its way)."""
        if self._pump_task:
            self._pump_task.cancel()

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        was_full = self._waiting > AHEAD
        while self._pieces and size > 0:
            piece = self._pieces.popleft()
            if len(piece) > size:
                self._pieces.appendleft(piece[size:])
                piece = piece[:size]
            size -= len(piece)
            self._waiting -= len(piece)
            taken.append(piece)
        if was_full and self._waiting <= AHEAD:
            self.loop.call_soon_threadsafe(self._room.set)
        return b"".join(taken)

    def _start(self) -> None:
        if not self.started:
            self.started = True
            self.loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        self._pump_task = self.loop.create_task(self._pump())

    async def _pump(self) -> None:
        try:
            while not self.ended:
                message = await _next(self.receive, self.patience)
                self._put(message.get("body", b""), ended=not message.get("more_body", False))
                while self._waiting > AHEAD and not self.ended:
                    self._room.clear()
                    await self._room.wait()
        except Departed:
            self._fail(cut_short())
        except AwsError as error:
            self._fail(error)
        except asyncio.CancelledError:
            self._fail(Departed())
            raise

    def _put(self, piece: bytes, *, ended: bool) -> None:
        with self._changed:
            if piece:
                self._pieces.append(piece)
                self._waiting += len(piece)
            self.ended = ended
            self._changed.notify()

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self.failed = error
            self._changed.notify()


class DirectBody:
    """A body of known length that its thread reads off the socket, past the loop (see `carrier`).

    As with a `PipedBody`, nothing is asked of the client before the first read.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, detour: Detour, length: int, patience: float = PATIENCE
    ) -> None:
        self.loop = loop
        self.detour = detour
        self.left = length
        self.patience = patience
        self.started = False
        self.failed: Exception | None = None
        self._came = b""
        self._line = -1

    def read(self, size: int = -1, /) -> bytes:
        """As many bytes as are asked for, or all that there are."""
        buffer = bytearray(self.left if size < 0 else min(size, self.left))
        self.read_into(memoryview(buffer))
        return bytes(buffer)

    def read_into(self, room: memoryview, /) -> int:
        if self.failed:
            raise self.failed
        room = room[: self.left]
        try:
            if not self.started:
                self._start()
            self._receive(room[self._take(room) :])
        except AwsError as error:
            self.failed = error
            raise
        self.left -= len(room)
        return len(room)

    def abandon(self) -> None:
        """Nobody reads on (called on the loop, once the answer is on its way)."""
        if self._line >= 0:
            os.close(self._line)
            self._line = -1
            self.detour.give_back(self.left - len(self._came))

    def _start(self) -> None:
        self.started = True
        taken: Future[tuple[bytes, int]] = Future()
        self.loop.call_soon_threadsafe(_fulfil, taken, self.detour.take)
        try:
            self._came, self._line = taken.result()
        except ConnectionError:
            raise cut_short() from None

    def _take(self, room: memoryview) -> int:
        """What had come before anybody read; how much of it there was room for."""
        count = min(len(room), len(self._came))
        room[:count], self._came = self._came[:count], self._came[count:]
        return count

    def _receive(self, room: memoryview) -> None:
        """Fill `room` from the socket."""
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        while room:
            try:
                count = os.readv(self._line, [room])
            except BlockingIOError:
                if not poll.poll(self.patience * 1000):
                    raise too_slow() from None
                continue
            except ConnectionError:
                count = 0
            if not count:
                raise cut_short()
            room = room[count:]


def _fulfil(future: Future[Any], act: Callable[[], Any]) -> None:
    try:
        future.set_result(act())
    except Exception as error:
        future.set_exception(error)
