"""MXNet's file of arrays, in which SageMaker's own algorithms leave their models.

`mx.nd.load("model_algo-1")` reads what is written here: a list of arrays, or a dict of them.

https://mxnet.apache.org/versions/1.9.1/api/python/docs/api/legacy/ndarray/ndarray.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import ClientError

LIST, ARRAY = 0x112, 0xF993FAC9  # magic numbers of the file and of each array
DENSE, CPU = 0, 1
TYPES = [np.dtype(name) for name in ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")]

Arrays = Mapping[str, Any] | Sequence[Any]


def written(arrays: Arrays) -> bytes:
    names = list(arrays) if isinstance(arrays, Mapping) else []
    values = [np.asarray(array) for array in (arrays.values() if isinstance(arrays, Mapping) else arrays)]
    parts = [struct.pack("<QQQ", LIST, 0, len(values)), *map(_array, values), struct.pack("<Q", len(names))]
    parts += [struct.pack("<Q", len(name.encode())) + name.encode() for name in names]
    return b"".join(parts)


def _array(array: np.ndarray) -> bytes:
    kind = array.dtype.newbyteorder("<") if array.dtype.newbyteorder("<") in TYPES else np.dtype("<f4")
    head = struct.pack("<IiI", ARRAY, DENSE, array.ndim) + struct.pack(f"<{array.ndim}q", *array.shape)
    return head + struct.pack("<iii", CPU, 0, TYPES.index(kind)) + array.astype(kind).tobytes()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, layout: str) -> tuple[int, ...]:
        found = struct.unpack_from(f"<{layout}", self.data, self.place)
        self.place += struct.calcsize(f"<{layout}")
        return found

    def bytes(self, count: int) -> bytes:
        self.place += count
        return self.data[self.place - count : self.place]


def read(data: bytes) -> dict[str, np.ndarray] | list[np.ndarray]:
    reader = _Reader(data)
    try:
        magic, _, count = reader.take("QQQ")
        if magic != LIST:
            raise ClientError("The model is no file of MXNet's arrays.")
        arrays = [_read_array(reader) for _ in range(count)]
        names = [reader.bytes(*reader.take("Q")).decode() for _ in range(*reader.take("Q"))]
    except struct.error:
        raise ClientError("The model's file of arrays is cut off.") from None
    return dict(zip(names, arrays, strict=True)) if names else arrays


def _read_array(reader: _Reader) -> np.ndarray:
    _, _, dimensions = reader.take("IiI")
    shape = reader.take(f"{dimensions}q")
    _, _, kind = reader.take("iii")
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(reader.bytes(count * TYPES[kind].itemsize), TYPES[kind]).reshape(shape)
