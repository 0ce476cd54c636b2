"""Bytes to text, in blocks of whole records: unpacked on the way, and only those that a span asks for."""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from cumulet.engines.sql.picking.base import Question, Refused, Tally

CHUNK = 4 << 20
LONGEST = 1 << 20  # bytes of a record
LARGEST = 256 << 20  # bytes of a file that is read at once
MARK = b"\xef\xbb\xbf"  # of UTF-8, which some programs put first


class Counting(io.RawIOBase):
    """A file that tells how much of it has been read."""

    def __init__(self, path: str, tally: Tally) -> None:
        self.file = Path(path).open("rb", buffering=0)  # noqa: SIM115 - closed with this
        self.tally = tally

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self.file.readinto(buffer) or 0
        self.tally.scanned += count
        return count

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def close(self) -> None:
        self.file.close()
        super().close()


def opened(question: Question, tally: Tally) -> BinaryIO:
    """The file, unpacked as it is read."""
    raw = cast(BinaryIO, Counting(question.path, tally))
    if question.compression == "GZIP":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return cast(BinaryIO, bz2.BZ2File(raw)) if question.compression == "BZIP2" else raw


def read(file: BinaryIO, question: Question, tally: Tally) -> bytes:
    try:
        piece = file.read(CHUNK) or b""
    except EOFError:
        raise Refused(
            "TruncatedInput", "Object decompression failed: the compressed data end early."
        ) from None
    except (OSError, zlib.error) as error:
        if question.compression == "NONE":
            raise
        message = f"{question.compression} is not applicable to the queried object: {error}"
        raise Refused("InvalidCompressionFormat", message) from None
    tally.processed += len(piece)
    return piece


def everything(question: Question, tally: Tally) -> str:
    """All of a file at once, which must not be too large for that."""
    pieces: list[bytes] = []
    with opened(question, tally) as file:
        while piece := read(file, question, tally):
            pieces.append(piece)
            if tally.processed > LARGEST:
                message = (
                    f"JSON documents are read whole, up to {LARGEST >> 20} MB. Store them as JSON lines."
                )
                raise Refused("OverMaxRecordSize", message)
    return decoded(b"".join(pieces).removeprefix(MARK))


def blocks(question: Question, delimiter: str, tally: Tally) -> Iterator[str]:
    """Text that begins and ends with records, without the last delimiter."""
    mark = delimiter.encode()
    with opened(question, tally) as file:
        if question.span is None:
            pieces = iter(lambda: read(file, question, tally), b"")
        else:
            pieces = _spanned(file, question, mark, tally)
        rest, first = b"", True
        for piece in pieces:
            rest += piece
            if first:
                rest, first = rest.removeprefix(MARK), False
            block, found, behind = rest.rpartition(mark)
            if found:
                yield decoded(block)
                rest = behind
            elif len(rest) > LONGEST:
                raise Refused(
                    "OverMaxRecordSize", "The length of a record in the input is greater than 1 MB."
                )
        if rest:
            yield decoded(rest)


def _spanned(file: BinaryIO, question: Question, mark: bytes, tally: Tally) -> Iterator[bytes]:
    """The bytes of all records that begin within the span."""
    assert question.span
    start, end = question.span
    at = max(0, start - len(mark))
    file.seek(at)
    before = b""
    while start > 0:  # up to the first delimiter: a record that begins earlier is not meant
        piece = read(file, question, tally)
        if not piece:
            return
        before += piece
        found = before.find(mark)
        if found >= 0:
            at, before = at + found + len(mark), before[found + len(mark) :]
            break
        at, before = at + len(before) - len(mark) + 1, before[-len(mark) + 1 :] if len(mark) > 1 else b""
    piece = before or read(file, question, tally)
    while piece and at <= end:
        stop = piece.find(mark, max(0, end - len(mark) + 1 - at))
        if stop >= 0:
            yield piece[: stop + len(mark)]
            return
        yield piece
        at += len(piece)
        piece = read(file, question, tally)
    while piece:  # the record that the span ends in goes on
        stop = piece.find(mark)
        yield piece if stop < 0 else piece[: stop + len(mark)]
        piece = b"" if stop >= 0 else read(file, question, tally)


def decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused(
            "InvalidTextEncoding", "Invalid encoding type. Only UTF-8 encoding is supported."
        ) from None
