"""Bytes coming in: from a request's body (or a finished file) into a blob, with their digests."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cumulet.services.s3 import checksums, errors
from cumulet.services.s3.lanes import Lanes
from cumulet.store import haste
from cumulet.store.blobs import Blobs, suffix_of
from cumulet.store.drafts import Draft
from cumulet.store.sealed import is_sealed
from cumulet.wire.digests import DIGESTS
from cumulet.wire.message import Body, fill

CHUNK = 1 << 20
LARGE = 2 << 20  # bytes of a body from which on several threads pay


@dataclass(frozen=True, slots=True)
class Received:
    """A blob that has arrived whole and is as the client meant it."""

    blob: str
    size: int
    etag: str  # MD5, hexadecimal
    checksum: dict[str, str]


def receive(
    blobs: Blobs,
    key: str,
    body: Body | bytes | Path,
    members: Mapping[str, Any],
    algorithm: str = "",
    *,
    sealed: bool = False,
    lock: bytes = b"",
    riding: bool = False,
) -> Received:
    """Keep a body as a blob. It is verified against every digest that the request tells, or not kept.

    `algorithm` is the checksum to compute where the request tells none; `sealed` asks for encryption,
    with the customer's own key where `lock` is given. `riding`: an object's commit can carry it, if it is small.
    """
    intake = Intake(members, algorithm)
    if isinstance(body, Path):
        haste.check()
        return intake.adopt(blobs, key, body, sealed=sealed, lock=lock)
    source = io.BytesIO(body) if isinstance(body, bytes | bytearray) else body
    length = len(body) if isinstance(body, bytes | bytearray) else getattr(body, "length", None)
    if riding and length is not None and blobs.carries(length):
        data = intake.whole(source)
        return intake.received(blobs.hold(data, suffix_of(key), sealed=sealed, lock=lock))
    haste.check()
    with blobs.draft(suffix_of(key), sealed=sealed, lock=lock) as draft:
        if length is not None and length < LARGE:
            intake.copy(source, draft, length)
        else:
            intake.take(source, draft, length)
        intake.finish(source, lambda: blobs.read(draft.id, 0, intake.size, lock))
        draft.keep()
    return intake.received(draft.id)


class Intake:
    """The digests of one body, and what they must come to."""

    def __init__(self, members: Mapping[str, Any], algorithm: str) -> None:
        self.announced = str(members.get("ChecksumAlgorithm") or "")
        self.md5_expected = checksums.md5_told(members.get("ContentMD5"))
        self.algorithm, self.expected = checksums.told(members)
        self.algorithm = self.algorithm or self.announced or algorithm or checksums.DEFAULT
        if self.algorithm not in DIGESTS:
            known = ", ".join(DIGESTS)
            message = (
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types:"
            )
            raise errors.invalid_request(f"{message} [{known}]")
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.digest = DIGESTS[self.algorithm]()
        self.size = 0

    def copy(self, source: Body, draft: Draft, length: int) -> None:
        """Digest and write a body that is not large, by way of one buffer."""
        room = memoryview(bytearray(min(CHUNK, length) or 1))
        while count := fill(source, room):
            self.update(room[:count])
            draft.write(room[:count])

    def take(self, source: Body, draft: Draft, length: int | None) -> None:
        """Digest and write a large body side by side."""
        if length:
            draft.writeback.reserve(length)

        def keep(piece: memoryview) -> None:
            self.digest.update(piece)
            draft.write(piece)

        with Lanes(self.md5.update, keep) as lanes:
            while count := lanes.take(partial(fill, source)):
                self.size += count

    def whole(self, source: Body) -> bytes:
        """A small body, in one piece. Reading goes on to its end, where its own hash is compared."""
        data = b"".join(iter(lambda: source.read(CHUNK), b""))
        self.update(data)
        self.finish(source, lambda: (data,))
        return data

    def update(self, piece: bytes | memoryview) -> None:
        self.md5.update(piece)
        self.digest.update(piece)
        self.size += len(piece)

    def adopt(
        self, blobs: Blobs, key: str, file: Path, *, sealed: bool = False, lock: bytes = b""
    ) -> Received:
        for piece in _pieces(file):
            self.update(piece)
        self.finish(file, lambda: _pieces(file))
        return self.received(blobs.adopt(file, suffix_of(key), sealed=sealed, lock=lock))

    def finish(self, body: object, again: Any) -> None:
        """All bytes are in: compare. `again` reads them once more, for a trailer that nobody announced."""
        if (length := getattr(body, "length", None)) is not None and length != self.size:
            raise errors.incomplete_body(length, self.size)
        algorithm, expected = checksums.trailing(body)
        if algorithm and algorithm != self.algorithm:
            self.algorithm, self.digest = algorithm, DIGESTS[algorithm]()
            for piece in again():
                self.digest.update(piece)
        self.expected = expected or self.expected
        if self.announced and not self.expected:
            raise errors.invalid_request(
                "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or "
                "x-amz-trailer headers were found."
            )
        self._compare()

    def received(self, blob: str) -> Received:
        value = checksums.encoded(self.digest.digest())
        return Received(blob, self.size, self.md5.hexdigest(), checksums.full(self.algorithm, value))

    def _compare(self) -> None:
        if self.md5_expected is not None and self.md5_expected != self.md5.digest():
            raise checksums.bad_digest("Content-MD5")
        if self.expected and self.expected != checksums.encoded(self.digest.digest()):
            raise checksums.bad_digest(self.algorithm)


def _pieces(file: Path) -> Iterator[bytes]:
    with closing(file.open("rb", buffering=0)) as opened:
        yield from iter(lambda: opened.read(CHUNK), b"")


def digest_again(blobs: Blobs, blob: str, algorithm: str, lock: bytes = b"") -> tuple[str, dict[str, str]]:
    """ETag and checksum of bytes that are here already."""
    intake = Intake({}, algorithm)
    if is_sealed(blob) or blobs.rides(blob) or blobs.path(blob).stat().st_size < LARGE:
        for piece in blobs.read(blob, 0, 1 << 62, lock):
            intake.update(piece)
    else:
        with blobs.open(blob) as file, Lanes(intake.md5.update, intake.digest.update) as lanes:
            while lanes.take(file.readinto):  # type: ignore[attr-defined]
                pass
    received = intake.received("")
    return received.etag, received.checksum
