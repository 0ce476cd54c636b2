"""Compressed files: told by their first bytes, never by their names."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xff\x06\x00\x00sNaPpY": "snappy",
}


Readable = Any  # a context manager with `read(size)`


def zstandard(path: Path) -> Readable:
    return through_arrow(path, "zstd")


def lz4(path: Path) -> Readable:
    return through_arrow(path, "lz4")


def through_arrow(path: Path, codec: str) -> Any:
    import pyarrow

    return pyarrow.CompressedInputStream(pyarrow.OSFile(str(path)), codec)


OPEN: dict[str, Callable[[Path], Readable]] = {
    "none": lambda path: path.open("rb"),
    "gzip": gzip.GzipFile,
    "bzip2": bz2.BZ2File,
    "zstd": zstandard,
    "lz4": lz4,
}
BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


def compression(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(10)
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), "none")


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
