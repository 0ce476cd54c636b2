"""Bytes that never change: each blob is one file, written once under a name of its own.

A blob is on disk (file and folder synced) before anything refers to it; the commit that refers to it is
what publishes it. So a reader never sees half a blob, and a crash leaves at worst a file nobody refers to,
which `checkup` removes. (Small ones get their file behind the commit, which carries their bytes: `fresh.py`.)
A blob's name tells its generation, the number of crashes that came before it: so what
a crash left is told from what is being written at this moment, whatever becomes of clocks and links.
"""

from __future__ import annotations

import errno
import io
import os
import re
import shutil
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from cumulet.store import haste
from cumulet.store.drafts import Draft, SealedDraft, sync_folder
from cumulet.store.fresh import Fresh
from cumulet.store.sealed import MARK, Ring, is_sealed
from cumulet.store.soundness import Soundness
from cumulet.store.writeback import Disk, rename_new

SUFFIX = re.compile(r"(\.[A-Za-z0-9]{1,12}){1,2}$")
SHARDS = [f"{number:02x}" for number in range(256)]
NO_LINK = (errno.EMLINK, errno.EPERM, errno.EXDEV, errno.ENOTSUP)
CHUNK = 1 << 20
UNUSED = 6 * 3600  # seconds after which a plain copy goes that nobody asks for any more
GENERATION = slice(2, 10)  # of a blob's name, which begins with its shard


def suffix_of(name: str) -> str:
    """The file type at the end of a name (".csv.gz"), which engines go by; "" where there is none."""
    found = SUFFIX.search(name.rpartition("/")[2])
    return found.group() if found else ""


def generation_of(blob: str) -> int:
    """How many crashes came before a blob; 0 for a file that is none."""
    try:
        return int(blob[GENERATION], 16)
    except ValueError:
        return 0


class Unfiled(io.BytesIO):
    """A blob that has no file yet."""

    name = "bytes without a file yet"


class Blobs:
    """The folder of blobs. Safe to use from any thread and process.

    `lock` is the key that a sealed blob is (to be) locked with, `unlock` that of the blob it is made from.
    """

    def __init__(self, folder: Path, ring: Ring, fresh: Fresh | None = None) -> None:
        self.folder = folder
        self.ring = ring
        self.fresh = fresh
        self.sound = Soundness()
        self.opened = folder / "opened"  # plain copies of sealed blobs, for engines; made anew when asked for
        self.crashes = folder / "crashes"  # how many there were
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (folder / SHARDS[-1]).is_dir():
            for shard in SHARDS:
                (folder / shard).mkdir(exist_ok=True)
            for made in (folder, *folder.parents[:2]):
                sync_folder(made)
        self.disk = Disk(folder)

    def path(self, blob: str) -> Path:
        return Path(self._place(blob))

    def open(self, blob: str) -> BinaryIO:
        name = self._place(blob)
        try:
            return open(name, "rb", buffering=0)  # noqa: PTH123 - the hot path
        except FileNotFoundError:
            if (data := self._fresh(blob)) is None:
                return open(name, "rb", buffering=0)  # noqa: PTH123 - it may have got its file just now
            return Unfiled(data)

    def content(self, blob: str, count: int) -> bytes:
        """The first bytes of a blob as they were stored."""
        path = self._place(blob)
        try:
            return haste.read(path, 0, count)
        except FileNotFoundError:
            if (data := self._fresh(blob)) is None:
                return haste.read(path, 0, count)  # it may have got its file just now
            return data[:count]

    def status(self, blob: str) -> os.stat_result:
        """Of a blob's file, which is made where there is none yet."""
        try:
            return self.path(blob).stat()
        except FileNotFoundError:
            self.settle(blob)
            return self.path(blob).stat()

    def read(self, blob: str, start: int, length: int, lock: bytes = b"") -> Iterator[bytes]:
        """The plain bytes of a range, whether the blob is sealed or not."""
        file = self.open(blob)
        if is_sealed(blob):
            return self.ring.pieces(file, start, length, lock)
        return _range(file, start, length)

    def readable(self, blob: str) -> Path:
        """A file that engines can read: the blob itself, or a plain copy of a sealed one (not of a locked one)."""
        if not is_sealed(blob):
            return self.path(blob)
        self.settle(blob)
        copy = self.opened / blob
        try:
            os.utime(copy)
        except FileNotFoundError:
            self._forget_unused()
            self._open_out(blob, copy)
        return copy

    def _open_out(self, blob: str, copy: Path) -> None:
        self.opened.mkdir(exist_ok=True, mode=0o700)
        aside = copy.with_name(f".{os.urandom(8).hex()}")
        with Draft(aside) as draft:
            for piece in self.read(blob, 0, 1 << 62):
                draft.write(piece)
            draft.keep()
        aside.rename(copy)
        if not self.path(blob).exists():  # deleted meanwhile: nothing of it is to stay
            copy.unlink(missing_ok=True)
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(copy))

    def _forget_unused(self) -> None:
        """Plain copies that nobody has asked for in a while."""
        with suppress(FileNotFoundError):
            for path in self.opened.iterdir():
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < time.time() - UNUSED:
                        path.unlink()

    def draft(self, suffix: str = "", *, sealed: bool = False, lock: bytes = b"") -> Draft:
        return SealedDraft(self._new(MARK + suffix), self.ring, lock) if sealed else Draft(self._new(suffix))

    def carries(self, size: int) -> bool:
        """Whether a blob of this size may ride in a commit."""
        return self.fresh is not None and self.fresh.takes(size)

    def hold(self, data: bytes, suffix: str = "", *, sealed: bool = False, lock: bytes = b"") -> str:
        """A blob that is to ride in the commit that refers to it; until then it is in memory only."""
        assert self.fresh
        name = self._name(MARK + suffix if sealed else suffix)
        if sealed:
            header, seal = self.ring.new(lock)
            data = header + seal.at(0)(data)
        self.fresh.hold(name, data)
        return name

    def rides(self, blob: str) -> bool:
        """Whether a blob has no file yet, and is this process's to give one."""
        return self.fresh is not None and blob in self.fresh.held

    def filed(self, blob: str) -> Path:
        """A blob's file, which is made where there is none yet."""
        self.settle(blob)
        return self.path(blob)

    def settle(self, blob: str) -> None:
        """See that a blob has a file, as whoever hands out its path must. It need not be on disk yet."""
        path = self._place(blob)
        if os.path.exists(path) or (data := self._fresh(blob)) is None:  # noqa: PTH110 - the hot path
            return
        aside = self._place(self._name("~"))
        try:
            _write(aside, data)
            rename_new(aside, path)
        except BaseException as error:
            os.unlink(aside)  # noqa: PTH108
            if not isinstance(
                error, FileExistsError
            ):  # another process was quicker, and the tree may show its file
                raise

    def sync(self) -> None:
        self.disk.sync()

    def adopt(self, file: Path, suffix: str = "", *, sealed: bool = False, lock: bytes = b"") -> str:
        """Take a finished file over: afterwards it is no longer where it was. Only to seal it is it copied."""
        if file.is_symlink() or not file.is_file():
            raise ValueError(f"{file} is not a regular file")
        if sealed:
            return self._carry(file, suffix, sealed=True, lock=lock)
        path = self._new(suffix)
        try:
            file.rename(path)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            return self._carry(file, suffix)
        path.chmod(0o444)
        with path.open("rb") as opened:
            os.fsync(opened.fileno())
        sync_folder(path.parent)
        return path.name

    def share(
        self, blob: str, suffix: str = "", *, sealed: bool = False, lock: bytes = b"", unlock: bytes = b""
    ) -> str:
        """Another blob with the same bytes: a second name for the same file where that is possible."""
        if sealed != is_sealed(blob) or lock != unlock:
            return self.join([blob], suffix, sealed=sealed, lock=lock, unlock=unlock)
        path = self._new(MARK + suffix if sealed else suffix)
        if self.fresh and (data := self.fresh.read(blob)) is not None:  # its file may not be on disk yet
            self.fresh.hold(path.name, data)
            return path.name
        try:
            os.link(self.path(blob), path)
        except OSError as error:
            if error.errno not in NO_LINK:
                raise
            return self.join([blob], suffix, sealed=sealed, lock=lock, unlock=unlock)
        sync_folder(path.parent)
        return path.name

    def join(
        self,
        blobs: Iterable[str],
        suffix: str = "",
        *,
        sealed: bool = False,
        lock: bytes = b"",
        unlock: bytes = b"",
    ) -> str:
        """A new blob: the bytes of several, one behind the other."""
        with self.draft(suffix, sealed=sealed, lock=lock) as draft:
            for blob in blobs:
                self.copy(blob, draft, unlock=unlock)
            return draft.keep()

    def copy(
        self, blob: str, draft: Draft, start: int = 0, length: int | None = None, *, unlock: bytes = b""
    ) -> None:
        """Add a range of a blob to a draft: by the kernel where both are plain."""
        if not (is_sealed(blob) or isinstance(draft, SealedDraft)):
            self.settle(blob)
            return draft.append(self.path(blob), start, length)
        for piece in self.read(blob, start, 1 << 62 if length is None else length, unlock):
            draft.write(piece)
        return None

    def delete(self, blob: str) -> None:
        """Remove a blob that nothing refers to any more; whoever has it open reads on."""
        if self.fresh:
            self.fresh.release(blob)
        with suppress(FileNotFoundError):
            os.unlink(self._place(blob))  # noqa: PTH108 - the hot path
        if is_sealed(blob):
            (self.opened / blob).unlink(missing_ok=True)

    def forget_opened(self) -> None:
        """Remove the plain copies, which nobody keeps up to date while no server runs."""
        shutil.rmtree(self.opened, ignore_errors=True)

    def orphans(self, alive: Collection[str]) -> Iterator[Path]:
        """The files that nothing refers to, of those that were there before the last crash."""
        for shard in SHARDS:
            with os.scandir(self.folder / shard) as entries:
                for entry in entries:
                    if entry.name not in alive and generation_of(entry.name) < self.generation:
                        yield Path(entry.path)

    def inodes(self) -> Iterator[tuple[int, str]]:
        """Every blob with the number of its file."""
        for shard in SHARDS:
            with os.scandir(self.folder / shard) as entries:
                yield from ((entry.inode(), entry.name) for entry in entries)

    @cached_property
    def generation(self) -> int:
        """How many crashes there were, as all processes on this folder know it while they run."""
        try:
            return int(self.crashes.read_text())
        except (FileNotFoundError, ValueError):
            return 1

    def begin_generation(self) -> None:
        """After a crash, before anything is written: whatever is here now is of an older generation."""
        aside = self.crashes.with_name("crashes.new")
        with aside.open("w") as file:
            file.write(str(self.generation + 1))
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self.crashes)
        sync_folder(self.folder)
        del self.generation

    def _fresh(self, blob: str) -> bytes | None:
        return self.fresh.read(blob) if self.fresh else None

    def _place(self, blob: str) -> str:
        return f"{self.folder}/{blob[:2]}/{blob}"

    def _new(self, suffix: str) -> Path:
        return self.path(self._name(suffix))

    def _name(self, suffix: str) -> str:
        random = os.urandom(12).hex()
        return f"{random[:2]}{self.generation:08x}{random[2:]}{suffix}"

    def _carry(self, file: Path, suffix: str, *, sealed: bool = False, lock: bytes = b"") -> str:
        with self.draft(suffix, sealed=sealed, lock=lock) as draft:
            for piece in _range(file.open("rb", buffering=0), 0, 1 << 62):
                draft.write(piece)
            draft.keep()
        file.unlink()
        return draft.id


def _range(file: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while length > 0 and (piece := file.read(min(CHUNK, length))):
            length -= len(piece)
            yield piece


def _write(path: str, data: bytes) -> None:
    """A new file that is read-only by mode, as blobs are."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
