"""The ASGI application over `app.respond`: the loop moves bytes, threads do the work. Any ASGI server can carry it."""

from __future__ import annotations

import asyncio
import io
import logging
import re
import uuid
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from cumulet import app
from cumulet.arrival import PATIENCE, BrokenBody, Departed, DirectBody, PipedBody, Receive, collect
from cumulet.carrier import DETOUR, SENDFILE, WHOLE
from cumulet.hands import Hands
from cumulet.house import House
from cumulet.prompt import READY
from cumulet.wire import protocols, route
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body, FileSpan, Headers, Request, Response

IN_MEMORY = 256 << 10  # of a file, bytes that are sent from memory; more by the kernel
SMALL = 1 << 20  # bodies up to this many bytes go in one piece between the loop and a thread
UPLOAD = 64 << 10  # the same for a PUT: what is to become a file is best read where it is written

INVOCATION = re.compile(r"/endpoints/[^/]+/invocations")
UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")  # in the value of a header

Send = Callable[[dict[str, Any]], Awaitable[None]]
Extensions = dict[str, dict[str, Any]]  # of ASGI: what the carrier can do
log = logging.getLogger(__name__)


class Application:
    """The ASGI callable. One per process."""

    def __init__(self, house: House, *, threads: int = 96, patience: float = PATIENCE) -> None:
        self.house = house
        self.patience = patience
        self.hands = Hands(threads)
        self.warm = False  # S3 has answered before: its models and modules are loaded, which takes a while
        self.asked = False  # the same of endpoints

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        extensions = scope.get("extensions") or {}
        try:
            if response := scope.get(READY):
                await self._tell(response, extensions, receive, send)
            else:
                await self._answer(_request(scope), extensions, receive, send)
        except Departed:
            log.debug("a client left before its request was complete")

    async def _answer(self, request: Request, extensions: Extensions, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        body = request.body = await self._body(loop, request, extensions, receive)
        response = await self._soon(request)
        if response is None:
            response = await self.hands.call(self._respond, request)
        if _must_part(request, body):
            response.headers.append(("connection", "close"))
        if isinstance(body, PipedBody | DirectBody):
            body.abandon()
        await self._tell(response, extensions, receive, send)

    async def _tell(self, response: Response, extensions: Extensions, receive: Receive, send: Send) -> None:
        try:
            await self._send(asyncio.get_running_loop(), response, extensions, receive, send)
        finally:
            if close := getattr(response.body, "close", None):
                await self.hands.call(close)

    async def _body(
        self,
        loop: asyncio.AbstractEventLoop,
        request: Request,
        extensions: Extensions,
        receive: Receive,
    ) -> io.BytesIO | BrokenBody | PipedBody | DirectBody:
        """Small bodies are collected here; others, and those to be asked for first, go to their thread."""
        most = UPLOAD if request.method == "PUT" else SMALL
        if request.length is None or request.length > most or "expect" in request.headers:
            if request.length and DETOUR in extensions:
                return DirectBody(loop, extensions[DETOUR]["detour"], request.length, self.patience)
            return PipedBody(loop, receive, self.patience)
        try:
            return io.BytesIO(await collect(receive, self.patience) if request.length else b"")
        except AwsError as error:
            return BrokenBody(error)

    def at_once(self, request: Request) -> Response | None:
        """The answer to a read, if it is at hand (see `prompt.py`)."""
        response = app.respond_at_once(self.house, request) if self.warm else None
        return None if response is None else _sendable(request, response)

    def begin(self, request: Request) -> Awaitable[Response] | None:
        """The answer to come to a small PUT, or of a model, if that is under way (see `prompt_writes.py`)."""
        ready = self.asked if request.method == "POST" else self.warm
        try:
            coming = app.begin(self.house, request) if ready else None
        except Exception:
            log.exception("a request could not be begun; it is tried the usual way")
            return None
        return None if coming is None else _sendable_soon(request, coming)

    async def _soon(self, request: Request) -> Response | None:
        """An answer that no thread need wait for: of an endpoint's model, where one has answered before, or
        to a small object's PUT, which waits for the disk only."""
        body = request.body
        if not isinstance(body, io.BytesIO) or not (self._is_put(request) or self._is_invocation(request)):
            return None
        response = await app.respond_soon(self.house, request)
        if response is None:
            body.seek(0)
            request.body = body
            return None
        return _sendable(request, response)

    def _is_put(self, request: Request) -> bool:
        return self.warm and request.method == "PUT" and route.scope(request)[0] == "s3"

    def _is_invocation(self, request: Request) -> bool:
        return self.asked and bool(INVOCATION.fullmatch(request.path))

    def _respond(self, request: Request) -> Response:
        response = app.respond(self.house, request)
        self.warm = self.warm or route.scope(request)[0] == "s3"
        self.asked = self.asked or bool(INVOCATION.fullmatch(request.path))
        return _sendable(request, response)

    async def _send(
        self,
        loop: asyncio.AbstractEventLoop,
        response: Response,
        extensions: Extensions,
        receive: Receive,
        send: Send,
    ) -> None:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        if (length := response.untold_length) is not None:
            headers.append((b"content-length", str(length).encode()))
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        if isinstance(response.body, bytes):
            await send({**start, WHOLE: True})
            await send({"type": "http.response.body", "body": response.body})
            return
        await send(start)
        if isinstance(response.body, FileSpan):
            span = response.body
            if SENDFILE in extensions:
                await send({"type": SENDFILE, "file": span.file, "offset": span.start, "count": span.length})
                return
            response.body = span.chunks()
        await self._stream(loop, response.body, receive, send)

    async def _stream(
        self, loop: asyncio.AbstractEventLoop, pieces: Iterator[bytes], receive: Receive, send: Send
    ) -> None:
        gone = loop.create_task(_departure(receive))
        try:
            while (piece := await self.hands.call(_next, pieces)) is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if gone.done():
                    raise Departed
            await send({"type": "http.response.body", "body": b""})
        finally:
            gone.cancel()


def _request(scope: dict[str, Any]) -> Request:
    headers = Headers.of(scope["headers"])
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


async def _sendable_soon(request: Request, coming: Awaitable[Response]) -> Response:
    return _sendable(request, await coming)


def _sendable(request: Request, response: Response) -> Response:
    if UNSENDABLE.search("\t".join(value for _, value in response.headers)):
        response = _refusal(request)
    if isinstance(response.body, FileSpan) and response.body.length <= IN_MEMORY:
        response.body = response.body.read()
    return response


def _refusal(request: Request) -> Response:
    """What a client had put into its object's headers, or asked to be told in one, cannot be sent."""
    error = AwsError(
        "InvalidArgument",
        "Header values must not hold control characters, and must be ISO-8859-1.",
        status=400,
    )
    return protocols.serialize_error(None, request, error, str(uuid.uuid4()))


def _must_part(request: Request, body: Body) -> bool:
    """Whether the next bytes on this connection could be taken for the next request, or may never come."""
    if isinstance(body, PipedBody | DirectBody):
        unasked = "expect" in request.headers and not body.started
        return unasked or body.failed is not None
    return isinstance(body, BrokenBody)


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)


async def _departure(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
