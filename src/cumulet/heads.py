"""The head of a request: not too large, and not too long in coming.

uvicorn collects a head of any size, for as long as it takes. Here a client that sends more than any request of
AWS's has, or falls silent before the end of it, is told so and let go.
"""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Any

from cumulet.connection import Connection

# Bytes of request line and headers. S3 itself takes 8 KB; a browser sends localhost's cookies with them.
LARGEST = 32 << 10
PATIENCE = 30.0  # seconds for a head, from its first byte or from the connection's beginning
LINGER = 2.0  # seconds in which a client that was refused may read why, while it still sends

TOO_LARGE = (
    "<Code>RequestHeaderSectionTooLarge</Code>"
    "<Message>Your request header section exceeds the maximum allowed size.</Message>"
    f"<MaxSizeAllowed>{LARGEST}</MaxSizeAllowed>"
)
TOO_SLOW = (
    "<Code>RequestTimeout</Code>"
    "<Message>Your socket connection to the server was not read from or written to within the timeout period. "
    "Idle connections will be closed.</Message>"
)


class Headed(Connection):
    """A connection whose requests begin in due form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = False  # a head is on its way
        self.arrived = 0  # bytes, since some before its beginning
        self.refused = False
        self.timer: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return  # the client has not read yet that nobody listens
        self.arrived = self.arrived + len(data) if self.heading else len(data)
        super().data_received(data)
        if self.heading and self.arrived > LARGEST:
            self._refuse(TOO_LARGE)
        elif self.heading:
            self._wait()

    def on_message_begin(self) -> None:
        self.heading = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.heading = False
        self._wait_no_more()
        if self.refused:
            return
        if self.arrived > LARGEST and self._size() > LARGEST:
            self._refuse(TOO_LARGE)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self.refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.refused:
            super().on_message_complete()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _wait(self) -> None:
        self.timer = self.timer or self.loop.call_later(PATIENCE, self._tire)

    def _wait_no_more(self) -> None:
        if self.timer:
            self.timer.cancel()
            self.timer = None

    def _tire(self) -> None:
        if self.heading:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, why: str) -> None:
        """Say why, and close: a moment later, for bytes that nobody reads would take the answer with them."""
        self.refused = True
        self._wait_no_more()
        if self.cycle and not self.cycle.response_complete:
            self.transport.close()  # an answer to an earlier request is under way: no place for another
            return
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{why}</Error>'.encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)
