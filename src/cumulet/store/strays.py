# ruff: noqa: PTH118 - names of files are bytes
"""The folders of buckets as they are: every file in the order of keys, and what may be an object by its name.

Source of the ways to see that somebody is still writing: https://man7.org/linux/man-pages/man2/fcntl.2.html
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass

from cumulet.store.tree import HOUSE

KEY_BYTES = 1024
HIDDEN = "hidden by its name"
TEMPORARY = "a temporary file by its name"
# What browsers, editors, rsync and office programs call a file until it is complete.
PASSING = re.compile(
    rb"~\$.*|.*~|.*\.(part|partial|filepart|crdownload|download|tmp|temp|swp|swx|lock)", re.I
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Something that stands in a bucket's folder; `name` is its path below it."""

    path: bytes
    name: bytes
    inode: int
    regular: bool


def walk(root: bytes) -> Iterator[Standing]:
    """Everything below a bucket's folder that is no folder, in the order of keys (that of bytes).

    A folder that cannot be read is told as if it were a file.
    """
    pending = [_children(root, b"")]
    while pending:
        item = next(pending[-1], None)
        if item is None:
            pending.pop()
        elif isinstance(item, Standing):
            yield item
        else:
            try:
                pending.append(_children(*item))
            except OSError:
                yield Standing(item[0], item[1].rstrip(b"/"), 0, regular=False)


def _children(path: bytes, prefix: bytes) -> Iterator[Standing | tuple[bytes, bytes]]:
    with os.scandir(path) as entries:
        found = []
        for entry in entries:
            folder = entry.is_dir(follow_symlinks=False)
            if not (prefix == b"" and entry.name == HOUSE):
                regular = entry.is_file(follow_symlinks=False)
                found.append((entry.name + b"/" if folder else entry.name, entry.inode(), folder, regular))
    return (
        (os.path.join(path, name[:-1]), prefix + name)
        if folder
        else Standing(os.path.join(path, name), prefix + name, inode, regular)
        for name, inode, folder, regular in sorted(found)
    )


def refused_name(name: bytes) -> str:
    """Why a file of this name is left alone; "" where it may be an object."""
    steps = name.split(b"/")
    if any(step.startswith(b".") for step in steps):
        return HIDDEN
    if PASSING.fullmatch(steps[-1]):
        return TEMPORARY
    if len(name) > KEY_BYTES:
        return f"its name is longer than {KEY_BYTES} bytes"
    try:
        name.decode()
    except UnicodeDecodeError:
        return "its name is not UTF-8"
    return ""


def is_written(descriptor: int) -> bool | None:
    """Whether anybody has this file open for writing; None where the system does not tell.

    Only of a file that nobody writes can a read lease be had; it is given back at once. (Should somebody open
    the file just then, the kernel says so by a signal: by SIGURG, which is ignored, in SIGIO's place.)
    """
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except AttributeError:  # not Linux
        return None
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
