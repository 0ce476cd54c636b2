"""Blobs that a change has left without an object: removed behind the answer, for that takes the disk a while.

Whoever is told of the change need not wait for it: nothing refers to these files, and those that a crash
leaves behind are found by the checkup.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable

from cumulet.store.blobs import Blobs

log = logging.getLogger(__name__)


class Leftovers:
    """One thread, begun at the first need, that removes what it is given, one after the other."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self.waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.thread: threading.Thread | None = None
        self.beginning = threading.Lock()

    def remove(self, blobs: Iterable[str]) -> None:
        for blob in blobs:
            self.waiting.put(blob)
            if self.thread is None:
                self._begin()

    def close(self) -> None:
        """Remove what was given before; what is given afterwards begins anew."""
        with self.beginning:
            if self.thread:
                self.waiting.put(None)
                self.thread.join()
                self.thread = None

    def _begin(self) -> None:
        with self.beginning:
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="leftovers", daemon=True)
                self.thread.start()

    def _run(self) -> None:
        while (blob := self.waiting.get()) is not None:
            try:
                self.blobs.delete(blob)
            except OSError:
                log.exception("%s, which nothing refers to, cannot be removed", blob)
