"""Compressed files: told by their first bytes; those of codecs that sign nothing by their names.

https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-built-in
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cumulet.engines import packing

MAGIC = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
}


Readable = Any  # a context manager with `read(size)`


def zstandard(path: Path) -> Readable:
    return through_arrow(path, "zstd")


def through_arrow(path: Path, codec: str) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), codec)


@contextmanager
def archived(path: Path) -> Iterator[BinaryIO]:
    """The one file in an archive; one with more files is no text to Glue either."""
    with zipfile.ZipFile(path) as archive:
        inside = [each for each in archive.infolist() if not each.is_dir()]
        if len(inside) != 1:
            raise ValueError(f"{len(inside)} files in the archive")
        with archive.open(inside[0]) as file:
            yield file  # type: ignore[misc]


class Pieces:
    """What comes piece by piece, to be read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.left = b""

    def __enter__(self) -> Pieces:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.pieces = iter(())

    def read(self, size: int) -> bytes:
        while not self.left:
            if (piece := next(self.pieces, None)) is None:
                return b""
            self.left = piece
        found, self.left = self.left[:size], self.left[size:]
        return found


OPEN: dict[str, Callable[[Path], Readable]] = {
    "none": lambda path: path.open("rb"),
    "gzip": gzip.GzipFile,
    "bzip2": bz2.BZ2File,
    "zstd": zstandard,
    "lz4": lambda path: Pieces(packing.lz4(path)),
    "snappy": lambda path: Pieces(packing.snappy(path)),
    "deflate": lambda path: Pieces(packing.deflate(path)),
    "zip": archived,
}
NAMED = {".snappy": "snappy", ".lz4": "lz4", ".deflate": "deflate"}
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, zipfile.BadZipFile)


def compression(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(10)
    signed = (name for magic, name in MAGIC.items() if start.startswith(magic))
    return next(signed, NAMED.get(path.suffix.lower(), "none"))


def sample(path: Path, codec: str, size: int) -> tuple[bytes, bool]:
    """The first bytes of a file, uncompressed, and whether that was all of it.

    A stream that ends too early or turns to rubbish gives what came before.
    """
    pieces: list[bytes] = []
    left = size + 1
    try:
        with OPEN[codec](path) as file:
            while left > 0 and (piece := file.read(min(left, 1 << 20))):
                pieces.append(piece)
                left -= len(piece)
    except BROKEN:
        if not pieces:
            raise
    data = b"".join(pieces)
    return data[:size], len(data) <= size
