"""What was read from the database, kept in mind for as long as nothing in it has changed.

The processes that share a database share a count of its changes, in eight bytes of a file that all of them map
into their memory: to know that a thing is as it was takes no system call. The count is odd while a commit is
under way (or was, when its process died): then nothing is recalled, and nothing kept.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

WIDTH = 8
MOST = 2048  # things that are kept in mind


class Changes:
    """The count. Whoever commits does so inside of it, one process at a time (`turns.py`)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _reserve(descriptor)
            self.count = memoryview(mmap.mmap(descriptor, WIDTH)).cast("Q")
        finally:
            os.close(descriptor)

    def __enter__(self) -> None:
        self.count[0] += 2 if self.count[0] & 1 else 1

    def __exit__(self, *_: object) -> None:
        self.count[0] += 1


def _reserve(descriptor: int) -> None:
    """Room on the disk, here and now: to write to a page of the map for which there is none ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, WIDTH)
    elif os.fstat(descriptor).st_size < WIDTH:
        os.pwrite(descriptor, bytes(WIDTH), 0)


class Recall:
    """What one process remembers. Safe to use from any thread."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.kept: tuple[int, dict[Hashable, Any]] = (0, {})

    def get(self, what: Hashable, look: Callable[[], T]) -> T:
        """What `look` reads; what it read before, if nothing has changed since. Not to be altered.

        The count is taken before the look: what changes meanwhile is kept under a count that has passed.
        """
        now = self.changes.count[0]
        if now & 1:
            return look()
        at, found = self.kept
        if at != now or len(found) > MOST:
            found = {}
            self.kept = (now, found)
        if what not in found:
            found[what] = look()
        value: T = found[what]
        return value
