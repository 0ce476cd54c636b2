"""RecordIO-protobuf: the format in which SageMaker's algorithms like their vectors best.

A file is a row of records, each with a magic number and its length before it and padded to four bytes; each
holds a protobuf message with a tensor per feature and label. The message is small and fixed, so it is read
and written here, without protobuf's library and its versions.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from .errors import ClientError

MAGIC = 0xCED7230A
FEATURES, LABEL = 1, 2  # fields of Record
FLOAT32, FLOAT64, INT32 = 2, 3, 7  # fields of Value
KINDS: dict[int, np.dtype] = {FLOAT32: np.dtype("<f4"), FLOAT64: np.dtype("<f8")}
VALUES, KEYS, SHAPE = 1, 2, 3  # fields of each tensor
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # protobuf's wire types
MASK = (1 << 64) - 1

Array = np.ndarray


@dataclass(slots=True)
class Tensor:
    """Values of a vector; with keys, only those at these places of a vector of this shape."""

    values: Array
    keys: Array | None = None
    shape: Array | None = None


@dataclass(slots=True)
class Record:
    features: dict[str, Tensor] = field(default_factory=dict)
    label: dict[str, Tensor] = field(default_factory=dict)


def frames(data: bytes) -> Iterator[bytes]:
    """The messages of a RecordIO file."""
    place, end = 0, len(data)
    while place < end:
        if place + 8 > end:
            raise ClientError("The recordio data ends within a record.")
        magic, length = struct.unpack_from("<II", data, place)
        if magic != MAGIC:
            raise ClientError("The data is not RecordIO: a record does not begin with its magic number.")
        place += 8
        if place + length > end:
            raise ClientError("The recordio data ends within a record.")
        yield data[place : place + length]
        place += (length + 3) & ~3


def records(data: bytes) -> Iterator[Record]:
    for message in frames(data):
        yield _record(message)


def _record(message: bytes) -> Record:
    record = Record()
    for number, value in _fields(message):
        if number in (FEATURES, LABEL) and isinstance(value, bytes):
            entry = dict(_fields(value))
            name, tensor = entry.get(1, b""), entry.get(2, b"")
            assert isinstance(name, bytes)
            assert isinstance(tensor, bytes)
            found = _tensor(tensor)
            (record.features if number == FEATURES else record.label)[name.decode()] = found
    return record


def _tensor(message: bytes) -> Tensor:
    for number, value in _fields(message):
        if number in (*KINDS, INT32) and isinstance(value, bytes):
            return _numbers(number, value)
    raise ClientError("A record holds a value that is no tensor of float32, float64 or int32.")


def _numbers(kind: int, message: bytes) -> Tensor:
    values = np.empty(0, np.float32 if kind == FLOAT32 else np.float64)
    keys = shape = None
    for number, value in _fields(message):
        if number == VALUES:
            read = _varints(value, signed=True) if kind == INT32 else _floats(value, KINDS[kind])
            values = read if not len(values) else np.concatenate([values, read])
        elif number == KEYS:
            keys = _varints(value) if keys is None else np.concatenate([keys, _varints(value)])
        elif number == SHAPE:
            shape = _varints(value)
    return Tensor(values, keys, shape)


def _floats(value: bytes | int, kind: np.dtype) -> Array:
    """Packed, or (a field of its own for each) one number alone."""
    if isinstance(value, bytes):
        return np.frombuffer(value, kind)
    return np.frombuffer(value.to_bytes(kind.itemsize, "little"), kind)


def _varints(value: bytes | int, *, signed: bool = False) -> Array:
    """Packed numbers: the bytes of each end with one below 128."""
    if isinstance(value, int):
        found = np.array([value], np.uint64)
    else:
        data = np.frombuffer(value, np.uint8)
        ends = np.flatnonzero(data < 128)
        starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
        shifts = (np.arange(len(data)) - np.repeat(starts, ends - starts + 1)).astype(np.uint64) * np.uint64(
            7
        )
        parts = (data & 127).astype(np.uint64) << shifts
        found = np.add.reduceat(parts, starts) if len(ends) else parts
    return found.astype(np.int64) if signed else found


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    place, end = 0, len(message)
    while place < end:
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind not in (BYTES, FIXED32, FIXED64):
            raise ClientError("A record is not a protobuf message of the kind aialgs.data.Record.")
        length, place = _varint(message, place) if kind == BYTES else (4 if kind == FIXED32 else 8, place)
        piece = message[place : place + length]
        place += length
        yield number, piece if kind == BYTES else int.from_bytes(piece, "little")


def _varint(message: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        try:
            byte = message[place]
        except IndexError:
            raise ClientError("A record ends within a number.") from None
        value |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return value, place
        shift += 7


# Writing


def write(rows: Iterable[Record]) -> bytes:
    """The bytes of a RecordIO file."""
    return b"".join(framed(message(row)) for row in rows)


def framed(body: bytes) -> bytes:
    return struct.pack("<II", MAGIC, len(body)) + body + bytes(-len(body) % 4)


def message(record: Record) -> bytes:
    return _entries(FEATURES, record.features) + _entries(LABEL, record.label)


def _entries(number: int, tensors: Mapping[str, Tensor]) -> bytes:
    """A map in protobuf: an entry with key and value for each."""
    return b"".join(
        _piece(number, _piece(1, name.encode()) + _piece(2, _value(tensor)))
        for name, tensor in tensors.items()
    )


def _value(tensor: Tensor) -> bytes:
    double = tensor.values.dtype == np.float64
    body = _piece(VALUES, tensor.values.astype("<f8" if double else "<f4").tobytes())
    if tensor.keys is not None:
        body += _piece(KEYS, b"".join(_as_varint(int(key)) for key in tensor.keys))
    if tensor.shape is not None:
        body += _piece(SHAPE, b"".join(_as_varint(int(size)) for size in tensor.shape))
    return _piece(FLOAT64 if double else FLOAT32, body)


def _piece(number: int, body: bytes) -> bytes:
    return _as_varint(number << 3 | BYTES) + _as_varint(len(body)) + body


def _as_varint(value: int) -> bytes:
    value &= MASK
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
