"""Whether a compressed text is whole. DuckDB reads what there is of one that is cut off, and asks for no checksum:
a count would be too small without a word. So such a file is read to its end once before it is used; workers share
the marks of those that were found whole.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path

from cumulet.engines.sql.base import SqlError

PIECE = 1 << 20


class Whole:
    """The files that were found whole: an empty file for each, in a folder that lives as long as the server does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: set[str] = set()

    def check(self, path: str) -> None:
        """As `check`, unless some worker has done so."""
        if Path(path).suffix not in READERS or not Path(path).exists():
            return
        mark = fingerprint(path)
        if mark in self.known:
            return
        if not (self.folder / mark).exists():
            check(path)
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / mark).touch()
        self.known.add(mark)


def fingerprint(path: str) -> str:
    """Another one for every state of a file, should somebody write to one after all."""
    seen = Path(path).stat()
    told = f"{path} {seen.st_ino} {seen.st_size} {seen.st_mtime_ns}"
    return hashlib.sha256(told.encode()).hexdigest()


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
