"""Words to the kernel about files that are being written, which Python's `os` has not.

Two are advice on a large file, so that its fsync finds little left to do: where they are missing, or the file
system declines, it is written all the same. One syncs many small files at once.

Source: https://man7.org/linux/man-pages/man2/sync_file_range.2.html, .../fallocate.2.html, .../syncfs.2.html,
.../rename.2.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

WRITE = 2  # SYNC_FILE_RANGE_WRITE: begin, do not wait
AT_FDCWD = -100
NO_REPLACE = 1  # RENAME_NOREPLACE
KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE
STRIDE = 8 << 20  # bytes that are sent to the disk together


class Writeback:
    """One file, written from its beginning."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.begun = 0  # of its bytes, those that the disk has been told of
        self.written = 0

    def reserve(self, size: int) -> None:
        """Find room for a file of this size; `OSError` where the disk has none."""
        if (libc := _libc()) and libc.fallocate(self.descriptor, KEEP_SIZE, 0, size) < 0:
            number = ctypes.get_errno()
            if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise OSError(number, os.strerror(number))

    def wrote(self, count: int) -> None:
        self.written += count
        if self.written - self.begun >= STRIDE and (libc := _libc()):
            libc.sync_file_range(self.descriptor, self.begun, self.written - self.begun, WRITE)
            self.begun = self.written


class Disk:
    """The file system that a folder lies on. It is kept open, so that no failure to write goes unheard: the
    kernel tells each of them once to whoever has it open."""

    def __init__(self, folder: Path) -> None:
        self.descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def sync(self) -> None:
        """Everything that was written to it before is on disk: files, names, and what others wrote."""
        if (libc := _libc()) is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        if libc.syncfs(self.descriptor) < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def __del__(self) -> None:
        os.close(self.descriptor)


def rename_new(source: str, target: str) -> None:
    """Rename a file to a name that must be free: `FileExistsError` where it is not."""
    libc = _libc()
    if libc is None or not hasattr(libc, "renameat2"):
        return _rename_by_link(source, target)
    if libc.renameat2(AT_FDCWD, os.fsencode(source), AT_FDCWD, os.fsencode(target), NO_REPLACE) < 0:
        number = ctypes.get_errno()
        if number == errno.EINVAL:  # a file system that knows no such wish
            return _rename_by_link(source, target)
        raise OSError(number, os.strerror(number), target)
    return None


def _rename_by_link(source: str, target: str) -> None:
    os.link(source, target)
    os.unlink(source)  # noqa: PTH108 - names, as they come


def syncs_whole_disks() -> bool:
    return _libc() is not None


@cache
def _libc() -> Any:
    """The C library, where it has what is needed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    libc.syncfs.argtypes = [ctypes.c_int]
    libc.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return libc
