"""The actor on a Ray node that runs one program there, under a supervisor as on the server's own machine.

Its class travels by value and brings this package's modules with it (`kit`): a node needs Ray and the server's
version of Python, nothing of Cumulet. Where the node does not see the server's files, it is sent copies, which
the program sees at the same paths as on the server, by mounts of its own: nothing has to be translated.
"""
# ruff: noqa: PTH103, PTH110, PTH114, PTH115, PTH118, PTH123

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import types
from typing import Any

PREFIX = "cumulet-run-"
PIECE = 1 << 20  # bytes of a log in one message
LOOK = 0.1


class Keeper:
    def __init__(self, kit: dict[str, bytes]) -> None:
        self.folder = tempfile.mkdtemp(prefix=PREFIX)
        self.alive = pathlib.Path(self.folder, "alive").open("w")  # noqa: SIM115  (locked as long as this process lives)
        fcntl.flock(self.alive, fcntl.LOCK_EX)
        atexit.register(shutil.rmtree, self.folder, True)
        self.run: Any = None
        self.socket = ""  # where a program that others ask is to listen
        self.opening: Any = None  # the gate that leads there
        self.known: dict[int, Any] = {}
        self.offsets = {"log": 0, "errors": 0}
        self.reading = threading.Lock()
        self._sweep()
        self._unpack(kit)

    def about(self) -> dict[str, Any]:
        """Where this is."""
        import ray

        address = ray.util.get_node_ip_address()
        machine = self._module("processes").machine()
        return {"address": address, "machine": machine, "interface": self._module("relay").interface(address)}

    def sees(self, beacon: str, word: str, others: list[str]) -> bool:
        """Whether the server's files are here too: one with a word that nobody can guess, and all others."""
        try:
            with open(beacon) as file:
                return file.read() == word and all(os.path.exists(path) for path in others)
        except OSError:
            return False

    # Files from the server

    def receive(self, number: int, message: list[Any]) -> None:
        """Pieces of one of the folders that are carried."""
        self._baggage.put(self._copy(number), message)

    def opened(self, gate: tuple[str, int], secret: str, addresses: list[str]) -> dict[str, str]:
        """For each address of the server's machine one of this, which leads there."""
        relay = self._module("relay")
        return {each: relay.Door(gate, secret, n).address for n, each in enumerate(addresses)}

    def remember(self, numbers: list[int]) -> None:
        """What is in the folders from which changes come back."""
        self.known = {number: self._baggage.known(self._copy(number)) for number in numbers}

    def changes(self) -> dict[int, tuple[list[tuple[str, tuple[int, int, int]]], list[str]]]:
        """What is new or other since the last time, and what is no more, of each folder."""
        found = {}
        for number, before in self.known.items():
            now = self._baggage.known(self._copy(number))
            new = [(name, about) for name, about in now.items() if before.get(name) != about]
            found[number] = new, [name for name in before if name not in now]
            self.known[number] = now
        return found

    def read(self, number: int, name: str, offset: int) -> list[Any]:
        """The piece of a changed file that begins at an offset; nothing where it has gone."""
        path = os.path.join(self._copy(number), name)
        with contextlib.suppress(FileNotFoundError):
            if os.path.islink(path):
                return [os.readlink(path)]
            with open(path, "rb") as file:
                file.seek(offset)
                return [file.read(self._baggage.LARGEST)]
        return []

    def renew(self, number: int, message: list[Any]) -> None:
        """A small file that the server has written anew takes the place of its copy, at once."""
        scratch = os.path.join(self.folder, "renewed")
        for name, mode, changed, offset, content in message:
            self._baggage.put(scratch, [("", mode, changed, offset, content)])
            self._baggage.replace(os.path.join(self._copy(number), name), scratch, mode, changed)
            self.known[number][name] = mode, changed, len(content)

    # The program

    def begin(self, task: dict[str, Any], carried: dict[str, int]) -> str:
        """Start it; why that cannot be, or "". `carried` tells of paths which of the copies they are."""
        local = self._module("local")
        copies = {path: pathlib.Path(self._copy(number)) for path, number in carried.items()}
        mounts = {**self._python(task["python"]), **self._kept(task["keeps"]), **copies} if carried else {}
        mounts |= {target: self._here(source, copies) for target, source in task["mounts"].items()}
        given = {name: task[name] for name in task["as_they_are"]}
        environment = {**task["environment"], **self._devices(task["gpus"])}
        if task["answers"]:
            self.socket = os.path.join(self.folder, "socket")
            environment[self._module("processes").SOCKET] = self.socket
        folder = pathlib.Path(self.folder, "process")
        try:
            self.run = local.start(local.Task(folder=folder, environment=environment, mounts=mounts, **given))
        except local.CannotStart as error:
            return str(error)
        return ""

    def gate(self) -> tuple[int, str]:
        """The port of this machine at which the program can be asked, by whoever knows the secret."""
        self.opening = self.opening or self._module("relay").Gate([self.socket])
        return self.opening.port, self.opening.secret

    def follow(self, seconds: float, asked: bool = False) -> dict[str, Any]:
        """What it has written since the last time, waiting so long for it; how it ended, once all was read; whether
        it listens, which who does not ask it yet (`asked`) is told at once."""
        deadline = time.monotonic() + seconds
        with self.reading:
            while True:
                outcome = self.run.wait(0)
                new = {"log": self._new("log", self.run.log), "errors": b""}
                if self.run.errors != self.run.log:
                    new["errors"] = self._new("errors", self.run.errors)
                listens = bool(self.socket) and os.path.exists(self.socket)
                due = time.monotonic() >= deadline or (listens and not asked)
                if any(new.values()) or outcome or due:
                    ended = outcome and not any(new.values())
                    told = {name: getattr(outcome, name) for name in outcome.__slots__} if ended else None
                    return {**new, "outcome": told, "usage": self.run.usage(), "listens": listens}
                self.run.wait(LOOK)

    def stop(self) -> None:
        if self.run:
            self.run.stop()

    def end(self) -> None:
        if self.run:
            self.run.end()

    def leave(self) -> None:
        """It is over, and all has been read."""
        shutil.rmtree(self.folder, ignore_errors=True)

    # Within

    def _new(self, name: str, path: pathlib.Path) -> bytes:
        with open(path, "rb") as file:
            file.seek(self.offsets[name])
            data = file.read(PIECE)
        self.offsets[name] += len(data)
        return data

    def _copy(self, number: int) -> str:
        return os.path.join(self.folder, "copies", str(number), "it")

    def _here(self, source: str, copies: dict[str, pathlib.Path]) -> pathlib.Path:
        """Where a path of the server's lies here: in one of the copies, else where it lies there."""
        for path, copy in sorted(copies.items(), reverse=True):
            if source == path or source.startswith(f"{path}/"):
                return copy / source[len(path) + 1 :] if source != path else copy
        return pathlib.Path(source)

    def _python(self, wanted: dict[str, str]) -> dict[str, pathlib.Path]:
        """The server's Python at its path; where there is none, this node's is shown there."""
        if os.access(wanted["executable"], os.X_OK):
            return {}
        return {wanted["prefix"]: pathlib.Path(sys.prefix)}

    def _kept(self, paths: list[str]) -> dict[str, pathlib.Path]:
        """This machine's own of the folders that each machine has for itself: they stay for the next run."""
        found = {}
        for path in paths:
            name = hashlib.sha256(path.encode()).hexdigest()[:16]
            found[path] = pathlib.Path(tempfile.gettempdir(), f"cumulet-kept-{os.getuid()}", name)
            found[path].mkdir(parents=True, exist_ok=True, mode=0o700)
        return found

    def _devices(self, gpus: int) -> dict[str, str]:
        """The GPUs that Ray has given to this actor."""
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        return {"CUDA_VISIBLE_DEVICES": seen} if gpus and seen is not None else {}

    def _unpack(self, kit: dict[str, bytes]) -> None:
        """This package's modules, by their own names but without what `cumulet` itself would import."""
        place = os.path.join(self.folder, "kit")
        os.makedirs(place)
        for name, text in kit.items():
            with open(os.path.join(place, name), "wb") as file:
                file.write(text)
        for name in ("cumulet", "cumulet.engines", "cumulet.engines.run"):
            sys.modules[name] = module = types.ModuleType(name)
            module.__path__ = [place]
        self._baggage = self._module("baggage")

    def _module(self, name: str) -> Any:
        import importlib

        return importlib.import_module(f"cumulet.engines.run.{name}")

    def _sweep(self) -> None:
        """Delete what actors left here that were killed."""
        for alive in pathlib.Path(self.folder).parent.glob(f"{PREFIX}*/alive"):
            with contextlib.suppress(OSError), alive.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - alive.stat().st_mtime > 60:
                    shutil.rmtree(alive.parent, ignore_errors=True)
