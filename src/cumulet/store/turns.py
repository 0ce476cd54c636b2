"""Taking turns with other processes: locks that the kernel gives back however their holder ends.

`flock` alone is not fair: who lets go and asks again at once mostly gets it again. So whoever wants a turn
first stands at the gate, where only one waits at a time: the last holder has to queue up behind it.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turn:
    """One thing at a time among all processes that open the same folder. Held by one thread of a process."""

    def __init__(self, folder: Path, name: str) -> None:
        self.gate, self.turn = (_open(folder / f"{name}.{part}") for part in ("gate", "turn"))

    def __enter__(self) -> None:
        fcntl.flock(self.gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self.turn, fcntl.LOCK_EX)
        finally:
            fcntl.flock(self.gate, fcntl.LOCK_UN)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self.turn, fcntl.LOCK_UN)

    def close(self) -> None:
        for descriptor in (self.gate, self.turn):
            os.close(descriptor)


class Lane:
    """One of several locks among all threads of all processes."""

    def __init__(self, path: Path) -> None:
        self.threads = threading.Lock()
        self.descriptor = _open(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        with self.threads:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def __del__(self) -> None:
        os.close(self.descriptor)


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
