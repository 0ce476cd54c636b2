"""Who serves a data directory: a lock that dies with its process, and a note saying where to find it.

The lock (`run/lock`) is the truth: the kernel lets go of it however the process ends, so a stale note is
recognised. The note (`run/server.json`) is for people and for the other commands.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from cumulet.config import Config, Unusable


class AlreadyServed(Exception):
    """Another Cumulet has this data directory open."""


@dataclass(frozen=True, slots=True)
class Presence:
    """A server at work, as `run/server.json` tells it. Times are epoch seconds."""

    pid: int
    host: str
    port: int
    proxy_port: int
    started: float

    @classmethod
    def of(cls, config: Config) -> Presence:
        return cls(os.getpid(), config.host, config.port, config.proxy_port, time.time())

    def write(self, data_dir: Path) -> None:
        write_secret(_note(data_dir), json.dumps(asdict(self)))

    def config(self, asked: Config) -> Config:
        """The settings of the running server, for those who want to talk to it."""
        return asked.at(self.host, self.port, self.proxy_port)


def private(folder: Path) -> Path:
    """A folder for its owner only, made where it is missing, and so are those above it."""
    if not folder.is_dir():
        private(folder.parent)
        folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def prepare(data_dir: Path) -> Path:
    """The data directory, made where it is missing; `Unusable` where nothing could be kept in it."""
    try:
        private(data_dir)
    except OSError as error:
        raise Unusable(_unusable(data_dir, error.strerror or str(error))) from None
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise Unusable(_unusable(data_dir, "it is not writable"))
    return data_dir


def _unusable(data_dir: Path, why: str) -> str:
    return (
        f"{data_dir} cannot be the data directory: {why}. Choose another with --data-dir or CUMULET_DATA_DIR."
    )


def write_secret(path: Path, text: str) -> None:
    """A file that is seen whole or not at all, and by its owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _note(data_dir: Path) -> Path:
    return data_dir / "run" / "server.json"


@contextmanager
def claim(data_dir: Path) -> Iterator[int]:
    """Hold a data directory for as long as the block runs; `AlreadyServed` where somebody does already.

    What is given is the open lock. A process that inherits it holds the directory too, as long as it lives.
    """
    folder = private(prepare(data_dir) / "run")
    with (folder / "lock").open("a+b") as lock:
        if not (_lock(lock.fileno()) or _lock_soon(lock.fileno())):
            raise AlreadyServed(_busy(data_dir))
        _note(data_dir).unlink(missing_ok=True)
        try:
            yield lock.fileno()
        finally:
            _note(data_dir).unlink(missing_ok=True)


def _busy(data_dir: Path) -> str:
    found = _read(data_dir)
    where = f" (process {found.pid}, port {found.port})" if found else ""
    return (
        f"Another Cumulet{where} already serves {data_dir}. "
        "Use that one, stop it with `cumulet down`, or choose another --data-dir."
    )


def serving(data_dir: Path) -> Presence | None:
    """The server that holds a data directory, if one does and is ready."""
    return _read(data_dir) if held(data_dir) else None


def held(data_dir: Path) -> bool:
    """Whether a server is alive on this directory (ready or not)."""
    try:
        with (data_dir / "run" / "lock").open("r+b") as lock:
            return not _lock(lock.fileno())
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Unusable(_unusable(data_dir, error.strerror or str(error))) from None


def _read(data_dir: Path) -> Presence | None:
    try:
        return Presence(**json.loads(_note(data_dir).read_text()))
    except FileNotFoundError:
        return None


def _lock_soon(descriptor: int) -> bool:
    """Another try or two: a command that asks whether the directory is held holds it for a moment itself."""
    for _ in range(5):
        time.sleep(0.02)
        if _lock(descriptor):
            return True
    return False


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Do something in one process at a time, waiting for the others."""
    with path.open("a+b") as lock:
        _lock(lock.fileno(), wait=True)
        yield


def _lock(descriptor: int, *, wait: bool = False) -> bool:
    """Take the exclusive lock; closing the file gives it back."""
    try:
        if os.name == "nt":
            import msvcrt

            mode = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK  # type: ignore[attr-defined,unused-ignore]
            msvcrt.locking(descriptor, mode, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True
