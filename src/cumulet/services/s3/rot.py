"""Bit rot: what lies on disk is held against the checksum it was stored with, before a byte of it goes out.

Small objects are verified at every read, in memory. Large ones are verified once per process for as long as
their file stays the same (`store/soundness.py`), and then sent by the kernel, unread. Of an object that came
in parts only those that a read touches are looked at. What is damaged is told as such and never served.
"""

from __future__ import annotations

import logging
import os
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from cumulet.services.s3.checksums import FULL
from cumulet.store import haste
from cumulet.store.blobs import Blobs
from cumulet.store.objects import Entry
from cumulet.store.sealed import HEADER, Damaged, Locked, is_sealed
from cumulet.wire.digests import DIGESTS, MODELS, SIZES, model
from cumulet.wire.errors import AwsError

log = logging.getLogger(__name__)

SMALL = 256 << 10  # bytes of an object that is verified whole at every read
PIECE = 1 << 18
MD5_DIGITS = 32
EVERYTHING = 1 << 62


SIZE = "they have another size"


class Unsound(Exception):
    """These bytes are not what was stored; the message says how that shows."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of an object with a checksum of its own: all of it, or one part."""

    start: int
    size: int
    algorithm: str
    value: str  # as S3 tells it: base64; of an MD5 that is only known as ETag hexadecimal

    def holds(self, data: bytes) -> bool:
        if self.algorithm in MODELS:  # the usual case, without an object for it
            crc = model(self.algorithm).calc(data)
            return b64encode(crc.to_bytes(SIZES[self.algorithm], "big")).decode() == self.value
        return self.holds_of((data,))

    def holds_of(self, pieces: Iterable[bytes]) -> bool:
        digest, size = DIGESTS[self.algorithm](), 0
        for piece in pieces:
            digest.update(piece)
            size += len(piece)
        value = digest.digest()
        return size == self.size and self.value in (b64encode(value).decode(), value.hex())


def spans(entry: Entry) -> list[Span]:
    """What of an object can be verified by itself; nothing where no checksum of it was ever kept."""
    checksum = entry.detail.get("checksum") or {}
    if parts := entry.detail.get("parts"):
        found = list(_parts(parts))
        if all(span.value for span in found):
            return found
    if checksum.get("type") == FULL:
        return [Span(0, entry.size, checksum["algorithm"], checksum["value"])]
    if len(entry.etag) == MD5_DIGITS and "encryption" not in entry.detail:
        return [Span(0, entry.size, "MD5", entry.etag)]
    return []


def _parts(parts: list[dict[str, Any]]) -> Iterator[Span]:
    start = 0
    for part in parts:
        checksum = part.get("checksum") or {}
        yield Span(start, part["size"], checksum.get("algorithm", ""), checksum.get("value", ""))
        start += part["size"]


def read(blobs: Blobs, entry: Entry, lock: bytes = b"") -> bytes:
    """All bytes of a small object, verified."""
    try:
        data = _content(blobs, entry, lock)
        if len(data) != entry.size:
            raise Unsound(SIZE)
        for span in spans(entry):
            if not span.holds(data if span.size == len(data) else data[span.start : span.start + span.size]):
                raise Unsound(f"their {span.algorithm} is not the one that was stored")
    except Unsound as how:
        raise damaged(entry, str(how)) from None
    return data


def check(blobs: Blobs, entry: Entry, start: int, length: int, lock: bytes = b"") -> None:
    """Verify what a read of a range touches, unless this process has done so already."""
    try:
        status = _check_size(blobs, entry)
        for span in spans(entry):
            if span.start < start + length and start < span.start + span.size:
                _check(blobs, entry, span, status, lock)
    except Unsound as how:
        raise damaged(entry, str(how)) from None


def fault(blobs: Blobs, entry: Entry) -> str:
    """What is wrong with an object's bytes, all of which are read for it; "" where nothing is.

    Of one that only its customer's key opens nothing can be seen but the size.
    """
    try:
        _check_size(blobs, entry)
        for span in spans(entry) if "SSECustomerKeyMD5" not in entry.detail.get("encryption", {}) else ():
            _verify(blobs, entry, span, b"")
    except Unsound as how:
        return str(how)
    return ""


def trust(blobs: Blobs, entry: Entry) -> None:
    """What this process has just written, and digested on the way, needs no second look."""
    if entry.size > SMALL:
        try:
            blobs.sound.remember(blobs.path(entry.blob).stat())
        except FileNotFoundError:
            return  # overwritten already


def damaged(entry: Entry, how: str) -> AwsError:
    """S3's own error for what it has lost, with the object's name; logged each time that it is met."""
    where = f"s3://{entry.bucket}/{entry.key}"
    log.error("the bytes of %s (blob %s, version %s) are damaged: %s", where, entry.blob, entry.version, how)
    message = (
        f"The bytes of {where} are damaged on disk ({how}); they are not served. Put the object again, or, if "
        "its file was changed by hand, run: cumulet s3 rescan."
    )
    return AwsError("InternalError", message, status=500, Key=entry.key, BucketName=entry.bucket)


def _check_size(blobs: Blobs, entry: Entry) -> os.stat_result:
    status = blobs.status(entry.blob)
    if status.st_size != entry.size + (HEADER if is_sealed(entry.blob) else 0):
        raise Unsound(SIZE)
    return status


def _check(blobs: Blobs, entry: Entry, span: Span, status: os.stat_result, lock: bytes) -> None:
    if blobs.sound.knows(status, span.start):
        return
    haste.check()
    with blobs.sound.turn(status):
        if not blobs.sound.knows(status, span.start):
            _verify(blobs, entry, span, lock)
            blobs.sound.remember(status, span.start)


def _verify(blobs: Blobs, entry: Entry, span: Span, lock: bytes) -> None:
    if not span.holds_of(_pieces(blobs, entry, span, lock)):
        where = f" from byte {span.start} on" if span.start else ""
        raise Unsound(f"their {span.algorithm}{where} is not the one that was stored")


def _content(blobs: Blobs, entry: Entry, lock: bytes) -> bytes:
    if is_sealed(entry.blob):
        return b"".join(_opened(blobs.read(entry.blob, 0, EVERYTHING, lock)))
    return blobs.content(entry.blob, entry.size + 1)


def _pieces(blobs: Blobs, entry: Entry, span: Span, lock: bytes) -> Iterator[bytes]:
    if is_sealed(entry.blob):
        yield from _opened(blobs.read(entry.blob, span.start, span.size, lock))
        return
    with closing(blobs.open(entry.blob)) as file:
        file.seek(span.start)
        left, room = span.size, memoryview(bytearray(min(PIECE, span.size)))
        while left > 0 and (count := file.readinto(room[:left])):  # type: ignore[attr-defined]
            left -= count
            yield room[:count]  # type: ignore[misc]


def _opened(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The plain bytes of a sealed blob, whose head may be damaged too."""
    try:
        yield from pieces
    except (Damaged, Locked):  # the customer's key is the right one: its MD5 has been compared
        raise Unsound("the head of the file does not open") from None
