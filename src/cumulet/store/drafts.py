"""Blobs on their way: written once, synced with the folder that names them, or gone."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import TracebackType

from cumulet.store.sealed import Ring
from cumulet.store.writeback import STRIDE, Writeback

CHUNK = 1 << 20


class Draft:
    """A blob being written. Leaving the `with` block by an error removes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        # Read-only by mode: whoever finds the file by its name in the tree cannot change it in place.
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
        self.writeback = Writeback(self.descriptor)

    def write(self, piece: bytes | memoryview) -> None:
        view = memoryview(piece)
        while view:
            count = os.write(self.descriptor, view)
            self.writeback.wrote(count)
            view = view[count:]

    def append(self, source: Path, start: int = 0, length: int | None = None) -> None:
        """Add another file's bytes, copied by the kernel (and shared, where the file system can)."""
        with source.open("rb", buffering=0) as file:
            left = os.fstat(file.fileno()).st_size - start if length is None else length
            file.seek(start)
            while left > 0:
                copied = _copy(file.fileno(), self.descriptor, min(left, STRIDE))
                if not copied:
                    raise OSError(errno.EIO, f"{source} ended before its length")
                self.writeback.wrote(copied)
                left -= copied

    def keep(self) -> str:
        """Make it durable; its id."""
        os.fsync(self.descriptor)
        os.close(self.descriptor)
        self.descriptor = -1
        sync_folder(self.path.parent)
        return self.id

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.path.unlink(missing_ok=True)


class SealedDraft(Draft):
    """A blob being written that is encrypted on its way to the disk."""

    def __init__(self, path: Path, ring: Ring, lock: bytes = b"") -> None:
        super().__init__(path)
        header, seal = ring.new(lock)
        super().write(header)
        self.encrypt = seal.at(0)

    def write(self, piece: bytes | memoryview) -> None:
        super().write(self.encrypt(piece))


def sync_folder(folder: Path) -> None:
    """Make names that were added to a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy(source: int, target: int, size: int) -> int:
    """Copy up to `size` bytes between open files, at their positions; how many it were."""
    if hasattr(os, "copy_file_range"):
        try:
            return os.copy_file_range(source, target, size)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
                raise
    piece = os.pread(source, min(size, CHUNK), os.lseek(source, 0, os.SEEK_CUR))
    written = os.write(target, piece)
    os.lseek(source, written, os.SEEK_CUR)
    return written
