"""Checksums that clients send along and ask back: computed while the bytes pass, verified, stored.

A checksum is told in base64 of its big-endian bytes. It covers a whole object ("FULL_OBJECT") or, for
uploads in parts, the checksums of the parts ("COMPOSITE", with "-<parts>" behind it).
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from cumulet.services.s3 import errors
from cumulet.wire.digests import DIGESTS, MODELS, SIZES, model
from cumulet.wire.errors import AwsError

FULL, COMPOSITE = "FULL_OBJECT", "COMPOSITE"
DEFAULT = "CRC64NVME"  # what S3 computes by itself where the client sends none


def told(members: Mapping[str, Any]) -> tuple[str, str]:
    """The algorithm and the value that a request's members tell, ("", "") where they tell none."""
    found = [(name, members[f"Checksum{name}"]) for name in DIGESTS if members.get(f"Checksum{name}")]
    if len(found) > 1:
        raise errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if found and not well_formed(*found[0]):
        raise errors.invalid_request(f"Value for x-amz-checksum-{found[0][0].lower()} header is invalid.")
    return found[0] if found else ("", "")


def trailing(body: object) -> tuple[str, str]:
    """The algorithm and the value that came behind a body, once it is read."""
    for header, value in getattr(body, "trailers", {}).items():
        name = header.lower().removeprefix("x-amz-checksum-").upper()
        if name in DIGESTS:
            if not well_formed(name, value):
                raise errors.invalid_request(f"Value for {header} header is invalid.")
            return name, value
    return "", ""


def well_formed(algorithm: str, value: str) -> bool:
    try:
        return len(base64.b64decode(value.partition("-")[0], validate=True)) == SIZES[algorithm]
    except (binascii.Error, ValueError):
        return False


def encoded(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def members(checksum: Mapping[str, str]) -> dict[str, str]:
    """A stored checksum as members of an answer: `{"ChecksumCRC32": ..., "ChecksumType": ...}`."""
    if not checksum:
        return {}
    return {f"Checksum{checksum['algorithm']}": checksum["value"], "ChecksumType": checksum["type"]}


def label(checksum: Mapping[str, str]) -> str:
    """A stored checksum as a listing shows it: algorithm and type, without the value."""
    return f"{checksum['algorithm']} {checksum['type']}" if checksum else ""


def full(algorithm: str, value: str) -> dict[str, str]:
    return {"algorithm": algorithm, "type": FULL, "value": value}


def composite(algorithm: str, values: Iterable[str]) -> dict[str, str]:
    """The checksum of the parts' checksums."""
    digest, parts = DIGESTS[algorithm](), list(values)
    for value in parts:
        digest.update(base64.b64decode(value))
    return {"algorithm": algorithm, "type": COMPOSITE, "value": f"{encoded(digest.digest())}-{len(parts)}"}


def combined(algorithm: str, parts: Iterable[tuple[str, int]]) -> dict[str, str]:
    """The CRC of a whole object from the CRCs and sizes of its parts, without reading it again."""
    total = model(algorithm).calc(b"")
    for value, size in parts:
        total = model(algorithm).combine(total, int.from_bytes(base64.b64decode(value), "big"), size)
    return full(algorithm, encoded(total.to_bytes(SIZES[algorithm], "big")))


def check_type(algorithm: str, kind: str) -> str:
    """What the checksum of an upload in parts will cover; only CRCs can be combined to that of the whole."""
    if not algorithm:
        if kind:
            raise errors.invalid_request("The x-amz-checksum-type header can only be used with an algorithm.")
        return FULL
    default = FULL if algorithm == "CRC64NVME" else COMPOSITE
    kind = kind or default
    if (kind == FULL and algorithm not in MODELS) or (kind == COMPOSITE and algorithm == "CRC64NVME"):
        raise errors.invalid_request(
            f"The {kind} checksum type cannot be used with the {algorithm.lower()} checksum algorithm."
        )
    return kind


def md5_told(value: str | None) -> bytes | None:
    """What a Content-MD5 header says."""
    if value is None:
        return None
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", status=400)
    return digest


def bad_digest(what: str) -> AwsError:
    return AwsError(
        "BadDigest", f"The {what} you specified did not match the calculated checksum.", status=400
    )
