# ruff: noqa: PTH103, PTH104, PTH106, PTH108, PTH110, PTH119, PTH120 - keys are bytes, and so are their paths
"""The lake as folders: each object also stands as a file under `<bucket>/<key>`, for people and their tools.

These files are second names (hard links) of the blobs, made after the commit: the database says what is
true, the tree follows. A key that no file system can hold, or that another key is in the way of ("a" beside
"a/b"), stands under `<bucket>/.cumulet/` by an escaped name.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import math
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote_from_bytes
from zlib import crc32

from cumulet.store.turns import Lane

log = logging.getLogger(__name__)

HOUSE = b".cumulet"  # the folder for what cannot stand under its own name
NAME_MAX = 255
LANES = 32
IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP)
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK)


class Tree:
    """The folders of all buckets. Calls for one key take turns, whichever process makes them, so that the
    last one always wins."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.fsencode(folder)
        self.lanes = [Lane(folder / ".lanes" / str(number)) for number in range(LANES)]
        self.linking = True
        self.behind = False  # whether anything does not show that should
        os.makedirs(self.folder, mode=0o700, exist_ok=True)

    def follow(
        self, bucket: str, key: str, current: Callable[[], Path | None], since: float = math.inf
    ) -> None:
        """Make the tree show what `current` says: the blob's path, or None where the key is gone.

        A file that somebody put there after `since` (epoch seconds) stays: it will be the next version.
        """
        name = key.encode()
        with self.lanes[crc32(name, crc32(bucket.encode())) % LANES].held():
            blob = current()
            if blob is None:
                self._hide(bucket, name)
            elif self.linking:
                self._show(bucket, name, os.fsencode(blob), since)

    def add_bucket(self, bucket: str) -> None:
        os.makedirs(self._root(bucket), mode=0o755, exist_ok=True)

    def remove_bucket(self, bucket: str) -> None:
        """Remove the folder of an empty bucket; files that people put there stay."""
        for folder in (self._root(bucket) + b"/" + HOUSE, self._root(bucket)):
            with suppress(OSError):
                os.rmdir(folder)

    def paths(self, bucket: str, key: str) -> list[Path]:
        """Where a key may stand: under its own name where that is possible, else under an escaped one."""
        return [Path(os.fsdecode(path)) for path in self._places(bucket, key.encode())]

    def files(self) -> Iterator[Path]:
        """Every file in the folders of buckets."""
        for folder, folders, names in os.walk(os.fsdecode(self.folder)):
            if folder == os.fsdecode(self.folder):
                folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder) / name for name in names)

    def passing(self) -> Iterator[tuple[Path, str]]:
        """Links on their way to their place, each with its blob: what a crash may leave behind."""
        for folder in Path(os.fsdecode(self.folder)).glob(f"*/{os.fsdecode(HOUSE)}"):
            yield from ((path, path.name.removeprefix("~")) for path in folder.glob("~*"))

    def _root(self, bucket: str) -> bytes:
        return self.folder + b"/" + bucket.encode()

    def _places(self, bucket: str, name: bytes) -> Iterator[bytes]:
        root = self._root(bucket)
        if can_stand(name):
            yield root + b"/" + name
        yield root + b"/" + HOUSE + b"/" + escaped(name)

    def _show(self, bucket: str, name: bytes, blob: bytes, since: float) -> None:
        shown = False
        for place in self._places(bucket, name):
            if shown:  # it may have stood here while another key was in the way
                self._unlink(bucket, place)
            else:
                shown = self._link(bucket, blob, place, since)

    def _hide(self, bucket: str, name: bytes) -> None:
        for place in self._places(bucket, name):
            self._unlink(bucket, place)

    def _link(self, bucket: str, blob: bytes, place: bytes, since: float) -> bool:
        """Put a link in its place in one step; False where something else is in the way."""
        try:
            self._place(bucket, blob, place, since)
        except FileNotFoundError:
            return True  # overwritten or deleted meanwhile: whoever did that follows up
        except OSError as error:
            if error.errno in IN_THE_WAY:
                return False
            if error.errno in NO_ROOM:
                self._without_room(bucket, place)
            elif error.errno in NO_LINKS:
                self._without_links(error)
            else:
                raise
        return True

    def _place(self, bucket: str, blob: bytes, place: bytes, since: float) -> None:
        try:
            return _made(lambda: os.link(blob, place), blob, place)
        except FileExistsError:
            if is_own(Path(os.fsdecode(place)), since):
                return None
        # An older version, or a folder: only renaming replaces, and only a file.
        passing = self._root(bucket) + b"/" + HOUSE + b"/~" + os.path.basename(blob)
        _made(lambda: os.link(blob, passing), blob, passing)
        try:
            os.rename(passing, place)
        finally:
            with suppress(FileNotFoundError):  # left by a failure, or by renaming onto another name of itself
                os.unlink(passing)

    def _unlink(self, bucket: str, place: bytes) -> None:
        try:
            os.unlink(place)
        except OSError as error:
            if error.errno not in (*IN_THE_WAY, errno.ENOENT, errno.EPERM):
                raise
            return
        root, folder = self._root(bucket), os.path.dirname(place)
        with suppress(OSError):  # a folder that still holds something stays
            while len(folder) > len(root):
                os.rmdir(folder)
                folder = os.path.dirname(folder)

    def _without_room(self, bucket: str, place: bytes) -> None:
        """The object is safe, but does not show: the next start puts that right. No older one shows either."""
        self.behind = True
        self._unlink(bucket, place)
        log.warning("the disk is full: %s does not show", os.fsdecode(place))

    def _without_links(self, error: OSError) -> None:
        if error.errno != errno.EMLINK:
            self.linking = False
            log.warning("%s cannot hold hard links: buckets do not show as folders", os.fsdecode(self.folder))


def can_stand(name: bytes) -> bool:
    """Whether a key can be a path under its bucket's folder, and stay there."""
    steps = name.split(b"/")
    if b"\0" in name or steps[0] == HOUSE:
        return False
    return not any(step in (b"", b".", b"..") or len(step) > NAME_MAX for step in steps)


def is_own(path: Path, since: float = 0.0) -> bool:
    """Whether somebody's own file stands there, put there after `since`: what stands in the tree by Cumulet's
    doing has two names."""
    try:
        status = path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and status.st_ctime > since


def escaped(name: bytes) -> bytes:
    """A file name that stands for exactly one key."""
    quoted = quote_from_bytes(name, safe=b" ").encode()
    return b"=" + quoted if len(quoted) < NAME_MAX else b"#" + hashlib.sha256(name).hexdigest().encode()


def _made(act: Callable[[], None], blob: bytes, place: bytes) -> None:
    """Act; where the folder of `place` is missing, make it and act again (others may remove empty ones)."""
    for _ in range(100):
        try:
            return act()
        except FileNotFoundError:
            if not os.path.exists(blob):
                raise
            os.makedirs(os.path.dirname(place), exist_ok=True)
    return act()
