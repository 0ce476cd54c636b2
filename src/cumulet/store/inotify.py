"""Linux's own word that something changed in a folder: without asking again and again, at no cost when idle.

Source: https://man7.org/linux/man-pages/man7/inotify.7.html
"""

from __future__ import annotations

import ctypes
import os
import select
import struct
import sys
from dataclasses import dataclass

CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE = 0x8, 0x40, 0x80, 0x100
OVERFLOW, IGNORED, IS_FOLDER = 0x4000, 0x8000, 0x40000000
ONLY_FOLDERS, NOT_THROUGH_LINKS = 0x01000000, 0x02000000
HEAD = struct.Struct("iIII")
BUFFER = 1 << 18


class Unavailable(Exception):
    """This system does not tell of changes, or of no more folders."""


@dataclass(frozen=True, slots=True)
class Event:
    """One change: in which watched folder, of what kind, to which name. Both ends of a move share a cookie."""

    watch: int
    mask: int
    cookie: int
    name: bytes


class Inotify:
    """The folders that one process watches. Used by one thread."""

    def __init__(self) -> None:
        if not sys.platform.startswith("linux"):
            raise Unavailable("only Linux tells of changes in folders")
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.descriptor < 0:
            raise Unavailable(os.strerror(ctypes.get_errno()))
        self.poll = select.poll()
        self.poll.register(self.descriptor, select.POLLIN)

    def add(self, folder: bytes, mask: int) -> int:
        """Watch a folder; the number that its events carry. A folder that is watched keeps its number."""
        watch: int = self.libc.inotify_add_watch(
            self.descriptor, folder, mask | ONLY_FOLDERS | NOT_THROUGH_LINKS
        )
        if watch >= 0:
            return watch
        error = ctypes.get_errno()
        if error in (28, 12):  # ENOSPC, ENOMEM: the user has no watches left
            raise Unavailable("no more folders can be watched (see fs.inotify.max_user_watches)")
        raise OSError(error, os.strerror(error), folder)

    def remove(self, watch: int) -> None:
        self.libc.inotify_rm_watch(self.descriptor, watch)

    def wait(self, seconds: float) -> bool:
        """Until something changed; False where nothing did in that time."""
        return bool(self.poll.poll(seconds * 1000))

    def read(self) -> list[Event]:
        """What has changed since the last time."""
        events: list[Event] = []
        while True:
            try:
                data = os.read(self.descriptor, BUFFER)
            except BlockingIOError:
                return events
            place = 0
            while place < len(data):
                watch, mask, cookie, size = HEAD.unpack_from(data, place)
                place += HEAD.size + size
                events.append(Event(watch, mask, cookie, data[place - size : place].rstrip(b"\0")))

    def close(self) -> None:
        os.close(self.descriptor)
