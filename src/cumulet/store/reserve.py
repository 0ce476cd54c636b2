"""Room kept for the day when the disk is full.

To delete is a change, too: the database's log grows before the bytes go. So a file of some megabytes lies in
the data directory, and makes room for deletes (and for a start) where there is none left.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
from pathlib import Path

from cumulet.config import Unusable

SIZE = 8 << 20  # twice what SQLite's log grows to before it is folded into the database
LEAST = 256 << 10  # bytes that a start needs
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

log = logging.getLogger(__name__)


class Reserve:
    """The file, which all processes on a data directory share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.missing = not path.exists()
        self.lock = threading.Lock()
        if self._free() < SIZE // 2:
            self._begin_without()
        elif self.missing:
            self.keep()

    def keep(self) -> None:
        """Make the file (again), where there is room to spare."""
        with self.lock:
            if self.missing and self._free() >= 2 * SIZE:
                self._make()

    def _make(self) -> None:
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with draft.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, SIZE)
            draft.replace(self.path)
            self.missing = False
        except OSError as error:
            draft.unlink(missing_ok=True)
            if error.errno not in NO_ROOM:
                raise

    def give_up(self) -> bool:
        """Free the room; False where another had done so."""
        self.missing = True
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        log.warning("the disk of %s is full: the room kept for deleting is being used", self.path.parent)
        return True

    def _begin_without(self) -> None:
        self.give_up()
        if self._free() < LEAST:
            raise Unusable(f"the disk that holds {self.path.parent} is full: make some room on it first")

    def _free(self) -> int:
        return shutil.disk_usage(self.path.parent).free
