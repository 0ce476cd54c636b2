"""A body that its reader can trust: its hash is checked against the signed one while it is read.

A signature covers the hash of the body, so who signed is known before the body has come. S3's bodies are
hashed on the way to the disk and the last piece is withheld where the hash is wrong. Other services'
clients mostly send no hash at all: those bodies are spooled and hashed first.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import re
import tempfile
from dataclasses import dataclass
from typing import Any

from cumulet.wire.canonical import Fields
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body, Request, fill
from cumulet.wire.refusals import Refusals
from cumulet.wire.route import Route

UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
STREAMING_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
STREAMING_UNSIGNED = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
WORDS = frozenset({UNSIGNED, STREAMING, STREAMING_TRAILER, STREAMING_UNSIGNED})
DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
EMPTY = hashlib.sha256(b"").hexdigest()
IN_MEMORY = 1 << 20
LARGEST = 256 << 20  # of a body that must be hashed before its signature can be checked
PIECE = 1 << 18


def signature(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("latin-1", "replace"), "sha256").hex()


@dataclass(slots=True)
class Seal:
    """What is needed to check a body: the payload's hash or mode, and for signed chunks the signing key."""

    payload: str
    length: int | None  # of the content, once decoded; None where the client did not say
    refuse: Refusals
    trailing: tuple[str, ...] = ()  # the trailers that the client announced
    key: bytes = b""
    stamp: str = ""
    scope: str = ""
    signature: str = ""

    @property
    def chunked(self) -> bool:
        return self.payload.startswith("STREAMING-")


class Guarded:
    """A request's body. `length` is that of the content; `trailers` are there once it is read to its end."""

    def __init__(self, source: Body, length: int | None) -> None:
        self.source = source
        self.length = length
        self.trailers: dict[str, str] = {}

    def read(self, size: int = -1, /) -> bytes:
        return self.source.read(size)

    def read_into(self, room: memoryview, /) -> int:
        return fill(self.source, room)


class Hashed(Guarded):
    """A body whose SHA-256 was signed. The end of it is given out only when the hash is right."""

    def __init__(self, source: Body, seal: Seal) -> None:
        super().__init__(source, seal.length)
        self.seal = seal
        self.hash = hashlib.sha256()
        self.count = 0
        if seal.length == 0 and seal.payload != EMPTY:
            self._verify()

    def read(self, size: int = -1, /) -> bytes:
        piece = self.source.read(size)
        self._add(piece, ended=size < 0 or bool(size and not piece))
        return piece

    def read_into(self, room: memoryview, /) -> int:
        count = fill(self.source, room)
        self._add(room[:count], ended=count < len(room))
        return count

    def _add(self, piece: bytes | memoryview, *, ended: bool) -> None:
        self.hash.update(piece)
        self.count += len(piece)
        if ended or self.count == self.length:
            self._verify()

    def _verify(self) -> None:
        computed = self.hash.hexdigest()
        if computed != self.seal.payload:
            raise self.seal.refuse.wrong_payload(self.seal.payload, computed)


def seal_of(request: Request, fields: Fields, payload: str, refuse: Refusals, **key: Any) -> Seal:
    """How the body of this request is to be checked. aws-chunked is announced in the header alone."""
    announced = fields.get("x-amz-content-sha256")
    mode = announced if announced.startswith("STREAMING-") else payload
    if not mode.startswith("STREAMING-"):
        return Seal(mode, request.length, refuse, **key)
    if mode != STREAMING_UNSIGNED and not key:
        raise AwsError(
            "InvalidRequest", f"{mode} needs a Version 4 signature in the Authorization header.", status=400
        )
    declared = fields.get("x-amz-decoded-content-length")
    if not declared.isdecimal():
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)
    names = tuple(name.strip().lower() for name in fields.get("x-amz-trailer").split(",") if name.strip())
    return Seal(mode, int(declared), refuse, names, **key)


def unsigned(request: Request, fields: Fields, refuse: Refusals) -> Seal:
    """The seal of a body that no signature covers; a hash in the headers is checked all the same."""
    announced = fields.get("x-amz-content-sha256").lower()
    return seal_of(request, fields, announced if DIGEST.fullmatch(announced) else UNSIGNED, refuse)


def payload_of(request: Request, fields: Fields, route: Route, presigned: dict[str, str]) -> str:
    """The hash (or the word in its place) that the signature covers. `presigned`: the URL's parameters."""
    announced = presigned.get("X-Amz-Content-Sha256") or fields.get("x-amz-content-sha256")
    if route.service != "s3":
        return announced or _digest(request)
    if presigned and not (announced and _is_signed(presigned)):
        return UNSIGNED
    if not announced:
        text = "Missing required header for this request: x-amz-content-sha256"
        raise AwsError("InvalidRequest", text, status=400)
    if announced not in WORDS and not DIGEST.fullmatch(announced):
        text = f"x-amz-content-sha256 must be {UNSIGNED}, {STREAMING}, or a valid sha256 value."
        members: dict[str, Any] = {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": announced}
        raise AwsError("InvalidArgument", text, status=400, **members)
    return announced


def _is_signed(presigned: dict[str, str]) -> bool:
    """A presigned URL covers the body only where it says so itself."""
    signed = presigned.get("X-Amz-SignedHeaders", "").lower().split(";")
    return "X-Amz-Content-Sha256" in presigned or "x-amz-content-sha256" in signed


def _digest(request: Request) -> str:
    """The hash of a body that came without one; the request goes on with the copy that was hashed."""
    if isinstance(request.body, io.BytesIO):
        return hashlib.sha256(request.body.getbuffer()[request.body.tell() :]).hexdigest()
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  closed with the request that holds it
    digest = hashlib.sha256()
    while piece := request.body.read(PIECE):
        digest.update(piece)
        if spool.tell() + len(piece) > LARGEST:
            text = f"Request must be smaller than {LARGEST} bytes"
            raise AwsError("RequestEntityTooLargeException", text, status=413)
        spool.write(piece)
    spool.seek(0)
    request.body = spool
    return digest.hexdigest()
