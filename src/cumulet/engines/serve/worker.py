"""Keeping one model's process alive: started, waited for, asked, started again where it crashed.

The first load decides: a model that cannot be loaded is said to be so, and is not tried again. One that
was ready once is brought back for as long as it takes, with growing pauses.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cumulet.engines import run as engine
from cumulet.engines.serve.client import Answered, Client, Gone, NotThere, Question, TimedOut

PROCESS = Path(__file__).with_name("process.py")
LONGEST_SOCKET = 100  # bytes of a path that every system's sockaddr_un holds
LOOK = 0.02  # seconds between looks at a model that is loading
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a crashed model is started again
STEADY = 60.0  # seconds without a crash that make the pauses short again
GRACE = 5.0

log = logging.getLogger(__name__)


class NotLoaded(Exception):
    """The model's process ended before it could answer; the text is its traceback or last words."""


@dataclass(frozen=True, slots=True)
class Program:
    """How to start a model: the handler that loads it and the surroundings it runs in."""

    folder: Path  # belongs to this worker alone
    handler: Path
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    memory: int | None = None

    @property
    def socket(self) -> Path:
        return socket_path(self.folder)

    @property
    def command(self) -> Sequence[str]:
        return [self.python, str(PROCESS), str(self.socket), str(self.handler)]


class Listener(Protocol):
    """Whoever wants to know what the process prints; both methods are given the path of its log."""

    def begin(self, path: Path) -> None:
        """The process is about to be started: what an earlier one wrote is there for the last time."""

    def follow(self, path: Path) -> None:
        """The log may have grown."""


class Worker:
    """One warm process. Safe to use from any thread."""

    def __init__(self, program: Program, listener: Listener | None = None) -> None:
        self.program = program
        self.client = Client(program.socket)
        self.listener = listener
        self.changed = threading.Condition()
        self.state = "loading"  # "ready", "failed", "closed"
        self.reason = ""
        self.run: engine.LocalRun | None = None
        self.thread = threading.Thread(
            target=self._keep_alive, name=f"model {program.folder.name}", daemon=True
        )
        self.thread.start()

    def wait_ready(self, seconds: float | None = None) -> bool:
        """Until the model can be asked; False after `seconds`; `NotLoaded` where it never will."""
        with self.changed:
            self.changed.wait_for(lambda: self.state != "loading", seconds)
            if self.state in ("failed", "closed"):
                raise NotLoaded(self.reason or "the model was shut down")
            return self.state == "ready"

    def ask(self, question: Question, seconds: float) -> Answered:
        """Ask the model, waiting for it where it is just being started again.

        A model that does not answer in time is taken for hung: its process is ended and started again.
        """
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self.wait_ready(left):
                raise TimedOut(f"the model was not ready within {seconds:g} seconds")
            run = self.run
            try:
                return self.client.ask(question, left)
            except NotThere:
                self._wait_for_change(run, left)
            except TimedOut:
                self._end_hung(run)
                raise
            except Gone as gone:
                self._wait_for_change(run, left)
                raise Gone(self._last_words() or str(gone)) from None

    def _wait_for_change(self, run: engine.LocalRun | None, seconds: float) -> None:
        """The process has just ended: wait until that is noticed."""
        with self.changed:
            self.changed.wait_for(lambda: self.state != "ready" or self.run is not run, min(seconds, 1.0))

    def _end_hung(self, run: engine.LocalRun | None) -> None:
        if run and run is self.run:
            self._become("loading", "the model did not answer in time")
            run.stop()

    def close(self) -> None:
        """End the process; what is being asked is given up."""
        self._become("closed")
        if self.run:
            self.run.stop()
        self.thread.join(GRACE + 5)
        self.client.close()
        clear(self.program.folder)

    def _become(self, state: str, reason: str = "") -> None:
        with self.changed:
            if self.state != "closed":
                self.state, self.reason = state, reason
            self.changed.notify_all()

    def _keep_alive(self) -> None:
        pause = FIRST_PAUSE
        while self.state != "closed":
            outcome = self._live_once()
            if self.state == "failed" or outcome is None:
                return
            steady = outcome.ended - outcome.started > STEADY
            pause = FIRST_PAUSE if steady else min(2 * pause, LONGEST_PAUSE)
            with self.changed:
                self.changed.wait_for(lambda: self.state == "closed", pause)

    def _live_once(self) -> engine.Outcome | None:
        """One life of the process; None where it was never ready, so that another would be no better."""
        born = self.reason == "" and self.state == "loading" and self.run is None
        clear(self.program.folder)
        self._make_way()
        try:
            self.run = engine.start(self._task())
        except engine.CannotStart as error:
            self._become("failed", str(error))
            return None
        ready = self._loaded(self.run)
        if ready:
            self._become("ready")
        elif born and self.state != "closed":
            self._become("failed", self._last_words() or "the process ended without a word")
            return None
        outcome = self._lived(self.run)
        self.client.close()
        self._become("loading", self._last_words())
        return outcome

    def _task(self) -> engine.Task:
        program = self.program
        return engine.Task(
            folder=program.folder / "process",
            command=program.command,
            environment=program.environment,
            mounts=program.mounts,
            grace=GRACE,
            memory=program.memory,
            outlives=False,
        )

    def _loaded(self, run: engine.LocalRun) -> bool:
        while run.wait(LOOK) is None:
            self._follow(run.log)
            if self.state == "closed":
                run.stop()
            if self.program.socket.exists() and self.client.reachable():
                return True
        self._follow(run.log)
        return False

    def _lived(self, run: engine.LocalRun) -> engine.Outcome:
        """Wait for its end, telling the log meanwhile."""
        while (outcome := run.wait(1.0)) is None:
            self._follow(run.log)
            if self.state == "closed":
                run.stop()
        self._follow(run.log)
        return outcome

    def _last_words(self) -> str:
        failure = Path(f"{self.program.socket}.failure")
        if failure.exists():
            return failure.read_text().strip()
        if self.run and self.run.log.exists():
            return self.run.log.read_text(errors="replace")[-2000:].strip()
        return ""

    def _make_way(self) -> None:
        self.program.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.listener:
            self.listener.begin(self.program.folder / "process/output.log")

    def _follow(self, path: Path) -> None:
        """A listener that cannot listen now is told again later; the model goes on meanwhile."""
        try:
            if self.listener:
                self.listener.follow(path)
        except Exception:
            log.exception("what %s printed was not taken up yet", self.program.folder.name)


def clear(folder: Path) -> None:
    """No process and no socket of a worker stays in a folder, whoever started it: that of a server which
    was killed may need another moment."""
    engine.end(folder / "process")
    for ending in ("", "~", ".failure"):
        Path(f"{socket_path(folder)}{ending}").unlink(missing_ok=True)


def socket_path(folder: Path) -> Path:
    """A place for the socket: in the folder, or where that is too long a path, always the same short one."""
    path = folder.resolve() / "socket"
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"cumulet-{os.getuid()}" / name
