"""CBOR (RFC 8949), as much of it as Smithy's protocol uses: no tags but times, nothing that runs code."""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any

from cumulet.wire import times
from cumulet.wire.shapes import Malformed

DEPTH = 100
BREAK = object()
SIMPLE = {20: False, 21: True, 22: None, 23: None}
FLOATS = {25: (">e", 2), 26: (">f", 4), 27: (">d", 8)}


def decode(data: bytes) -> Any:
    """The one item that is the body."""
    reader = Reader(data)
    value = reader.item(0)
    if value is BREAK or reader.at != len(data):
        raise Malformed("The CBOR does not end where its item ends.")
    return value


class Reader:
    """Where we are in the bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) < size:
            raise Malformed("The CBOR ends too early.")
        self.at += size
        return piece

    def item(self, depth: int) -> Any:
        if depth > DEPTH:
            raise Malformed("The CBOR is nested too deeply.")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self._simple(info)
        if info == 31 and 2 <= major <= 5:
            return self._indefinite(major, depth)
        size = self._argument(info)
        if major in (0, 1):
            return size if major == 0 else -1 - size
        if major in (2, 3):
            return self._string(major, size)
        if major == 6:
            return self._tagged(size, depth)
        return self._sequence(major, size, depth)

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise Malformed("The CBOR has a reserved length.")
        return int.from_bytes(self.take(1 << (info - 24)), "big")

    def _string(self, major: int, size: int) -> bytes | str:
        raw = self.take(size)
        try:
            return raw if major == 2 else raw.decode()
        except UnicodeDecodeError as error:
            raise Malformed("A string is not UTF-8.") from error

    def _sequence(self, major: int, size: int, depth: int) -> Any:
        if size > len(self.data) - self.at:
            raise Malformed("The CBOR ends too early.")
        items = [self._definite(depth) for _ in range(size * (major - 3))]
        return items if major == 4 else _map(items)

    def _definite(self, depth: int) -> Any:
        value = self.item(depth + 1)
        if value is BREAK:
            raise Malformed("The CBOR breaks where nothing began.")
        return value

    def _indefinite(self, major: int, depth: int) -> Any:
        items: list[Any] = []
        while (value := self.item(depth + 1)) is not BREAK:
            items.append(value)
        if major == 4:
            return items
        if major == 5:
            return _map(items)
        kind: type[bytes] | type[str] = bytes if major == 2 else str
        if not all(isinstance(item, kind) for item in items):
            raise Malformed("A string's pieces are not strings.")
        return kind().join(items)

    def _tagged(self, tag: int, depth: int) -> Any:
        value = self._definite(depth)
        if tag == 1 and type(value) in (int, float):
            return times.from_epoch(value)
        raise Malformed(f"CBOR's tag {tag} is not used here.")

    def _simple(self, info: int) -> Any:
        if info == 31:
            return BREAK
        if info in SIMPLE:
            return SIMPLE[info]
        if info not in FLOATS:
            raise Malformed("The CBOR has an unknown simple value.")
        form, size = FLOATS[info]
        return struct.unpack(form, self.take(size))[0]


def _map(items: list[Any]) -> dict[Any, Any]:
    keys = items[::2]
    if len(items) % 2 or not all(isinstance(key, str) for key in keys):
        raise Malformed("A map's keys must be strings, each with a value.")
    return dict(zip(keys, items[1::2], strict=True))


def encode(value: Any) -> bytes:
    parts: list[bytes] = []
    _write(parts, value)
    return b"".join(parts)


def _write(parts: list[bytes], value: Any) -> None:
    if value is None or isinstance(value, bool):
        parts.append(b"\xf6" if value is None else b"\xf5" if value else b"\xf4")
    elif isinstance(value, int):
        parts.append(_head(0, value) if value >= 0 else _head(1, -1 - value))
    elif isinstance(value, float):
        parts.append(b"\xfb" + struct.pack(">d", value))
    elif isinstance(value, str):
        raw = value.encode()
        parts += (_head(3, len(raw)), raw)
    elif isinstance(value, (bytes, bytearray)):
        parts += (_head(2, len(value)), bytes(value))
    elif isinstance(value, datetime):
        parts.append(b"\xc1")
        _write(parts, times.to_epoch(value))
    elif isinstance(value, dict):
        parts.append(_head(5, len(value)))
        for key, item in value.items():
            _write(parts, key)
            _write(parts, item)
    else:
        items = list(value)
        parts.append(_head(4, len(items)))
        for item in items:
            _write(parts, item)


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << (8 * width):
            return bytes([major << 5 | info]) + size.to_bytes(width, "big")
    raise ValueError(f"{size} does not fit into CBOR's integers")
