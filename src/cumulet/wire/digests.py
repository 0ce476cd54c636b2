"""Digests that clients send along with a body: which there are, and whether a document's hold.

(Bodies that stream are digested by whoever keeps them, while they pass.)
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Protocol

import anycrc
import xxhash

from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request

MODELS = {"CRC32": ("CRC32", 4), "CRC32C": ("CRC32-ISCSI", 4), "CRC64NVME": ("CRC64-NVME", 8)}
HEADER = "x-amz-checksum-"


class Digest(Protocol):
    def update(self, data: bytes | memoryview, /) -> object: ...
    def digest(self) -> bytes: ...


@cache
def model(algorithm: str) -> Any:
    return anycrc.Model(MODELS[algorithm][0])


class Crc:
    def __init__(self, algorithm: str) -> None:
        self.calc = model(algorithm).calc
        self.size = MODELS[algorithm][1]
        self.value: int = self.calc(b"")

    def update(self, data: bytes | memoryview, /) -> None:
        self.value = self.calc(data, self.value)

    def digest(self) -> bytes:
        return self.value.to_bytes(self.size, "big")


DIGESTS: dict[str, Callable[[], Digest]] = {
    "CRC32": lambda: Crc("CRC32"),
    "CRC32C": lambda: Crc("CRC32C"),
    "CRC64NVME": lambda: Crc("CRC64NVME"),
    "SHA1": lambda: hashlib.sha1(usedforsecurity=False),
    "SHA256": hashlib.sha256,
    "SHA512": hashlib.sha512,
    "MD5": lambda: hashlib.md5(usedforsecurity=False),
    "XXHASH64": xxhash.xxh64,
    "XXHASH3": xxhash.xxh3_64,
    "XXHASH128": xxhash.xxh3_128,
}
SIZES = {name: len(make().digest()) for name, make in DIGESTS.items()}


def check(request: Request, body: bytes, *, checksummed: bool) -> None:
    """Refuse a document that is not the one its sender digested.

    `checksummed`: the operation's x-amz-checksum headers speak of its body (CompleteMultipartUpload's
    speak of the object).
    """
    if md5 := request.headers.get("content-md5"):
        _compare("MD5", "Content-MD5", md5, body)
    for header, told in _told(request) if checksummed else ():
        if (algorithm := header[len(HEADER) :].upper()) in DIGESTS:
            _compare(algorithm, header, told, body)


def _told(request: Request) -> Iterator[tuple[str, str]]:
    """Checksums before the body, and those that came behind it."""
    for name, value in request.headers:
        if name.startswith(HEADER):
            yield name, value
    for name, value in getattr(request.body, "trailers", {}).items():
        if name.lower().startswith(HEADER):
            yield name.lower(), value


def _compare(algorithm: str, header: str, told: str, body: bytes) -> None:
    try:
        expected = base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError):
        expected = b""
    if len(expected) != SIZES[algorithm]:
        if header == "Content-MD5":
            raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", status=400)
        raise AwsError("InvalidRequest", f"Value for {header} header is invalid.", status=400)
    digest = DIGESTS[algorithm]()
    digest.update(body)
    if digest.digest() != expected:
        what = header if header == "Content-MD5" else algorithm
        message = f"The {what} you specified did not match the calculated checksum."
        raise AwsError("BadDigest", message, status=400)
