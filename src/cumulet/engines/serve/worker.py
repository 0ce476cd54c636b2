"""Keeping one model's process alive: started, waited for, asked, started again where it crashed.

The first load decides: a model that cannot be loaded is said to be so, and is not tried again. One that
was ready once is brought back for as long as it takes, with growing pauses.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

from cumulet.engines import run as engine
from cumulet.engines.serve.client import Answered, Broken, Client, Gone, NotThere, Question, TimedOut
from cumulet.engines.serve.places import socket_path
from cumulet.engines.serve.process import frames
from cumulet.engines.serve.program import Program

LOOK = 0.02  # seconds between looks at a model that is loading
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 30.0  # seconds before a crashed model is started again
OUT_OF_REACH = "the machine that the model is on does not answer"
STEADY = 60.0  # seconds without a crash that make the pauses short again

log = logging.getLogger(__name__)
T = TypeVar("T")


class NotLoaded(Exception):
    """The model's process ended before it could answer; the text is its traceback or last words."""


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
        self.proven = False  # it was ready once
        self.run: engine.Run | None = None
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

    @property
    def ready(self) -> bool:
        return self.state == "ready"

    def ask(self, question: Question, seconds: float) -> Answered:
        """Ask the model, waiting for it where it is just being started again.

        A model that has answered nobody for so long is taken for hung: its process is ended and started again.
        """
        return self._put(lambda left: self.client.ask(question, left), seconds)

    def stream(self, question: Question, seconds: float) -> tuple[Answered, Iterator[bytes]]:
        """The beginning of the answer, then its further pieces; `seconds` are for each of them."""
        return self._put(lambda left: self._streamed(question, left), seconds)

    def _streamed(self, question: Question, seconds: float) -> tuple[Answered, Iterator[bytes]]:
        stream = self.client.stream(question, seconds)
        _, status, kind, headers, body = next(stream)
        if kind == frames.BROKEN:
            return Answered(500, headers, body), iter(())
        return Answered(status, headers, body), self._rest(stream)

    def _rest(self, stream: Iterator[frames.Frame]) -> Iterator[bytes]:
        try:
            for _, _, kind, _, body in stream:
                if kind == frames.BROKEN:
                    raise Broken(body.decode(errors="replace"))
                yield body
        except TimedOut:
            self.end_hung(self.run, "the model stopped in the middle of its answer")
            raise

    def ask_soon(
        self, question: Question, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> asyncio.Future[Answered] | None:
        """To be called on the loop; None where the model is not there at the moment. It has `seconds`, roughly."""
        if self.state != "ready":
            return None
        try:
            return self.client.ask_soon(question, loop, seconds)
        except NotThere:
            return None

    def _put(self, put: Callable[[float], T], seconds: float) -> T:
        began = time.monotonic()
        while True:
            left = began + seconds - time.monotonic()
            if left <= 0 or not self.wait_ready(left):
                raise TimedOut(f"the model was not ready within {seconds:g} seconds")
            run = self.run
            try:
                return put(left)
            except NotThere:
                self._wait_for_change(run, left)
            except TimedOut:
                self.late(run, began)
                raise
            except Gone as gone:
                raise self.cause(run, gone) from None

    def cause(self, run: engine.Run | None, gone: Gone) -> Gone:
        """Why the process ended, as soon as that is known."""
        self._wait_for_change(run, 1.0)
        return Gone(self.reason or str(gone))

    def late(self, run: engine.Run | None, began: float) -> None:
        """A question has not been answered in time. That may only be the length of the queue."""
        if self.client.quiet_since(began):
            self.end_hung(run, "the model did not answer in time")

    def _wait_for_change(self, run: engine.Run | None, seconds: float) -> None:
        """The process has just ended: wait until that is noticed."""
        with self.changed:
            self.changed.wait_for(lambda: self.state != "ready" or self.run is not run, min(seconds, 1.0))

    def end_hung(self, run: engine.Run | None, reason: str) -> None:
        if run and run is self.run:
            self._become("loading", reason)
            log.warning("%s was ended: %s", self.program.folder.name, reason)
            run.end()

    def close(self) -> None:
        """End the process; what is being asked is given up."""
        self._become("closed")
        if self.run:
            self.run.stop()
        self.thread.join(self.program.farewell)
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
        clear(self.program.folder)
        self._make_way()
        try:
            self.run = self.program.start()
        except engine.CannotStart as error:
            self._become("failed", str(error))
            return None
        if self._loaded(self.run):
            self.proven = True
            self._become("ready")
        elif not self.proven and self.state != "closed" and not _was_lost(self.run):
            self._become("failed", self.last_words() or "the process ended without a word")
            return None
        outcome = self._lived(self.run)
        self.client.close()
        self._become("loading", self._cause(outcome))
        return outcome

    def _cause(self, outcome: engine.Outcome) -> str:
        """Why a model that was ready is no more."""
        if outcome.said:
            return outcome.said
        if outcome.reason == "memory":
            limit = (self.program.memory or 0) >> 20
            return f"the model's process took more memory than its instance has ({limit} MB) and was ended"
        return self.last_words() or f"the model's process ended with exit code {outcome.exit_code}"

    def _loaded(self, run: engine.Run) -> bool:
        while run.wait(LOOK) is None:
            self._follow(run.log)
            if self.state == "closed":
                run.stop()
            if self.program.socket.exists() and self.client.reachable():
                return True
        self._follow(run.log)
        return False

    def _lived(self, run: engine.Run) -> engine.Outcome:
        """Wait for its end, telling the log meanwhile, and whether another machine can be reached."""
        reached = True
        while (outcome := run.wait(1.0)) is None:
            self._follow(run.log)
            if self.state == "closed":
                run.stop()
            elif self.program.away and self.program.socket.exists() != reached:
                reached = not reached
                self._become("ready" if reached else "loading", "" if reached else OUT_OF_REACH)
        self._follow(run.log)
        return outcome

    def last_words(self) -> str:
        if self.program.failure.exists():
            return self.program.failure.read_text().strip()
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


def _was_lost(run: engine.Run) -> bool:
    """Whether it ended with its machine, which says nothing about the model: it is worth another try."""
    outcome = run.wait(0)
    return outcome is not None and bool(outcome.said)


def clear(folder: Path) -> None:
    """Nothing stays in a folder by which a worker is asked or says why it cannot be, whoever started it."""
    for path in (socket := socket_path(folder), Path(f"{socket}~"), folder / "failure"):
        path.unlink(missing_ok=True)
