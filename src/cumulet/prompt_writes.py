"""Small PUTs, and questions to models, begun where they arrive: as `prompt.py` has small reads, but that their answer
waits for the disk, or for a model's process.

A request that came in one piece with its body is tried here; the loop goes on with other connections until its commit
is on disk. uvicorn keeps the order of answers: to it, this is a request that is being answered like any other. What
did not come whole, or is out of the ordinary, goes the usual way from the beginning.
"""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cumulet.prompt import WITH_A_BODY, Prompt
from cumulet.store.fresh import LARGEST
from cumulet.wire.message import Headers, Request, Response

QUESTION = 256 << 10  # bytes of what a model is asked here

Soon = Callable[[Request], Awaitable[Response] | None]


class PromptWrites(Prompt):
    """The protocol, but that `soon` is asked before a small request with a body is handed on."""

    def __init__(self, *args: Any, soon: Soon, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.soon = soon
        self.beginning = False  # the head of a request has just come, and it is its turn
        self.held: tuple[RequestResponseCycle, Any, Request] | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.held:
            self._hand_on()  # the rest of its body is still to come

    def on_headers_complete(self) -> None:
        self.beginning = True
        try:
            super().on_headers_complete()
        finally:
            self.beginning = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        if self.held and self.held[0] is self.cycle:
            self._begin()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.beginning and (request := self._small(cycle.scope["method"])):
            self.held = (cycle, app, request)
        else:
            super()._start_asgi_task(cycle, app)

    def _small(self, method: str) -> Request | None:
        """The head of a request that may be begun here, once its body is there."""
        if not (most := self._most(method)) or not self.url.isascii() or b"#" in self.url:
            return None
        headers = Headers.of(self.headers)
        size = headers.get("content-length", "")
        if not (size.isdecimal() and int(size) <= most) or not WITH_A_BODY.isdisjoint(headers.joined):
            return None
        path, _, query = self.url.decode().partition("?")
        client = self.client[0] if self.client else ""
        secure = self.scheme == "https"
        return Request(method, path, query, headers, length=int(size), secure=secure, client=client)

    def _most(self, method: str) -> int:
        """How many bytes the body of such a request may have: none, if this is not of the kind."""
        if method == "POST" and self.url.startswith(b"/endpoints/") and self.url.endswith(b"/invocations"):
            return QUESTION
        return LARGEST if method == "PUT" and self.url[:1] == b"/" and self.for_s3 else 0

    def _begin(self) -> None:
        assert self.held
        cycle, _, request = self.held
        request.body = io.BytesIO(cycle.body)
        coming = self.soon(request)
        if coming is None:
            self._hand_on()
            return
        self.held = None
        task = self.loop.create_task(self._answer_to(cycle, coming))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _hand_on(self) -> None:
        assert self.held
        (cycle, app, _), self.held = self.held, None
        super()._start_asgi_task(cycle, app)

    async def _answer_to(self, cycle: RequestResponseCycle, coming: Awaitable[Response]) -> None:
        response = await coming
        if cycle.disconnected or self.transport.is_closing():
            return
        self.transport.write(self._written(response, cycle.keep_alive, bodiless=False))
        cycle.response_started = cycle.response_complete = True
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
