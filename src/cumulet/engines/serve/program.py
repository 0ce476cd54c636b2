"""How a model's process is started: forked from a stem of this machine, or on its own on a cluster."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.engines.serve.places import socket_path
from cumulet.engines.serve.stems import BOOT, ENGINES, Order, Stems, stems_in

GRACE = 5.0  # seconds in which a model's process may end by itself
FAREWELL = 60.0  # seconds in which the same has to be over on a cluster, at the latest


@dataclass(frozen=True, slots=True)
class Away:
    """A place on a Ray cluster: its address, and what of an `engine.Task` speaks of that (`share`)."""

    cluster: str
    share: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Program:
    """How to start a model: the handler that loads it and the surroundings it runs in."""

    folder: Path  # belongs to this worker alone
    handler: Path
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    memory: int | None = None  # bytes that its processes may take, all together
    modules: Sequence[str] = ()  # imported before the fork: what most models of this kind need
    stems: Path | None = None  # where the processes live from which models are forked
    offline: bool = False  # its network is its own, where it has `mounts`: nobody is there but itself
    away: Away | None = None  # where it runs, if not here

    @property
    def socket(self) -> Path:
        """Where it is asked, wherever it runs."""
        return socket_path(self.folder)

    @property
    def failure(self) -> Path:
        """Where it says why its model cannot be loaded."""
        return self.folder / "failure"

    @property
    def farewell(self) -> float:
        """Seconds after which it must have ended that was asked to."""
        return FAREWELL if self.away else GRACE + 5

    def warm(self) -> None:
        """Have ready what the process is forked from, and keep it so."""
        self._stems.stem(self.python, self.modules, self.environment).used_at = time.monotonic()

    @property
    def _stems(self) -> Stems:
        return stems_in(self.stems or self.folder.parent / "stems")

    def start(self) -> engine.Run:
        folder = self.folder / "process"
        folder.mkdir(parents=True, exist_ok=True)
        if self.away:
            return self._start_away(folder, self.away)
        (folder / "output.log").unlink(missing_ok=True)
        surroundings = (self.environment, self.mounts, self.memory, GRACE, self.offline)
        order = Order(folder, self.handler, self.socket, self.failure, *surroundings)
        return self._stems.fork(self.python, self.modules, order)

    def _start_away(self, folder: Path, away: Away) -> engine.Run:
        """What an earlier server started there is over before this begins."""
        engine.end(folder)
        carries = list(away.share.get("carries", ()))
        own = [ENGINES / "run", ENGINES / "serve", self.handler.parent]
        carries += [path for path in own if not any(map(path.is_relative_to, carries))]
        task = engine.Task(
            folder=folder,
            command=[self.python, "-c", BOOT, str(ENGINES), "alone", str(self.handler), str(self.failure)],
            environment=self.environment,
            mounts={target: source.resolve() for target, source in self.mounts.items()},
            cwd=self.folder,
            grace=GRACE,
            memory=self.memory,
            offline=self.offline,
            home=self.folder,
            answers=self.socket,
            **{**away.share, "carries": carries},
        )
        return engine.start(task, away.cluster)
