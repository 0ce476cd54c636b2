"""A request's body, where an operation wants it whole: never more of it than any such operation needs."""

from __future__ import annotations

import zlib

from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request

LIMIT = 64 << 20  # bytes; operations that take more have a streaming body, which is not read here


def read(request: Request, limit: int = LIMIT) -> bytes:
    """All of the body. Reading it to its end is also what checks its signature and its checksum."""
    if request.length is not None and request.length > limit:
        raise _too_large(limit)
    pieces: list[bytes] = []
    left = limit
    while piece := request.body.read(min(left + 1, 1 << 20)):
        pieces.append(piece)
        left -= len(piece)
        if left < 0:
            raise _too_large(limit)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def inflate(request: Request, body: bytes, limit: int = LIMIT) -> bytes:
    """The body as it was before its sender compressed it, which SDKs do with large ones (PutMetricData).

    Source: https://smithy.io/2.0/spec/behavior-traits.html#requestcompression-trait
    """
    encodings = [name.strip().lower() for name in request.headers.get("content-encoding").split(",")]
    if not body or encodings[-1] != "gzip":
        return body
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = unpacker.decompress(body, limit)
    except zlib.error as error:
        raise AwsError(
            "SerializationException", "The body is not gzip, though it says so.", status=400
        ) from error
    if unpacker.unconsumed_tail:
        raise _too_large(limit)
    if not unpacker.eof:
        raise AwsError("SerializationException", "The body's gzip ends too early.", status=400)
    return plain


def _too_large(limit: int) -> AwsError:
    return AwsError("RequestEntityTooLarge", f"The request's body is larger than {limit} bytes.", status=413)
