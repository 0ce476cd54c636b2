"""The server's side of stems (`process/stem.py`): which there are, and the model processes forked from them.

One stem for each Python, list of modules to import beforehand, and variables that must be there when they are
imported. It is started when the first model wants it, and ended some time after the last one has gone.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cumulet.engines import run as engine
from cumulet.engines.run import processes
from cumulet.engines.serve.places import socket_path

# A module of `process/` and its neighbours, by their own names but without what `cumulet` itself would import.
BOOT = """
import sys, types
engines = sys.argv[1]
names = {"": "/..", ".engines": "", ".engines.run": "/run", ".engines.serve": "/serve"}
for name, place in names.items():
    sys.modules["cumulet" + name] = module = types.ModuleType("cumulet" + name)
    module.__path__ = [engines + place]
import importlib
importlib.import_module("cumulet.engines.serve.process." + sys.argv[2]).main(*sys.argv[3:])
"""
ENGINES = Path(__file__).parent.parent
EARLY = (
    "PYTHON",
    "LD_",
    "OMP_",
    "OPENBLAS_",
    "MKL_",
    "NUMEXPR_",
    "KMP_",
    "TF_",
    "CUDA_",
    "MALLOC_",
    "KERAS_",
)
LINGER = 300.0  # seconds that a stem without models is kept for the next one
STARTING = 120.0  # seconds that a stem may take to import what it shall


@dataclass(frozen=True, slots=True)
class Order:
    """What a model's process is told at its birth."""

    folder: Path
    handler: Path
    socket: Path
    failure: Path  # where it says why its model cannot be loaded
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    memory: int | None = None
    grace: float = 5.0
    offline: bool = False

    def line(self) -> bytes:
        spoken = {
            "folder": str(self.folder),
            "handler": str(self.handler),
            "socket": str(self.socket),
            "failure": str(self.failure),
            "environment": {**defaults(), **self.environment, processes.MARK: str(self.folder)},
            "mounts": {target: str(source.resolve()) for target, source in self.mounts.items()},
            "memory": self.memory,
            "grace": self.grace,
            "offline": self.offline,
        }
        return json.dumps(spoken).encode() + b"\n"


def defaults() -> dict[str, str]:
    """What any program may expect of its environment."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
    }


class Offspring:
    """A model's process, as an `engine.Run`: it lives as long as its connection to the stem."""

    def __init__(self, stem: Stem, order: Order) -> None:
        self.stem = stem
        self.folder = order.folder
        self.lock = threading.Lock()
        self.heard = b""
        self.outcome: engine.Outcome | None = None
        self.socket = stem.connect()
        self.socket.sendall(order.line())
        self.socket.settimeout(30)
        self.pid = int(self._line().removeprefix("started "))

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    errors = log

    def wait(self, timeout: float | None = None) -> engine.Outcome | None:
        if self.outcome is None and self._readable(timeout):
            with self.lock:
                if self.outcome is None:
                    self.outcome = self._read_outcome()
                    self.socket.close()
                    self.stem.part()
        return self.outcome

    def stop(self) -> None:
        self._tell(b"stop\n")

    def usage(self) -> tuple[float, int]:
        living = [] if self.outcome else [self.pid]
        return processes.cpu_seconds(living), processes.resident(living, None)

    def end(self, patience: float = 0.0) -> engine.Outcome | None:
        if patience:
            self.stop()
            if outcome := self.wait(patience):
                return outcome
        self._tell(b"kill\n")
        return self.wait()

    def _tell(self, word: bytes) -> None:
        if self.outcome is None:
            try:
                self.socket.sendall(word)
            except OSError:
                return  # it has ended, which `wait` will say

    def _readable(self, timeout: float | None) -> bool:
        try:
            poll = select.poll()
            poll.register(self.socket, select.POLLIN)
            return bool(poll.poll(None if timeout is None else timeout * 1000))
        except (OSError, ValueError):
            return True  # closed by another thread that waited

    def _read_outcome(self) -> engine.Outcome:
        try:
            return engine.Outcome(**json.loads(self._line()))
        except (OSError, ValueError):
            return engine.Outcome(None, "lost", time.time(), time.time())

    def _line(self) -> str:
        while b"\n" not in self.heard:
            data = self.socket.recv(1 << 16)
            if not data:
                raise engine.CannotStart(
                    f"The process from which models are forked ended: {self.stem.last_words}"
                )
            self.heard += data
        line, _, self.heard = self.heard.partition(b"\n")
        return line.decode()


class Stem:
    """One running stem."""

    def __init__(
        self, folder: Path, python: str, modules: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.path = socket_path(folder)
        self.users = 0
        self.used_at = time.monotonic()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine.end(folder)
        self.path.unlink(missing_ok=True)
        command = [python, "-c", BOOT, str(ENGINES), "stem", str(self.path), *modules]
        self.run = engine.start(engine.Task(folder, command, environment, grace=1.0))
        self.starting = threading.Lock()

    def connect(self) -> socket.socket:
        """A connection for one child, as soon as the stem has imported what it shall."""
        with self.starting:
            deadline = time.monotonic() + STARTING
            while not self.path.exists():
                if self.run.wait(0.01) is not None or time.monotonic() > deadline:
                    raise engine.CannotStart(f"No model can be started: {self.last_words}")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(self.path))
        self.users += 1
        return connection

    @property
    def alive(self) -> bool:
        return self.run.wait(0) is None

    @property
    def last_words(self) -> str:
        return self.run.log.read_text(errors="replace")[-2000:].strip() if self.run.log.exists() else ""

    def part(self) -> None:
        """One of its children has ended."""
        self.users -= 1
        self.used_at = time.monotonic()


class Stems:
    """All stems of one server, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.stems: dict[str, Stem] = {}

    def fork(self, python: str, modules: Sequence[str], order: Order) -> Offspring:
        try:
            return Offspring(self.stem(python, modules, order.environment), order)
        except (OSError, ValueError) as error:
            raise engine.CannotStart(f"No process for the model: {error}") from error

    def stem(self, python: str, modules: Sequence[str], environment: Mapping[str, str]) -> Stem:
        """The stem for a Python and its modules, started where there is none (and not waited for)."""
        early = {name: value for name, value in environment.items() if name.startswith(EARLY)}
        key = hashlib.sha256(json.dumps([python, *modules, sorted(early.items())]).encode()).hexdigest()[:16]
        with self.lock:
            self._end_unused(key)
            found = self.stems.get(key)
            if found is None or not found.alive:
                found = self.stems[key] = Stem(self.folder / key, python, modules, early)
            return found

    def _end_unused(self, but: str) -> None:
        old = time.monotonic() - LINGER
        for key, stem in list(self.stems.items()):
            if key != but and stem.users == 0 and stem.used_at < old:
                del self.stems[key]
                stem.run.stop()

    def close(self) -> None:
        with self.lock:
            stems, self.stems = list(self.stems.values()), {}
        for stem in stems:
            stem.run.end()


_all: dict[Path, Stems] = {}
_making = threading.Lock()


def stems_in(folder: Path) -> Stems:
    """The stems whose folder this is; they end with this process, at the latest."""
    with _making:
        if not _all:
            atexit.register(_end_all, os.getpid())
        return _all.setdefault(folder.absolute(), Stems(folder.absolute()))


def _end_all(owner: int) -> None:
    """Before this process has gone, not a moment after it (the kernel would see to that)."""
    if os.getpid() == owner:
        for stems in _all.values():
            stems.close()
