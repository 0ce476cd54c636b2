"""Texts packed by codecs that DuckDB does not read: bzip2, zlib, and Snappy and LZ4 as Hadoop and others write them.

Snappy comes in three forms: framed (its command-line tools), in Hadoop's blocks, and bare; LZ4 in frames and in
Hadoop's blocks. Hadoop's have no signature, so that it is the file's name that says what they are.
https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

FRAMED_SNAPPY, FRAMED_LZ4 = b"\xff\x06\x00\x00sNaPpY", b"\x04\x22\x4d\x18"
COMPRESSED, PLAIN, RESERVED = 0x00, 0x01, 0x7F  # kinds of a frame's chunks; what lies above is skipped
CHECKSUM = 4  # bytes before a chunk's data
LARGEST = 64 << 20  # bytes of one block: more is a sign that the length is none
CHUNK = 1 << 20


class Broken(ValueError):
    """The bytes are not what the codec writes, or end too early."""


def snappy(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        start = file.read(len(FRAMED_SNAPPY))
        file.seek(0)
        if start == FRAMED_SNAPPY:
            yield from _frames(file)
        elif _is_blocked(start, path.stat().st_size):
            yield from _blocks(file, lambda data, left: _raw_snappy(data))
        else:
            yield _raw_snappy(file.read())


def lz4(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        framed = file.read(len(FRAMED_LZ4)) == FRAMED_LZ4
        file.seek(0)
        yield from _lz4_frames(path) if framed else _blocks(file, _raw_lz4)


def deflate(path: Path) -> Iterator[bytes]:
    """Hadoop's DefaultCodec: zlib's own form."""
    unpacker = zlib.decompressobj()
    try:
        with path.open("rb") as file:
            while data := file.read(CHUNK):
                yield unpacker.decompress(data)
    except zlib.error as error:
        raise Broken(str(error)) from None
    if not unpacker.eof:
        raise Broken("the data end too early")


def bzip2(path: Path) -> Iterator[bytes]:
    try:
        with bz2.open(path) as file:
            while data := file.read(CHUNK):
                yield data
    except (OSError, EOFError) as error:
        raise Broken(str(error)) from None


UNPACK: dict[str, Callable[[Path], Iterator[bytes]]] = {
    ".bz2": bzip2,
    ".deflate": deflate,
    ".lz4": lz4,
    ".snappy": snappy,
}  # by the ending of a file's name, as Hadoop chooses its codec


def _frames(file: BinaryIO) -> Iterator[bytes]:
    """https://github.com/google/snappy/blob/main/framing_format.txt"""
    while head := file.read(4):
        kind, data = head[0], _exactly(file, int.from_bytes(head[1:], "little"))
        if kind == COMPRESSED:
            yield _raw_snappy(data[CHECKSUM:])
        elif kind == PLAIN:
            yield data[CHECKSUM:]
        elif kind <= RESERVED:
            raise Broken(f"a chunk of the unknown kind {kind}")


def _is_blocked(start: bytes, size: int) -> bool:
    """Whether a file begins with the two lengths of a block of Hadoop's, the second of which fits into the file."""
    whole, first = (int.from_bytes(start[at : at + 4], "big") for at in (0, 4))
    return len(start) > 8 and 0 < whole <= LARGEST and 0 < first <= size - 8


def _blocks(file: BinaryIO, unpack: Callable[[bytes, int], bytes]) -> Iterator[bytes]:
    """Hadoop's blocks: how long it is unpacked, then pieces with their packed lengths until that is reached."""
    while head := file.read(4):
        left = int.from_bytes(head, "big")
        if len(head) < 4 or left > LARGEST:
            raise Broken("a block without a length")
        while left > 0:
            data = unpack(_exactly(file, int.from_bytes(_exactly(file, 4), "big")), left)
            left -= len(data)
            yield data


def _raw_snappy(data: bytes) -> bytes:
    import cramjam

    try:
        return bytes(cramjam.snappy.decompress_raw(data))
    except cramjam.DecompressionError as error:
        raise Broken(str(error)) from None


def _raw_lz4(data: bytes, most: int) -> bytes:
    import cramjam

    room = bytearray(most)
    try:
        return bytes(room[: cramjam.lz4.decompress_block_into(data, room)])
    except cramjam.DecompressionError as error:
        raise Broken(str(error)) from None


def _lz4_frames(path: Path) -> Iterator[bytes]:
    import pyarrow

    try:
        with pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), "lz4") as stream:
            while data := stream.read(CHUNK):
                yield data
    except (OSError, pyarrow.ArrowException) as error:
        raise Broken(str(error)) from None


def _exactly(file: BinaryIO, size: int) -> bytes:
    if size > LARGEST:
        raise Broken("a piece longer than any block")
    data = file.read(size)
    if len(data) < size:
        raise Broken("the data end too early")
    return data
