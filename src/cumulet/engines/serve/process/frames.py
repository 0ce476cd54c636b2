"""Questions and answers on a local socket: a fixed head, headers as JSON, a body.

Both sides number what they say, so that many questions may be under way on one connection, and an answer may
come in several frames (a stream).
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Headers = dict[str, str]
Frame = tuple[int, int, int, Headers, bytes]  # number, status (0: a question), kind, headers, body

HEAD = struct.Struct("!IHHIQ")
WHOLE, PIECE, BROKEN = 0, 1, 2  # all of an answer (or its end); more comes; a stream that failed on its way


def pack(number: int, status: int, headers: Headers, body: bytes, kind: int = WHOLE) -> bytes:
    told = json.dumps(headers).encode()
    return HEAD.pack(number, status, kind, len(told), len(body)) + told + body


class Inbox:
    """Frames out of bytes as they come."""

    def __init__(self) -> None:
        self.data = bytearray()

    def take(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with these bytes."""
        self.data += data
        while frame := self._next():
            yield frame

    def _next(self) -> Frame | None:
        data = self.data
        if len(data) < HEAD.size:
            return None
        number, status, kind, told, length = HEAD.unpack_from(data)
        begin = HEAD.size + told
        if len(data) < begin + length:
            return None
        headers = json.loads(bytes(data[HEAD.size : begin]))
        body = bytes(data[begin : begin + length])
        del data[: begin + length]
        return number, status, kind, headers, body
