"""AWS's event stream framing: typed headers and a payload, each message with two CRCs.

Source: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from zlib import crc32

from cumulet.wire import times
from cumulet.wire.errors import AwsError
from cumulet.wire.shapes import Malformed, Shape

MEDIA_TYPE = "application/vnd.amazon.eventstream"
LIMIT = 24 << 20  # bytes of one message

Encode = Callable[[Shape, Any], bytes]


def message(headers: dict[str, Any], payload: bytes) -> bytes:
    """One framed message."""
    packed = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", len(packed) + len(payload) + 16, len(packed))
    body = prelude + struct.pack(">I", crc32(prelude)) + packed + payload
    return body + struct.pack(">I", crc32(body))


def _header(name: str, value: Any) -> bytes:
    encoded = name.encode()
    return bytes([len(encoded)]) + encoded + _typed(value)


def _typed(value: Any) -> bytes:
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        short = -(1 << 31) <= value < 1 << 31
        return struct.pack(">bi", 4, value) if short else struct.pack(">bq", 5, value)
    if isinstance(value, datetime):
        return b"\x08" + struct.pack(">q", round(times.moment(value).timestamp() * 1000))
    if isinstance(value, uuid.UUID):
        return b"\x09" + value.bytes
    kind, data = (b"\x06", value) if isinstance(value, bytes) else (b"\x07", str(value).encode())
    return kind + struct.pack(">H", len(data)) + data


def answer(shape: Shape, result: dict[str, Any], encode: Encode, media_type: str) -> Iterator[bytes]:
    """The event stream of an RPC operation: its other members come first, as an event of their own."""
    assert shape.stream
    name, events = shape.stream
    rest = {key: value for key, value in result.items() if key != name}
    first = {":message-type": "event", ":event-type": "initial-response", ":content-type": media_type}
    yield message(first, encode(shape, rest))
    yield from stream(events, result.get(name) or (), encode, media_type)


def stream(
    shape: Shape, events: Iterable[dict[str, Any]], encode: Encode, media_type: str
) -> Iterator[bytes]:
    """Framed events from `{"Records": {"Payload": b"..."}}` and the like. An AwsError ends the stream."""
    try:
        for event in events:
            for name, members in event.items():
                yield _event(name, shape.members[name], members, encode, media_type)
    except AwsError as error:
        yield _failure(shape, error, encode, media_type)


def _event(name: str, shape: Shape, members: dict[str, Any], encode: Encode, media_type: str) -> bytes:
    headers: dict[str, Any] = {":message-type": "event", ":event-type": name}
    rest: dict[str, Any] = {}
    for key, value in members.items():
        traits = shape.members[key].traits
        if traits.get("eventheader"):
            headers[key] = times.moment(value) if shape.members[key].type == "timestamp" else value
        elif traits.get("eventpayload"):
            kind, payload = _payload(shape.members[key], value, encode, media_type)
            return message({**headers, ":content-type": kind}, payload)
        else:
            rest[key] = value
    if rest:
        return message({**headers, ":content-type": media_type}, encode(shape, rest))
    empty = not shape.members or any(member.traits.get("eventpayload") for member in shape.members.values())
    return message(headers, b"" if empty else encode(shape, {}))


def _payload(shape: Shape, value: Any, encode: Encode, media_type: str) -> tuple[str, bytes]:
    if shape.type == "blob":
        return "application/octet-stream", value.encode() if isinstance(value, str) else value
    if shape.type == "string":
        return "text/plain", value.encode()
    return media_type, encode(shape, value)


def _failure(shape: Shape, error: AwsError, encode: Encode, media_type: str) -> bytes:
    found = next(
        (name for name, member in shape.members.items() if error.code in (name, member.name)),
        None,
    )
    if not found:
        return message(
            {":message-type": "error", ":error-code": error.code, ":error-message": error.message}, b""
        )
    member = shape.members[found]
    called = "Message" if "Message" in member.members else "message"
    headers = {":message-type": "exception", ":exception-type": found, ":content-type": media_type}
    return message(headers, encode(member, {called: error.message, **error.members}))


def messages(read: Callable[[int], bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The messages of a stream, as (headers, payload); what is not well-formed is refused."""
    while prelude := _exactly(read, 12, ends=True):
        total, packed, check = struct.unpack(">III", prelude)
        if crc32(prelude[:8]) != check or not 16 + packed <= total <= LIMIT:
            raise Malformed("An event's prelude is not well-formed.")
        rest = _exactly(read, total - 12)
        if crc32(rest[:-4], crc32(prelude)) != struct.unpack(">I", rest[-4:])[0]:
            raise Malformed("An event's checksum does not match.")
        yield _headers(rest[:packed]), rest[packed:-4]


def _exactly(read: Callable[[int], bytes], size: int, *, ends: bool = False) -> bytes:
    found = b""
    while len(found) < size and (piece := read(size - len(found))):
        found += piece
    if len(found) < size and not (ends and not found):
        raise Malformed("The event stream ends within an event.")
    return found


FIXED = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}


def _headers(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    at = 0
    try:
        while at < len(data):
            end = at + 1 + data[at]
            found[data[at + 1 : end].decode()], at = _value(data, end)
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise Malformed("An event's headers are not well-formed.") from error
    return found


def _value(data: bytes, at: int) -> tuple[Any, int]:
    kind, at = data[at], at + 1
    if kind in (0, 1):
        return kind == 0, at
    if kind in FIXED:
        size = struct.calcsize(FIXED[kind])
        number = struct.unpack(FIXED[kind], data[at : at + size])[0]
        return times.from_epoch(number / 1000) if kind == 8 else number, at + size
    if kind == 9:
        return uuid.UUID(bytes=struct.unpack("16s", data[at : at + 16])[0]), at + 16
    if kind not in (6, 7):
        raise Malformed(f"An event's header has the unknown type {kind}.")
    size = struct.unpack(">H", data[at : at + 2])[0]
    raw = struct.unpack(f"{size}s", data[at + 2 : at + 2 + size])[0]
    return raw if kind == 6 else raw.decode(), at + 2 + size
