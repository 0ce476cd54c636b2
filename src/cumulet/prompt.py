"""Small reads, answered where they arrive: on the event loop, without a task, a thread or ASGI's messages.

To hand a request to a thread and its answer back takes two switches and a dozen objects: more than a small
object takes to be found and read. So a GET or HEAD that is signed for S3 is tried here first. What would wait
for anything (see `store/haste.py`) goes the usual way, from the beginning; a large object is found here, and goes
that way only to be sent.
"""

from __future__ import annotations

from asyncio import TimerHandle
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cumulet.wire.message import Headers, Request, Response

S3 = (b"/s3/aws4_request", b"%2Fs3%2Faws4_request")  # in what a Version 4 signature says it is for
READS = (b"GET", b"HEAD")
WITH_A_BODY = frozenset({"transfer-encoding", "expect", "upgrade"})

READY = "cumulet.response.ready"  # in a request's scope: its answer, a file that is still to be sent

AtOnce = Callable[[Request], Response | None]


class Prompt(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol, but that `at_once` is asked first."""

    def __init__(self, *args: Any, at_once: AtOnce, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at_once = at_once
        self.signed_for_s3: bool | None = None  # not looked at yet
        self.answered = False  # the request that is being read has been
        self.answered_at = 0.0  # the loop's time of the last such answer
        self.resting = False  # and nothing has come since
        self.watch: TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.watch:
            self.watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self.resting = False
        super().data_received(data)

    @property
    def for_s3(self) -> bool:
        """Whether the request is signed for S3: then it is for S3, or refused."""
        if self.signed_for_s3 is None:
            self.signed_for_s3 = self._is_for_s3()
        return self.signed_for_s3

    def _is_for_s3(self) -> bool:
        for name, value in self.headers:
            if name == b"authorization":
                return S3[0] in value
        return b"X-Amz-Credential=" in self.url and any(word in self.url for word in S3)

    def on_message_begin(self) -> None:
        self.signed_for_s3 = None
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.answered = self._is_free() and self._answer()
        if not self.answered:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if not self.answered:
            super().on_message_complete()

    def _is_free(self) -> bool:
        """Nothing is under way on this connection: no earlier request, and none of its answer's bytes."""
        if self.flow.write_paused or self.transport.is_closing():
            return False
        return self.cycle is None or self.cycle.response_complete

    def _answer(self) -> bool:
        method = self.parser.get_method()
        if method not in READS or self.url[:1] != b"/" or not self.for_s3:
            return False
        request = self._request(method.decode())
        if request is None or (response := self.at_once(request)) is None:
            return False
        if not isinstance(response.body, bytes):
            cast(dict[str, Any], self.scope)[READY] = response
            return False
        lasts = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self.transport.write(self._written(response, lasts, bodiless=method == b"HEAD"))
        self.server_state.total_requests += 1
        if lasts:
            self._rest()
        else:
            self.transport.close()
        return True

    def _request(self, method: str) -> Request | None:
        """What has come, if it is all that comes, and nothing out of the ordinary."""
        headers = Headers.of(self.headers)
        if headers.get("content-length", "0") != "0" or not WITH_A_BODY.isdisjoint(headers.joined):
            return None
        if not self.url.isascii() or b"#" in self.url:
            return None
        path, _, query = self.url.decode().partition("?")
        client = self.client[0] if self.client else ""
        return Request(method, path, query, headers, secure=self.scheme == "https", client=client)

    def _written(self, response: Response, lasts: bool, *, bodiless: bool) -> bytes:
        """The answer as one piece: one segment, one system call."""
        head = [STATUS_LINE[response.status]]
        head += [b"%b: %b\r\n" % pair for pair in self.server_state.default_headers]
        told = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        if (length := response.untold_length) is not None:
            told += f"content-length: {length}\r\n"
        if not lasts:
            told += "connection: close\r\n"
        body = b"" if bodiless else cast(bytes, response.body)
        return b"".join((*head, told.encode("latin-1"), b"\r\n", body))

    def _rest(self) -> None:
        """Wait for the next request as long as uvicorn does; but one timer serves for many answers."""
        self.resting, self.answered_at = True, self.loop.time()
        if self.watch is None:
            self.watch = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        """Whether the client has been silent ever since the last answer."""
        self.watch = None
        if not self.resting:
            return  # with what came since, another timer began
        left = self.answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.watch = self.loop.call_later(left, self._look)
        else:
            self.transport.close()
