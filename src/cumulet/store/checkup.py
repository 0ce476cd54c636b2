"""After a crash: bring the files back in step with the index.

What the database says is true. A crash between its commit and what follows can leave three things behind:
files of blobs that nothing refers to, names in the tree that still show an old or a deleted version, and
objects that the tree does not show yet. All are harmless to readers, so the check runs beside the server's work; a
start after an orderly stop needs none and costs nothing, however many objects there are.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path

from cumulet.store.blobs import Blobs, generation_of
from cumulet.store.drafts import sync_folder
from cumulet.store.objects import Entry, Objects
from cumulet.store.settler import Settler
from cumulet.store.taking import Taking
from cumulet.store.tree import Tree, is_own

log = logging.getLogger(__name__)


class Checkup:
    """One per open store. Of several processes on one folder only the first keeps the house in order."""

    def __init__(self, objects: Objects, blobs: Blobs, tree: Tree, taking: Taking, settler: Settler) -> None:
        self.objects = objects
        self.blobs = blobs
        self.tree = tree
        self.taking = taking
        self.settler = settler
        self.mark = blobs.folder / "in-use"
        self.stopping = threading.Event()
        self.done = threading.Event()
        self.lock = os.open(blobs.folder / "keeper", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.thread: threading.Thread | None = None
        self.keeper = False
        self.suspected = False  # whether something is left to look for at the next start
        if self._alone():
            self._begin()
        else:
            self.done.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Until everything is in order; True where it is."""
        return self.done.wait(timeout)

    def suspect(self) -> None:
        """A process that shares the folder has died in the middle of its work: what it was to show is shown
        at once; the bytes that it left are for the next start, which knows that nobody is writing them."""
        self.suspected = True
        if self.keeper and self.done.is_set():
            self.done.clear()
            self.thread = threading.Thread(target=self._show_all, name="checkup", daemon=True)
            self.thread.start()

    def close(self) -> None:
        """An orderly stop: the next start need not check."""
        self.stopping.set()
        if self.thread:
            self.thread.join()
        if self.keeper:
            self.blobs.forget_opened()
        if self.keeper and self.done.is_set() and not (self.tree.behind or self.suspected):
            self.mark.unlink(missing_ok=True)
        if self.lock >= 0:
            os.close(self.lock)
        self.keeper, self.lock = False, -1

    def _alone(self) -> bool:
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.keeper = False
        else:
            self.keeper = True
        return self.keeper

    def _begin(self) -> None:
        self.blobs.forget_opened()
        crashed = self.mark.exists()
        self.mark.touch()
        sync_folder(self.blobs.folder)
        if crashed:
            self.blobs.begin_generation()
        self._settle(crashed=crashed)
        if not crashed:
            self.done.set()
            return
        self.thread = threading.Thread(target=self._run, name="checkup", daemon=True)
        self.thread.start()

    def _settle(self, *, crashed: bool) -> None:
        """Before anybody is answered: a file that a power cut has left half must not be read."""
        try:
            self.settler.settle_all(afresh=crashed)
        except OSError:
            self.suspected = True
            log.exception("some objects have no files; they are served from the database")

    def _run(self) -> None:
        try:
            with self.taking.held():  # a person's file on its way is no orphan's other name
                removed = self._remove_orphans()
            shown = self._repair_tree()
            self._hide_deleted()
        except Exception:
            log.exception("the check after a crash failed; the next start tries again")
            return
        if not self.stopping.is_set():
            log.info("after a crash: %d files removed, %d objects shown again", removed, shown)
            self.done.set()

    def _show_all(self) -> None:
        try:
            self.settler.settle_all()
            self._repair_tree()
            self._hide_deleted()
        except Exception:
            log.exception("the check behind a process that died failed; the next start tries again")
        self.done.set()

    def _remove_orphans(self) -> int:
        """Blobs that nothing refers to, with the names in the tree that still show them."""
        orphans = list(self.blobs.orphans(self.objects.blobs()))
        dead = {_identity(path.stat()) for path in orphans if path.exists()}
        if dead:
            for path in self.tree.files():
                if self.stopping.is_set():
                    return 0
                if _same(path, dead):
                    path.unlink(missing_ok=True)
        for path in [*orphans, *self._left_on_their_way()]:
            path.unlink(missing_ok=True)
        return len(orphans)

    def _left_on_their_way(self) -> list[Path]:
        return [path for path, blob in self.tree.passing() if generation_of(blob) < self.blobs.generation]

    def _repair_tree(self) -> int:
        shown = 0
        for bucket in self.objects.buckets():
            for entry in self.objects.walk(bucket):
                if self.stopping.is_set():
                    return shown
                shown += self._show(entry)
        return shown

    def _hide_deleted(self) -> None:
        """Versions that a delete marker was laid over, and that the tree still shows."""
        for bucket in self.objects.versioned():
            for entry in self.objects.hidden(bucket):
                if self.stopping.is_set():
                    return
                self._hide(entry)

    def _hide(self, entry: Entry) -> None:
        with suppress(FileNotFoundError):  # it was deleted meanwhile, and its name in the tree before it
            file = {_identity(self.blobs.status(entry.blob))}
            if any(_same(path, file) for path in self.tree.paths(entry.bucket, entry.key)):
                self.tree.follow(entry.bucket, entry.key, lambda: self._current(entry))

    def _show(self, entry: Entry) -> bool:
        try:
            there = {_identity(self.blobs.status(entry.blob))}
        except FileNotFoundError:
            if self.objects.find(entry.bucket, entry.key) == entry:  # nobody overwrote it meanwhile
                log.error("the bytes of %s/%s are missing on disk", entry.bucket, entry.key)
            return False
        if any(_same(path, there) for path in self.tree.paths(entry.bucket, entry.key)):
            return False
        if any(is_own(path) for path in self.tree.paths(entry.bucket, entry.key)[:1]):
            return False  # somebody put a file of his own in its place: that is for a rescan to take in
        self.tree.follow(entry.bucket, entry.key, lambda: self._current(entry))
        return True

    def _current(self, entry: Entry) -> Path | None:
        blob = self.objects.blob_of(entry.bucket, entry.key)
        return self.blobs.filed(blob) if blob else None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _same(path: Path, files: set[tuple[int, int]]) -> bool:
    """Whether a path is another name of one of these files."""
    try:
        return _identity(path.lstat()) in files
    except (OSError, ValueError):
        return False
