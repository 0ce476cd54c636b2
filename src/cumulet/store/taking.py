"""Files that people put into a bucket's folder, on their way to becoming blobs.

Taking a file in gives its bytes a second name among the blobs before any commit refers to it, and what a crash
leaves of that looks like any other blob without an object: the check would remove it, and its other names, the
person's own file among them. So a file on its way has one name more, in `taking`, for as long as it is; whoever
takes the turn next clears up what a crash left there, and touches nothing outside of Cumulet's own folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cumulet.store.blobs import Blobs
from cumulet.store.drafts import sync_folder
from cumulet.store.objects import Objects
from cumulet.store.turns import Lane


class Taking:
    """One file at a time among all processes, and never beside the removal of what a crash left."""

    def __init__(self, blobs: Blobs, objects: Objects) -> None:
        self.blobs = blobs
        self.objects = objects
        self.folder = blobs.folder / "taking"
        self.lane = Lane(blobs.folder / "taking.lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.lane.held():
            self.folder.mkdir(exist_ok=True, mode=0o700)
            self._clear()
            yield

    @contextmanager
    def link(self, path: bytes) -> Iterator[Path]:
        """Another name of a file, to be moved among the blobs; the file's own name is safe meanwhile."""
        safe, aside = self._new("safe"), self._new("link")
        os.link(path, safe, follow_symlinks=False)
        os.link(safe, aside)
        sync_folder(self.folder)
        try:
            yield aside
        finally:
            aside.unlink(missing_ok=True)
            safe.unlink()

    @contextmanager
    def copy(self, descriptor: int) -> Iterator[Path]:
        """A copy of an open file (sharing its blocks where the file system can)."""
        aside = self._new("copy")
        try:
            with aside.open("xb") as target, os.fdopen(os.dup(descriptor), "rb") as source:
                source.seek(0)
                _copy(source.fileno(), target.fileno())
            yield aside
        finally:
            aside.unlink(missing_ok=True)

    def _new(self, what: str) -> Path:
        return self.folder / f"{what}-{os.urandom(8).hex()}"

    def _clear(self) -> None:
        """What a crash left: the names here, and a blob that nothing came to refer to."""
        left = list(self.folder.iterdir())
        if not left:
            return
        inodes, alive = {path.stat().st_ino for path in left}, self.objects.blobs()
        for inode, blob in self.blobs.inodes():
            if inode in inodes and blob not in alive:
                self.blobs.path(blob).unlink(missing_ok=True)
        for path in left:
            path.unlink()


def _copy(source: int, target: int) -> None:
    """By the kernel; where it cannot between these two, by hand."""
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except (OSError, AttributeError):
        os.lseek(source, 0, os.SEEK_SET)
        os.ftruncate(target, 0)
        os.lseek(target, 0, os.SEEK_SET)
        with os.fdopen(os.dup(source), "rb") as reader, os.fdopen(os.dup(target), "wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
