"""Whether a compressed text is whole. DuckDB reads what there is of one that is cut off, and asks for no checksum:
a count would be too small without a word. So such a file is read to its end once, by each worker, before it is used.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

from cumulet.engines.sql.base import SqlError

PIECE = 1 << 20


def check(path: str) -> None:
    """`SqlError` for a file whose compression is broken or ends before its end; others are not looked at."""
    reader = READERS.get(Path(path).suffix)
    if reader is None or not Path(path).exists():
        return
    try:
        reader(path)
    except (EOFError, OSError, zlib.error) as error:
        message = f"Failed to read file: {error} ({Path(path).suffix[1:]})"
        raise SqlError("HIVE_CURSOR_ERROR", message) from None


def gzipped(path: str) -> None:
    with gzip.open(path) as content:
        while content.read(PIECE):
            pass


def zstandard(path: str) -> None:
    import pyarrow as pa

    if not Path(path).stat().st_size:
        return
    with pa.OSFile(path) as file, pa.CompressedInputStream(file, "zstd") as content:
        while content.read(PIECE):
            pass


READERS: dict[str, Callable[[str], None]] = {".gz": gzipped, ".zst": zstandard, ".zstd": zstandard}
