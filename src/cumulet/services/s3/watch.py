# ruff: noqa: PTH116 - names of files are bytes
"""Files that people drop into buckets' folders are noticed while the server runs.

The watch must not cost the writers of objects anything. A link that Cumulet makes there is no write to a file,
so it tells nothing; a link that it renames onto another comes from the bucket's own hidden folder, which shows.
Events are read in bursts, once in a while. What is only to be seen by looking at everything (names made by
`ln`, edits of what is an object already while nobody watched) is left to `cumulet s3 rescan`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cumulet.services.s3.dropped import Dropped, owner
from cumulet.services.s3.rescan import rescan
from cumulet.store.database import Closed
from cumulet.store.inotify import (
    CLOSE_WRITE,
    CREATE,
    IGNORED,
    IS_FOLDER,
    MOVED_FROM,
    MOVED_TO,
    OVERFLOW,
    Event,
    Inotify,
    Unavailable,
)
from cumulet.store.strays import refused_name
from cumulet.store.tree import HOUSE

if TYPE_CHECKING:
    from cumulet.house import House

log = logging.getLogger(__name__)

KINDS = CLOSE_WRITE | CREATE | MOVED_FROM | MOVED_TO
MOST = 16_384  # folders; a lake of more is rescanned by hand
BREATH = 0.25  # seconds that events gather before they are read
IDLE = 1.0  # seconds between looks whether the server stops
QUIET = 1.0  # seconds without a further event until a file is taken in
BURST = 4096  # moves whose other end may still be on its way
PATIENCE = 60.0  # seconds, at most, until a file that is being written is looked at again

Place = tuple[bytes, bytes]  # a bucket's name, and a path in its folder: of a folder with "/" behind it


class Watch:
    """The folders of all buckets, watched by one thread of one process."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.root = os.fsencode(house.store.directory / "s3")
        self.inotify = Inotify()
        self.folders: dict[int, Place] = {}
        self.due: dict[Place, float] = {}
        self.waited: dict[Place, float] = {}
        self.own_moves: set[int] = set()
        self.full = False

    def run(self) -> None:
        """Until the server stops."""
        try:
            self._add((b"", b""), fresh=False)
            while not self.house.jobs.closing.is_set():
                if self.inotify.wait(QUIET / 2 if self.due else IDLE):
                    self.house.jobs.closing.wait(BREATH)
                    self._heed(self.inotify.read())
                self._take_due()
        except Closed:
            pass
        finally:
            self.inotify.close()

    def _heed(self, events: list[Event]) -> None:
        for event in events:
            if event.mask & OVERFLOW:
                self._rescan()
            elif event.mask & IGNORED:
                self.folders.pop(event.watch, None)
            elif (folder := self.folders.get(event.watch)) is not None:
                self._changed(folder, event)
        if len(self.own_moves) > BURST:  # moves to where nobody watches
            self.own_moves.clear()

    def _changed(self, folder: Place, event: Event) -> None:
        if event.mask & IS_FOLDER:
            place = _below(folder, event.name)
            self._forget(place) if event.mask & MOVED_FROM else self._add(place, fresh=True)
        elif folder[1] == HOUSE + b"/":
            if event.mask & MOVED_FROM:
                self.own_moves.add(event.cookie)
            else:
                self.own_moves.discard(event.cookie)
        elif event.mask & MOVED_TO and event.cookie in self.own_moves:
            self.own_moves.discard(event.cookie)
        elif event.mask & (CLOSE_WRITE | MOVED_TO) and folder[0]:
            self._expect((folder[0], folder[1] + event.name))

    def _expect(self, file: Place) -> None:
        if not refused_name(file[1]):
            self.due[file] = time.monotonic() + QUIET

    def _add(self, folder: Place, *, fresh: bool) -> None:
        """Watch a folder and those in it. A fresh one may hold files already that nobody told of."""
        if self.full or (folder[0].startswith(b".")):
            return
        try:
            self.folders[self.inotify.add(self._path(folder), KINDS)] = folder
            for inner, is_folder in self._children(folder, fresh=fresh):
                if is_folder:
                    self._add(inner, fresh=fresh)
                elif folder[0]:
                    self._expect(inner)
        except Unavailable as why:
            self._stop_adding(str(why))
        except OSError:  # gone again, or not ours to read
            return
        if len(self.folders) >= MOST:
            self._stop_adding(f"there are more than {MOST:,}")

    def _children(self, folder: Place, *, fresh: bool) -> Iterator[tuple[Place, bool]]:
        path = self._path(folder)
        if not fresh and os.stat(path).st_nlink == 2:
            return  # no folders in it: however many files there are, they need not be read
        with os.scandir(path) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder or (fresh and folder[1] != HOUSE + b"/" and entry.stat().st_nlink == 1):
                    place = _below(folder, entry.name)
                    yield (place if is_folder else (place[0], place[1].rstrip(b"/"))), is_folder

    def _stop_adding(self, why: str) -> None:
        if not self.full:
            log.warning("not every folder of the lake is watched: %s; use cumulet s3 rescan", why)
        self.full = True

    def _forget(self, folder: Place) -> None:
        """A folder was moved away, with those in it."""
        for watch, (bucket, name) in list(self.folders.items()):
            if bucket == folder[0] and name.startswith(folder[1]):
                del self.folders[watch]
                self.inotify.remove(watch)

    def _take_due(self) -> None:
        now = time.monotonic()
        for file in [file for file, due in self.due.items() if due <= now]:
            if self.house.jobs.closing.is_set():
                return
            del self.due[file]
            self._take(file)

    def _take(self, file: Place) -> None:
        bucket = self.house.store.records.get("s3.bucket", "", os.fsdecode(file[0]))
        if bucket is None:
            return
        path = self._path(file)
        dropped = Dropped(owner(self.house, bucket), bucket)
        if _named_twice(path) and not dropped.shows(path, file[1]):
            return  # what that means only a look at everything can tell
        outcome = dropped.examine(path, file[1])
        if outcome and outcome.what == "busy":
            again = self.waited[file] = min(PATIENCE, 2 * self.waited.get(file, QUIET))
            self.due.setdefault(file, time.monotonic() + again)
            return
        self.waited.pop(file, None)
        if outcome:
            level = logging.INFO if outcome.what in ("added", "changed") else logging.WARNING
            log.log(level, "%s s3://%s/%s %s", outcome.what, outcome.bucket, outcome.key, outcome.why)

    def _rescan(self) -> None:
        """More changed at once than the kernel remembers: everything is looked at."""
        for outcome in rescan(self.house):
            log.info("%s s3://%s/%s %s", outcome.what, outcome.bucket, outcome.key, outcome.why)
        self._add((b"", b""), fresh=False)

    def _path(self, place: Place) -> bytes:
        return b"/".join(part for part in (self.root, place[0], place[1].rstrip(b"/")) if part)


def _below(folder: Place, name: bytes) -> Place:
    """A folder in a folder: a bucket's own, or one in it."""
    bucket, path = folder
    return (bucket, path + name + b"/") if bucket else (name, b"")


def _named_twice(path: bytes) -> bool:
    try:
        return os.lstat(path).st_nlink > 1
    except OSError:
        return False


def watch(house: House) -> None:
    """Watch until the server stops, where the system can."""
    try:
        Watch(house).run()
    except Unavailable as why:
        log.info("the lake's folders are not watched: %s", why)
    except Exception:
        log.exception("the lake's folders are watched no longer; use cumulet s3 rescan")
