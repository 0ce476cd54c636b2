"""Folders on their way to another machine and back: as pieces that fit into a message, and by what has changed.

Standard library only: it runs on the other machine too. Regular files, folders and links travel, with their modes
and times; pipes and sockets are made where they are used.
"""
# ruff: noqa: PTH101, PTH103, PTH105, PTH108, PTH112, PTH113, PTH114, PTH115, PTH118, PTH120, PTH123, PTH211

from __future__ import annotations

import contextlib
import os
import shutil
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Piece = tuple[
        str, int, int, int, Any
    ]  # name, mode, time of change (ns), offset, bytes or a link's target
    Known = dict[str, tuple[int, int, int]]  # by name: mode, time of change (ns), size

LARGEST = 8 << 20  # bytes of files in one message


def pieces(root: str, without: Iterable[str] = ()) -> Iterator[list[Piece]]:
    """A file or a folder with all that is in it, but for some names at its top, in messages of some megabytes."""
    message: list[Piece] = []
    size = 0
    for name in ["", *_names(root, set(without))]:
        for piece in read(root, name):
            message.append(piece)
            size += len(piece[4]) + 200
            if size >= LARGEST:
                yield message
                message, size = [], 0
    if message:
        yield message


def read(root: str, name: str) -> Iterator[Piece]:
    """One entry; nothing where it has gone meanwhile."""
    path = os.path.join(root, name) if name else root
    with contextlib.suppress(FileNotFoundError):
        status = os.lstat(path)
        about = name, status.st_mode, status.st_mtime_ns
        if stat.S_ISLNK(status.st_mode):
            yield (*about, 0, os.readlink(path))
        elif stat.S_ISDIR(status.st_mode):
            yield (*about, 0, b"")
        elif stat.S_ISREG(status.st_mode):
            with open(path, "rb") as file:
                yield (*about, 0, file.read(LARGEST))
                while more := file.read(LARGEST):
                    yield (*about, file.tell() - len(more), more)


def put(root: str, message: Iterable[Piece]) -> None:
    """Write what has come, in the order in which it was read."""
    for name, mode, changed, offset, content in message:
        path = os.path.join(root, name) if name else root
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if stat.S_ISDIR(mode):
            _clear(path, folder=True)
            os.makedirs(path, exist_ok=True)
        elif stat.S_ISLNK(mode):
            _clear(path)
            os.symlink(content, path)
        else:
            _put_file(path, mode, changed, offset, content)


def known(root: str, without: Iterable[str] = ()) -> Known:
    """What lies in a folder now."""
    found: Known = {}
    for name in _names(root, set(without)) if os.path.isdir(root) else []:
        with contextlib.suppress(FileNotFoundError):
            status = os.lstat(os.path.join(root, name))
            if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
                found[name] = status.st_mode, status.st_mtime_ns, status.st_size
            elif stat.S_ISDIR(status.st_mode):
                found[name] = status.st_mode, 0, 0
    return found


def forget(root: str, names: Iterable[str]) -> None:
    """Delete what is no more at the other end."""
    for name in sorted(names, reverse=True):
        _clear(os.path.join(root, name))


def replace(path: str, written: str, mode: int, changed: int) -> None:
    """Put a file that was written elsewhere on the same file system in its place, at once."""
    _dress(written, mode, changed)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if not os.path.isfile(path):
        _clear(path)
    os.replace(written, path)


def _put_file(path: str, mode: int, changed: int, offset: int, content: bytes) -> None:
    if not offset:
        _clear(path)
    with open(path, "ab") as file:
        file.write(content)
    _dress(path, mode, changed)


def _dress(path: str, mode: int, changed: int) -> None:
    os.chmod(path, stat.S_IMODE(mode))
    os.utime(path, ns=(changed, changed))


def _clear(path: str, *, folder: bool = False) -> None:
    """Make way for an entry of another kind."""
    if os.path.isdir(path) and not os.path.islink(path):
        if not folder:
            shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def _names(root: str, without: set[str]) -> Iterator[str]:
    """Everything below a folder, folders before what is in them."""
    for folder, folders, files in os.walk(root):
        at = os.path.relpath(folder, root)
        if at == ".":
            folders[:] = [name for name in folders if name not in without]
            files = [name for name in files if name not in without]
        folders.sort()
        for name in sorted([*folders, *files]):
            yield name if at == "." else os.path.join(at, name)
