"""Functions of Trino's on bytes that DuckDB has not got, by Python: digests, encodings, numbers in bytes.

https://trino.io/docs/current/functions/binary.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import mmh3
import xxhash

from cumulet.engines.sql.refusing import bad


def from_base32(text: str) -> bytes:
    return decoded(partial(base64.b32decode, text + "=" * (-len(text) % 8)))


def from_base64url(text: str) -> bytes:
    return decoded(partial(base64.b64decode, text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))


def decoded(decode: Callable[[], bytes]) -> bytes:
    try:
        return decode()
    except (binascii.Error, ValueError) as error:
        raise bad(str(error)) from None


def unpacked(form: str, content: bytes) -> Any:
    if len(content) != struct.calcsize(form):
        raise bad(f"Input must be a {struct.calcsize(form)}-byte binary value: {len(content)} given")
    return struct.unpack(form, content)[0]


def from_utf8(content: bytes, instead: str) -> str:
    """What is no UTF-8 gives way to another character, one for each byte sequence that is cut off."""
    if len(instead) > 1:
        raise bad("Replacement character string must empty or a single character")
    return content.decode("utf-8", "replace").replace("\ufffd", instead)


def from_utf8_by_code(content: bytes, instead: int) -> str:
    if not 0 <= instead <= sys.maxunicode:
        raise bad("Replacement character must be a valid Unicode code point")
    return from_utf8(content, chr(instead))


def from_base64(text: str) -> bytes:
    """Without a character that is none of the alphabet; the padding may be left out."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError as error:
        raise bad(f"{error}") from None


def padded(content: bytes, size: int, filling: bytes, *, left: bool) -> bytes:
    if not 0 <= size < 1 << 31:
        raise bad(f"Target length must be in the range [0..{(1 << 31) - 1}]")
    if not filling:
        raise bad("Padding bytes must not be empty")
    missing = max(0, size - len(content))
    added = (filling * (missing // len(filling) + 1))[:missing]
    return added + content[:size] if left else content[:size] + added


def keyed(digest: str, content: bytes, key: bytes) -> bytes:
    return hmac.digest(key, content, digest)


BINARIES: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "crc32": (zlib.crc32, ["BLOB"], "BIGINT"),
    "xxhash64": (lambda content: xxhash.xxh64(content).digest(), ["BLOB"], "BLOB"),
    "murmur3": (mmh3.mmh3_x64_128_digest, ["BLOB"], "BLOB"),
    "sha512": (lambda content: hashlib.sha512(content).digest(), ["BLOB"], "BLOB"),
    **{
        f"hmac_{d}": (partial(keyed, d), ["BLOB", "BLOB"], "BLOB")
        for d in ("md5", "sha1", "sha256", "sha512")
    },
    "to_base32": (lambda content: base64.b32encode(content).decode(), ["BLOB"], "VARCHAR"),
    "from_base32": (from_base32, ["VARCHAR"], "BLOB"),
    "to_base64url": (lambda content: base64.urlsafe_b64encode(content).decode(), ["BLOB"], "VARCHAR"),
    "from_base64url": (from_base64url, ["VARCHAR"], "BLOB"),
    "to_big_endian_32": (partial(struct.pack, ">i"), ["INTEGER"], "BLOB"),
    "from_big_endian_32": (partial(unpacked, ">i"), ["BLOB"], "INTEGER"),
    "to_big_endian_64": (partial(struct.pack, ">q"), ["BIGINT"], "BLOB"),
    "from_big_endian_64": (partial(unpacked, ">q"), ["BLOB"], "BIGINT"),
    "to_ieee754_32": (partial(struct.pack, ">f"), ["FLOAT"], "BLOB"),
    "from_ieee754_32": (partial(unpacked, ">f"), ["BLOB"], "FLOAT"),
    "to_ieee754_64": (partial(struct.pack, ">d"), ["DOUBLE"], "BLOB"),
    "from_ieee754_64": (partial(unpacked, ">d"), ["BLOB"], "DOUBLE"),
}
# For those that DuckDB's own get wrong where they end, or that stand on text there.
BYTEWISE: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "from_utf8": (from_utf8, ["BLOB", "VARCHAR"], "VARCHAR"),
    "from_utf8_by_code": (from_utf8_by_code, ["BLOB", "BIGINT"], "VARCHAR"),
    "from_base64": (from_base64, ["VARCHAR"], "BLOB"),
    "reverse_bytes": (lambda content: content[::-1], ["BLOB"], "BLOB"),
    "lpad_bytes": (partial(padded, left=True), ["BLOB", "BIGINT", "BLOB"], "BLOB"),
    "rpad_bytes": (partial(padded, left=False), ["BLOB", "BIGINT", "BLOB"], "BLOB"),
}
