"""Gives small objects their files, behind the answer: in batches, by one thread of each process.

An object that is overwritten before its turn comes never gets one. A batch is written, shown in the tree, and
synced as one; only then do its bytes leave the database. So at any moment a blob's bytes are in its row, in its
file, or in both; what a crash leaves in the rows is settled by the next start, before it answers anybody.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cumulet.store.blobs import Blobs
from cumulet.store.fresh import Fresh, Waiting
from cumulet.store.objects import Objects
from cumulet.store.tree import Tree

log = logging.getLogger(__name__)

PAUSE = 1.0  # seconds between batches: the more are overwritten meanwhile, the less is there to do
GLANCE = 0.1  # seconds between looks how much has come meanwhile
MUCH = 8 << 20  # bytes that do not wait for the pause
AGAIN = 5.0  # seconds until a batch is tried again that failed

Place = tuple[str, str]  # bucket and key


@dataclass(slots=True)
class Due:
    """What is to be done for one key."""

    blobs: list[str] = field(default_factory=list)  # to get a file
    lost: list[str] = field(default_factory=list)  # to be removed, once the tree shows something else
    since: float = math.inf  # when the last of them was committed


class Settler:
    """Begun at the first need; safe to use from any thread."""

    def __init__(self, blobs: Blobs, fresh: Fresh, objects: Objects, tree: Tree) -> None:
        self.blobs = blobs
        self.fresh = fresh
        self.objects = objects
        self.tree = tree
        self.due: dict[Place, Due] = {}
        self.lock = threading.Lock()  # of `due` and `thread`
        self.turn = threading.Lock()  # one batch at a time
        self.wake = threading.Event()
        self.closing = threading.Event()
        self.thread: threading.Thread | None = None

    def follow(self, place: Place, blob: str, lost: Iterable[str]) -> None:
        """A blob that rode in a commit is to get its file, and its key to show it; what was lost by it goes."""
        with self.lock:
            idle = not self.due
            due = self.due.setdefault(place, Due())
            due.blobs.append(blob)
            due.since = time.time()
            for old in lost:
                if old in due.blobs:
                    due.blobs.remove(old)
                    self.fresh.release(old)
                due.lost.append(old)
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="settler", daemon=True)
                self.thread.start()
        if idle:
            self.wake.set()

    def settle(self) -> None:
        """All that this process has taken in has its file, and shows."""
        with self.turn:
            with self.lock:
                due, self.due = self.due, {}
            try:
                self._settle(due)
            except BaseException:
                self._put_back(due)
                raise

    def settle_all(self, *, afresh: bool = False) -> None:
        """The same for what other processes took in, or left when they died. `afresh`: no file that is there
        can be trusted, for a power cut may have come before it was synced."""
        self.settle()
        waiting = list(self.fresh.waiting())
        if afresh:
            for item in waiting:
                self.blobs.path(item.blob).unlink(missing_ok=True)
        with self.turn:
            self._settle(_by_place(waiting))

    def close(self) -> None:
        """Nothing is left to do, unless the disk refuses: then the next start does it."""
        self.closing.set()
        self.wake.set()
        with self.lock:  # whoever is beginning it has begun it then
            thread = self.thread
        if thread:
            thread.join()
        try:
            self.settle()
        except OSError:
            log.exception("some objects have no files yet; the next start makes them")

    def _run(self) -> None:
        while not self.closing.is_set():
            self.wake.wait()
            self.wake.clear()
            try:
                self.settle()
            except Exception:
                log.exception("some objects get their files later")
                self.closing.wait(AGAIN)
                self.wake.set()
            else:
                self._pause()

    def _pause(self) -> None:
        """What comes meanwhile is the next batch."""
        until = time.monotonic() + PAUSE
        while not self.closing.is_set() and self.fresh.size < MUCH and (left := until - time.monotonic()) > 0:
            self.closing.wait(min(left, GLANCE))

    def _put_back(self, due: dict[Place, Due]) -> None:
        with self.lock:
            for place, later in self.due.items():
                before = due.setdefault(place, Due())
                before.blobs += later.blobs
                before.lost += later.lost
                before.since = later.since
            self.due = due

    def _settle(self, due: dict[Place, Due]) -> None:
        if not due:
            return
        alive = self.fresh.names()
        placed = {blob: place for place, item in due.items() for blob in item.blobs}
        mine = [blob for blob in placed if blob in alive]
        for blob in placed.keys() - alive:
            self.fresh.release(blob)
        for blob in mine:
            self.blobs.settle(blob)
        for place, item in due.items():
            self._show(place, item.since)
        if mine:
            self._sync(mine, due.values())
        for blob in self.fresh.settled(mine) if mine else ():
            self._forget_lost(placed[blob], blob)
        for item in due.values():
            for blob in item.lost:
                self.blobs.delete(blob)

    def _sync(self, blobs: Iterable[str], due: Iterable[Due]) -> None:
        try:
            self.blobs.sync()
        except OSError:
            for blob in blobs:  # nobody knows which of them are whole, and a second sync would not tell
                self.blobs.path(blob).unlink(missing_ok=True)
            for item in due:
                item.since = math.inf  # what now stands in the tree looks like somebody's own
            raise

    def _forget_lost(self, place: Place, blob: str) -> None:
        """Its row was gone. Where another process saw to its file, nothing is to be done; where its object was
        overwritten or deleted meanwhile, the file that was made of it is one too many."""
        if not self.objects.refers(*place, blob):
            self._show(place, time.time())
            self.blobs.delete(blob)

    def _show(self, place: Place, since: float) -> None:
        self.tree.follow(*place, lambda: self._current(place), since)

    def _current(self, place: Place) -> Path | None:
        """The file that a key is to show, made where it has none yet."""
        blob = self.objects.blob_of(*place)
        if not blob:
            return None
        return self.blobs.filed(blob)


def _by_place(waiting: Iterable[Waiting]) -> dict[Place, Due]:
    due: dict[Place, Due] = {}
    for item in waiting:
        due.setdefault((item.bucket, item.key), Due()).blobs.append(item.blob)
    return due
