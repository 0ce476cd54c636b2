"""A request's body, where an operation wants it whole: never more of it than any such operation needs."""

from __future__ import annotations

import zlib

from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body, Request

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


def streamed(request: Request, service: str) -> Body:
    """The body, for whoever reads it while it comes. S3 wants to be told before how long its content is."""
    told = "content-length" in request.headers or "x-amz-decoded-content-length" in request.headers
    if service != "s3" or told or request.form:
        return request.body
    if "transfer-encoding" in request.headers:
        text = "A header you provided implies functionality that is not implemented"
        raise AwsError("NotImplemented", text, status=501, Header="Transfer-Encoding")
    raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)


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
