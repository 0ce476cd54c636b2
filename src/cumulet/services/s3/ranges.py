"""Which bytes of an object a Range header asks for.

Source: https://www.rfc-editor.org/rfc/rfc9110#name-range (S3 honours one range; several or a malformed
header are as good as none)
"""

from __future__ import annotations

import re

from cumulet.services.s3 import errors
from cumulet.wire.errors import AwsError

RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*")
COPIED = re.compile(r"bytes=(\d+)-(\d+)")


def span(header: str, size: int) -> tuple[int, int] | None:
    """First byte and length; None where the whole object is meant. `InvalidRange` outside of it."""
    found = RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        return _suffix(int(last), header, size)
    start, end = int(first), min(int(last) if last else size - 1, size - 1)
    if last and int(last) < start:
        return None
    if start >= size:
        raise _outside(header, size)
    return start, end - start + 1


def _suffix(length: int, header: str, size: int) -> tuple[int, int]:
    if length == 0 or size == 0:
        raise _outside(header, size)
    length = min(length, size)
    return size - length, length


def _outside(header: str, size: int) -> AwsError:
    return AwsError(
        "InvalidRange",
        "The requested range is not satisfiable",
        status=416,
        RangeRequested=header,
        ActualObjectSize=str(size),
    )


def copied(header: str, size: int) -> tuple[int, int]:
    """The range that a part is copied from, "bytes=first-last", both told and within the source."""
    if not header:
        return 0, size
    found = COPIED.fullmatch(header)
    if found is None:
        message = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last "
        )
        message += "are the zero-based offsets of the first and last bytes to copy"
        raise errors.invalid_argument(message, "x-amz-copy-source-range", header)
    first, last = int(found[1]), int(found[2])
    if not first <= last < size:
        message = f"Range specified is not valid for source object of size: {size}"
        raise errors.invalid_argument(message, "x-amz-copy-source-range", header)
    return first, last - first + 1
