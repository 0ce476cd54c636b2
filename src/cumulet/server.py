"""HTTP: an ASGI application over `app.respond`. The loop moves bytes, threads do the work.

Any ASGI server can carry it; `run` uses uvicorn, on a socket that is bound before anything else so that
the port is known (docs/decisions/0002).
"""

from __future__ import annotations

import asyncio
import io
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cumulet import app
from cumulet.house import House
from cumulet.wire.errors import AwsError
from cumulet.wire.message import FileSpan, Headers, Request, Response

SMALL = 1 << 20  # a body up to this many bytes is read before its thread starts
AHEAD = 8 << 20  # how many bytes of a large body may wait for its thread
PATIENCE = 30.0  # seconds without a byte before a body is given up

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class PipedBody:
    """A large body on its way from the loop to a thread, never more than `AHEAD` bytes of it in memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop, receive: Receive) -> None:
        self.loop = loop
        self.receive = receive
        self.pieces: deque[bytes] = deque()
        self.waiting = 0
        self.ended = False
        self.failed: AwsError | None = None
        self.changed = threading.Condition()
        self.room = asyncio.Event()
        self.started = False

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        self._start()
        with self.changed:
            while not (self.pieces or self.ended or self.failed):
                self.changed.wait()
            if self.failed:
                raise self.failed
            return self._take(size)

    def _take(self, size: int) -> bytes:
        taken: list[bytes] = []
        while self.pieces and size > 0:
            piece = self.pieces.popleft()
            if len(piece) > size:
                self.pieces.appendleft(piece[size:])
                piece = piece[:size]
            size -= len(piece)
            self.waiting -= len(piece)
            taken.append(piece)
        self.loop.call_soon_threadsafe(self.room.set)
        return b"".join(taken)

    def _start(self) -> None:
        """The first read asks the client to go on (100 Continue); a refused request is never sent whole."""
        if not self.started:
            self.started = True
            asyncio.run_coroutine_threadsafe(self._pump(), self.loop)

    async def _pump(self) -> None:
        try:
            while True:
                message = await asyncio.wait_for(self.receive(), PATIENCE)
                if message["type"] == "http.disconnect":
                    raise AwsError("IncompleteBody", "The connection closed before the body was complete.")
                self._put(message.get("body", b""), ended=not message.get("more_body", False))
                if not message.get("more_body", False):
                    return
                if self.waiting > AHEAD:
                    self.room.clear()
                    await self.room.wait()
        except TimeoutError:
            self._fail(AwsError("RequestTimeout", "Your socket was not read from or written to in time.", status=400))
        except AwsError as error:
            self._fail(error)

    def _put(self, piece: bytes, *, ended: bool) -> None:
        with self.changed:
            if piece:
                self.pieces.append(piece)
                self.waiting += len(piece)
            self.ended = ended
            self.changed.notify()

    def _fail(self, error: AwsError) -> None:
        with self.changed:
            self.failed = error
            self.changed.notify()


class Application:
    """The ASGI callable. One per process."""

    def __init__(self, house: House, threads: int = 96) -> None:
        self.house = house
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="call")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        request = self._request(scope)
        if request.length is not None and request.length <= SMALL:
            request.body = io.BytesIO(await self._whole(receive, request.length))
        else:
            request.body = PipedBody(loop, receive)
        response = await loop.run_in_executor(self.pool, app.respond, self.house, request)
        await self._send(loop, request, response, send)

    @staticmethod
    def _request(scope: dict[str, Any]) -> Request:
        headers = Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        declared = headers.get("content-length")
        chunked = "transfer-encoding" in headers
        return Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=headers,
            length=None if chunked else int(declared) if declared.isdigit() else 0,
            secure=scope["scheme"] == "https",
            client=(scope.get("client") or ("",))[0],
        )

    @staticmethod
    async def _whole(receive: Receive, length: int) -> bytes:
        if not length:
            return b""
        pieces = []
        while True:
            message = await asyncio.wait_for(receive(), PATIENCE)
            pieces.append(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body", False):
                return b"".join(pieces)

    async def _send(
        self, loop: asyncio.AbstractEventLoop, request: Request, response: Response, send: Send
    ) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        body = response.body
        names = {name.lower() for name, _ in response.headers}
        if not isinstance(body, Iterator) and "content-length" not in names and response.status not in (204, 304):
            headers.append((b"content-length", str(len(body) if isinstance(body, bytes) else body.length).encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if isinstance(body, bytes):
            await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
            return
        pieces = body.chunks() if isinstance(body, FileSpan) else body
        await self._stream(loop, pieces, send)

    async def _stream(self, loop: asyncio.AbstractEventLoop, pieces: Iterator[bytes], send: Send) -> None:
        try:
            while piece := await loop.run_in_executor(self.pool, next, pieces, b""):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            if close := getattr(pieces, "close", None):
                await loop.run_in_executor(self.pool, close)
