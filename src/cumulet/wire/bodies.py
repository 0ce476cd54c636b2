"""A request's body, where an operation wants it whole: never more of it than any such operation needs."""

from __future__ import annotations

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


def _too_large(limit: int) -> AwsError:
    return AwsError("RequestEntityTooLarge", f"The request's body is larger than {limit} bytes.", status=413)
