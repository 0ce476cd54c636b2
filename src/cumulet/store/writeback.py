"""Words to the kernel about a large file that is being written, so that its fsync finds little left to do.

Python's `os` has neither call. Both are advice: where they are missing, or the file system declines, a file is
written all the same.

Source: https://man7.org/linux/man-pages/man2/sync_file_range.2.html, .../fallocate.2.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from typing import Any

WRITE = 2  # SYNC_FILE_RANGE_WRITE: begin, do not wait
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


@cache
def _libc() -> Any:
    """The C library, where it has what is needed."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    libc.sync_file_range.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint]
    return libc
