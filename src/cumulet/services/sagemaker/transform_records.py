"""Files cut into records, records put together into requests as large as may be.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TransformInput.html
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

RECORD = 0xCED7230A  # the magic number before each part of a RecordIO record
WHOLE, FIRST, LAST = 0, 1, 3  # which part of a record it is, in the upper bits of its length


class Unreadable(Exception):
    """A file that is not what the request says, or a record that no request can hold."""


def batches(
    path: Path, *, packed: bool, split: str, single: bool, limit: int | None
) -> Iterator[list[bytes]]:
    """The records of a file, by the request they go in; `limit` is the bytes of one request."""
    try:
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            yield from _together(_records(stream, split), single=single, limit=limit, joint=len(joint(split)))
    except (EOFError, gzip.BadGzipFile, struct.error) as error:
        raise Unreadable(f"the file cannot be read: {error}") from error


def joint(split: str) -> bytes:
    """What stands between the records of a request."""
    return b"\n" if split == "Line" else b""


def _together(
    records: Iterable[bytes], *, single: bool, limit: int | None, joint: int
) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for record in records:
        if limit is not None and len(record) > limit:
            raise Unreadable(f"a record of {len(record)} bytes is larger than MaxPayloadInMB allows")
        full = limit is not None and size + len(record) + joint > limit
        if batch and (single or full):
            yield batch
            batch, size = [], 0
        batch.append(record)
        size += len(record) + joint
    if batch:
        yield batch


def _records(stream: BinaryIO | gzip.GzipFile, split: str) -> Iterator[bytes]:
    if split == "Line":
        return (record for line in stream if (record := line.rstrip(b"\r\n")))
    if split == "RecordIO":
        return _recordio(stream)
    if split == "TFRecord":
        return _tfrecords(stream)
    return iter([stream.read()])


def _recordio(stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Records in their frames, as algorithms read them; one may lie in several parts.

    https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
    """
    record = b""
    while head := stream.read(8):
        magic, length = struct.unpack("<II", head)
        if magic != RECORD:
            raise Unreadable("it is not RecordIO: a record does not begin with its magic number")
        part, size = length >> 29, length & ((1 << 29) - 1)
        record += head + _exactly(stream, (size + 3) // 4 * 4)
        if part in (WHOLE, LAST):
            yield record
            record = b""
    if record:
        raise Unreadable("it is not RecordIO: the last record has no end")


def _tfrecords(stream: BinaryIO | gzip.GzipFile) -> Iterator[bytes]:
    """Records in their frames: a length with its checksum, the bytes with theirs.

    https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details
    """
    while head := stream.read(12):
        (size,) = struct.unpack("<Q", head[:8])
        yield head + _exactly(stream, size + 4)


def _exactly(stream: BinaryIO | gzip.GzipFile, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise Unreadable("the file ends in the middle of a record")
    return data
