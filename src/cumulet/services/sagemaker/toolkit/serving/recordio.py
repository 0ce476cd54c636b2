"""recordio-protobuf, as SageMaker's built-in algorithms read and write it: framed messages of tensors.

A frame is a magic number, a length, and the message padded to four bytes. The message is a `Record` of
https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html: map `features` (1) and `label` (2) of `Value`s, in
which field 2 is a Float32Tensor, 3 a Float64Tensor and 7 an Int32Tensor, each with values (1), keys (2) and
shape (3).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

MAGIC = 0xCED7230A
FORMATS = {2: ("f", 4), 3: ("d", 8)}
VARINT, LONG, PACKED, SHORT = 0, 1, 2, 5  # protobuf's wire types


def vectors(body: bytes) -> list[list[float]]:
    """The features of every record, sparse ones filled up with zeros."""
    return [_values(message, 1) for message in messages(body)]


def messages(body: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(body):
        magic, length = struct.unpack_from("<II", body, place)
        if magic != MAGIC:
            raise ValueError(f"no recordio frame begins at byte {place}")
        yield body[place + 8 : place + 8 + length]
        place += 8 + (length + 3 & ~3)


def pack(rows: Sequence[Sequence[float]], name: str = "values") -> bytes:
    """Dense float32 vectors, one record each."""
    packed = []
    for row in rows:
        tensor = _field(1, struct.pack(f"<{len(row)}f", *row))
        entry = _field(1, name.encode()) + _field(2, _field(2, tensor))
        record = _field(1, entry)
        packed.append(struct.pack("<II", MAGIC, len(record)) + record + b"\0" * (-len(record) % 4))
    return b"".join(packed)


def _values(record: bytes, wanted: int) -> list[float]:
    for number, entry in fields(record):
        if number == wanted:
            value = next(data for field, data in fields(_bytes(entry)) if field == 2)
            for kind, tensor in fields(_bytes(value)):
                return _dense(kind, _bytes(tensor))
    return []


def _dense(kind: int, tensor: bytes) -> list[float]:
    letter, size = FORMATS.get(kind, ("", 0))
    values: list[float] = []
    keys: list[int] = []
    shape: list[int] = []
    for number, data in fields(tensor):
        if number == 1 and isinstance(data, bytes) and letter:
            values += struct.unpack(f"<{len(data) // size}{letter}", data)
        elif number == 1:
            values += list(varints(data)) if isinstance(data, bytes) else [data]
        elif number == 2:
            keys += list(varints(data)) if isinstance(data, bytes) else [data]
        elif number == 3:
            shape += list(varints(data)) if isinstance(data, bytes) else [data]
    if not keys:
        return values
    dense = [0.0] * (shape[0] if shape else max(keys) + 1)
    for key, value in zip(keys, values, strict=True):
        dense[key] = value
    return dense


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and contents of a protobuf message's fields."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        length = {LONG: 8, SHORT: 4}.get(kind, 0)
        if kind == PACKED:
            length, place = _varint(message, place)
        yield number, message[place : place + length]
        place += length


def varints(data: bytes) -> Iterator[int]:
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        yield value


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def _field(number: int, data: bytes) -> bytes:
    length, size = b"", len(data)
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | PACKED]) + length + bytes([size]) + data


def _bytes(data: bytes | int) -> bytes:
    if isinstance(data, int):
        raise ValueError("a number where a message belongs")
    return data
