"""Who must not wait: the thread that moves the bytes of all connections.

It may look things up, in memory and in what the system has read already. Whatever would keep it longer (a
commit, a disk, much to verify) is refused with `TakesTime`, before anything has changed; then a thread that
may wait begins anew.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import AbstractContextManager

NOWAIT = getattr(os, "RWF_NOWAIT", 0)


class TakesTime(Exception):
    """This thread has none: let another do it."""


class _Standing(threading.local):
    hurried = False


_standing = _Standing()


class _Hurry:
    def __enter__(self) -> None:
        _standing.hurried = True

    def __exit__(self, *_: object) -> None:
        _standing.hurried = False


_hurry = _Hurry()


def hurried() -> AbstractContextManager[None]:
    """Inside, this thread does not wait for anything."""
    return _hurry


def in_haste() -> bool:
    return _standing.hurried


def check() -> None:
    """Called by what takes its time."""
    if _standing.hurried:
        raise TakesTime


def read(path: str, start: int, count: int) -> bytes:
    """Some bytes of a file, fewer only at its end. In haste they must be in memory already."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if _standing.hurried and NOWAIT:
            return _remembered(descriptor, start, count)
        return os.pread(descriptor, count, start)
    finally:
        os.close(descriptor)


def _remembered(descriptor: int, start: int, count: int) -> bytes:
    room, filled = bytearray(count), 0
    try:
        while filled < count:
            more = os.preadv(descriptor, [memoryview(room)[filled:]], start + filled, NOWAIT)
            if not more:
                break
            filled += more
    except BlockingIOError:
        raise TakesTime from None
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:  # file systems that know no such wish: most of them are memory
            raise
        return os.pread(descriptor, count, start)
    return bytes(room[:filled])
