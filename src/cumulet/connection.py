"""A client's connection, which may go on in another process between two requests.

All that another process needs is the socket and the bytes of the request that has just begun: so the client
notices nothing, and no byte passes through two processes.
"""

from __future__ import annotations

from typing import Any, Protocol

from cumulet.prompt_writes import PromptWrites


class Dealer(Protocol):
    """Decides which process answers."""

    def taken(self, connection: Connection, begun: bytes) -> bool:
        """Whether another process has taken the connection, with the request that these bytes begin."""

    def kept(self, connection: Connection) -> bool:
        """Whether a request that cannot go elsewhere any more may be answered here."""

    def closed(self, connection: Connection) -> None: ...


class Connection(PromptWrites):
    """uvicorn's HTTP/1.1 protocol, but that a dealer is asked where each request is to be answered.

    `begun` is what another process has read already.
    """

    def __init__(self, *args: Any, dealer: Dealer, begun: bytes = b"", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dealer = dealer
        self.before = begun
        self.begun: bytes | None = None  # what has come of a request whose head is not complete
        self.complete = True  # the last request has come to its end
        self.gone = False  # another process has the connection
        self.deaf = False  # what comes is not answered any more

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.before:  # this comes before anything that is read from the socket
            self.loop.call_soon(self.data_received, self.before)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.dealer.closed(self)

    def data_received(self, data: bytes) -> None:
        if self.deaf:
            return
        if self.complete and (self.cycle is None or self.cycle.response_complete):
            self.begun = b""
        if self.begun is not None:
            self.begun += data
        super().data_received(data)
        if self.gone:
            self.transport.abort()  # the other process has the socket open: nothing is sent, nothing ends

    def on_message_begin(self) -> None:
        self.complete = False
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        begun, self.begun = self.begun, None
        if self.gone or self.deaf:
            return
        if begun is None or self.transport.get_write_buffer_size():
            self.deaf = not self.dealer.kept(self)
        else:
            self.gone = self.dealer.taken(self, begun)
        if self.deaf:
            self._part()
        elif not self.gone:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not (self.gone or self.deaf):
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.complete = True
        if not (self.gone or self.deaf):
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if not (self.gone or self.deaf):
            super().send_400_response(msg)

    def _part(self) -> None:
        """A request for another process came behind one that is not answered yet: end with that answer.

        Its client sends it again on another connection, as RFC 9112, 9.3.2 has it. Hardly anybody sends
        requests ahead, and nobody to two services on one connection.
        """
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
        else:
            self.cycle.keep_alive = False
