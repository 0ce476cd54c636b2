"""aws-chunked bodies: content in chunks, each signed after the one before, with checksums as trailers.

`STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]` sign every chunk; `STREAMING-UNSIGNED-PAYLOAD-TRAILER`, the
SDKs' choice over TLS, signs none and lets the checksum in the trailer stand for the content.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
"""

from __future__ import annotations

import hashlib
import re

from cumulet.wire.errors import AwsError
from cumulet.wire.guard import EMPTY, STREAMING, STREAMING_UNSIGNED, Guarded, Seal, signature
from cumulet.wire.message import Body

HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})\s*(?:;\s*chunk-signature=([0-9a-f]{64}))?\s*")
LINE = 4096  # bytes that a chunk's head or a trailer may have
BLOCK = 4096  # what is asked for at once where the next line's end is not known
PIECE = 1 << 20
TRAILER_SIGNATURE = "x-amz-trailer-signature"


class Chunked(Guarded):
    """The content of an aws-chunked body; a piece that ends a chunk is given out once that chunk is right."""

    def __init__(self, source: Body, seal: Seal) -> None:
        super().__init__(source, seal.length)
        self.seal = seal
        self.signed = seal.payload != STREAMING_UNSIGNED
        self.previous = seal.signature
        self.buffer = b""
        self.left = 0  # of the current chunk
        self.count = 0
        self.ended = False
        self.hash = hashlib.sha256()
        self.claimed = ""

    def read(self, size: int = -1, /) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(PIECE), b""))
        if not size or not (self.left or self._begin_chunk()):
            return b""
        piece = self._take(min(size, self.left))
        self.left -= len(piece)
        self.count += len(piece)
        if self.signed:
            self.hash.update(piece)
        if not self.left:
            self._end_chunk()
        return piece

    def read_into(self, room: memoryview, /) -> int:
        piece = self.read(len(room))
        room[: len(piece)] = piece
        return len(piece)

    def _begin_chunk(self) -> bool:
        """Read a chunk's head; False once the last chunk and its trailers are read and right."""
        if self.ended:
            return False
        head = HEAD.fullmatch(self._line())
        if not head or bool(head[2]) != self.signed:
            raise _incomplete()
        self.left = int(head[1], 16)
        self.claimed = (head[2] or b"").decode()
        if self.length is not None and self.count + self.left > self.length:
            raise _incomplete()
        if self.left:
            return True
        self._check_chunk()
        self._end()
        return False

    def _end_chunk(self) -> None:
        if self._line():
            raise _incomplete()
        self._check_chunk()

    def _check_chunk(self) -> None:
        if not self.signed:
            return
        digest, self.hash = self.hash.hexdigest(), hashlib.sha256()
        self._check("PAYLOAD", f"{EMPTY}\n{digest}", self.claimed)

    def _check(self, what: str, content: str, claimed: str) -> None:
        seal = self.seal
        text = f"AWS4-HMAC-SHA256-{what}\n{seal.stamp}\n{seal.scope}\n{self.previous}\n{content}"
        computed = signature(seal.key, text)
        if computed != claimed:
            raise seal.refuse.wrong_signature(StringToSign=text, SignatureProvided=claimed)
        self.previous = computed

    def _end(self) -> None:
        """The trailers, and the promise of how much there would be."""
        self.ended = True
        trailers: dict[str, str] = {}
        while line := self._line(at_end=True):
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise _malformed_trailer()
            trailers[name.strip().lower()] = value.strip()
        if self.buffer or self.source.read(1):
            raise _malformed_trailer()
        if self.count != self.length:
            raise _incomplete()
        claimed = trailers.pop(TRAILER_SIGNATURE, "")
        if set(trailers) != set(self.seal.trailing):
            raise _malformed_trailer()
        if self.signed and self.seal.payload != STREAMING:
            text = "".join(f"{name}:{value}\n" for name, value in sorted(trailers.items()))
            self._check("TRAILER", hashlib.sha256(text.encode("latin-1")).hexdigest(), claimed)
        self.trailers = trailers

    def _take(self, size: int) -> bytes:
        if self.buffer:
            piece, self.buffer = self.buffer[:size], self.buffer[size:]
        else:
            piece = self.source.read(size)
        if not piece:
            raise _incomplete()
        return piece

    def _line(self, *, at_end: bool = False) -> bytes:
        """What stands before the next CRLF. `at_end`: the body may end instead."""
        while (end := self.buffer.find(b"\r\n")) < 0:
            more = self.source.read(BLOCK) if len(self.buffer) < LINE else b""
            if not more and at_end and not self.buffer:
                return b""
            if not more:
                raise _incomplete()
            self.buffer += more
        line, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
        return line


def _incomplete() -> AwsError:
    text = "You did not provide the number of bytes specified by the Content-Length HTTP header"
    return AwsError("IncompleteBody", text, status=400)


def _malformed_trailer() -> AwsError:
    text = (
        "The request contained trailing data that was not well-formed "
        "or did not conform to our published schema."
    )
    return AwsError("MalformedTrailerError", text, status=400)
