"""Warm workers: started at the first query, handed from query to query, ended when nobody asks any more."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cumulet.engines.sql import frames
from cumulet.engines.sql.base import (
    Cancelled,
    Change,
    Lake,
    Outcome,
    Output,
    Query,
    ResultColumn,
    SqlError,
    Written,
)
from cumulet.engines.sql.child import Hear, Worker
from cumulet.engines.sql.picking.base import Question, Refused, Tally

AT_ONCE = 4  # queries on a small machine: short ones come to their turn beside long ones
PART = 0.7  # of the machine's memory, for all of them
KEPT = 3  # idle workers at most
SOUND, LONG = 1000, 10_000  # texts that are known to parse, characters of each
IDLE = 300.0  # seconds without a query after which a worker ends

Begun = Callable[[], None]


class Pool:
    """The engine: as many queries at once as `size`; the others wait their turn, first come first served."""

    def __init__(self, folder: Path, size: int = 0) -> None:
        self.folder = folder
        self.size = size = size or max(AT_ONCE, os.cpu_count() or 1)
        self.idle: list[Worker] = []
        self.running: dict[str, Worker] = {}
        self.reaper: threading.Timer | None = None
        self.lock = threading.Lock()
        self.turns = Turns(size)
        self.checking = threading.Lock()
        self.sound: set[tuple[str, bool]] = set()  # texts that parse
        shutil.rmtree(folder, ignore_errors=True)

    def check(self, text: str, *, change: bool = False) -> None:
        """Whether a query (or an UPDATE, DELETE, MERGE) parses; never waits behind a running one.

        One after the other: it takes milliseconds, and a crowd of them must not start a crowd of workers. A text
        that has parsed once always will.
        """
        if (text, change) in self.sound:
            return
        with self.checking:
            worker = self._take()
            try:
                worker.request({"do": "check", "text": text, "change": change})
            finally:
                self._give_back(worker)
        self._remember(text, change)

    def _remember(self, text: str, change: bool) -> None:
        if len(self.sound) >= SOUND:
            self.sound.clear()
        if len(text) <= LONG:
            self.sound.add((text, change))

    def warm(self) -> None:
        """Have a worker started by the time of the next query."""
        with self.lock:
            if not self.idle and not self.running:
                self.idle.append(self._started())

    def run(self, query: Query, catalog: Lake, key: str, begun: Begun | None = None) -> Outcome:
        """Run in the caller's thread once it is this query's turn, which is told."""
        return outcome(self._do({"do": "run", "query": sent(query)}, catalog, key, begun=begun))

    def change(self, change: Change, catalog: Lake, key: str, begun: Begun | None = None) -> Outcome:
        given = {**asdict(change), "folder": str(change.folder)}
        return outcome(self._do({"do": "change", "change": given}, catalog, key, begun=begun))

    def pick(self, question: Question, key: str, hear: Callable[[Tally], None] | None = None) -> Tally:
        """Answer a question about one file into its target; `Refused` where it has no answer. How far it has
        come is heard as it grows."""
        told: Hear | None = (lambda found: hear(Tally(**found))) if hear else None
        try:
            return Tally(**self._do({"do": "pick", "question": asdict(question)}, None, key, told))
        except SqlError as error:
            if error.kind != "question":
                raise
            raise Refused(error.name, error.message) from None

    def _do(
        self,
        message: frames.Message,
        catalog: Lake | None,
        key: str,
        hear: Hear | None = None,
        begun: Begun | None = None,
    ) -> Any:
        with self.turns.turn(key):
            if begun:
                begun()
            worker = self._take()
            with self.lock:
                memory = self._share(len(self.running))
                self.running[key] = worker
            try:
                return worker.request({**message, "memory": memory}, catalog, hear)
            finally:
                with self.lock:
                    del self.running[key]
                self._give_back(worker)

    def cancel(self, key: str) -> None:
        self.turns.give_up(key)
        with self.lock:
            if (worker := self.running.get(key)) is not None:
                worker.cancel()

    def _take(self) -> Worker:
        with self.lock:
            while self.idle:
                worker = self.idle.pop()
                if worker.alive:
                    return worker
                worker.close()
        return self._started()

    def _started(self) -> Worker:
        return Worker(self.folder, self._share(self.size - 1), os.cpu_count() or 2)

    def _share(self, others: int) -> str:
        """The memory of a query beside so many others: the first gets the most, all together less than there is."""
        pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
        shares = sum(1 / number for number in range(1, self.size + 1))
        return f"{int(pages * page * PART / shares / (others + 1)) // 1_000_000}MB"

    def _give_back(self, worker: Worker) -> None:
        worker.used = time.monotonic()
        if not worker.alive:
            worker.close()
            return
        with self.lock:
            self.idle.append(worker)
            surplus = [self.idle.pop(0)] if len(self.idle) > KEPT else []
            self._arm()
        for each in surplus:
            each.close()

    def _arm(self) -> None:
        """One timer at a time looks after the idle workers."""
        if self.reaper is None and self.idle:
            self.reaper = threading.Timer(IDLE / 2, self._reap)
            self.reaper.daemon = True
            self.reaper.start()

    def _reap(self) -> None:
        """End the workers that nobody has used for a while."""
        oldest = time.monotonic() - IDLE
        with self.lock:
            tired = [each for each in self.idle if each.used < oldest]
            self.idle = [each for each in self.idle if each.used >= oldest]
            self.reaper = None
            self._arm()
        for each in tired:
            each.close()

    def close(self) -> None:
        with self.lock:
            workers, self.idle = self.idle, []
        for each in workers:
            each.close()


class Turns:
    """A fair semaphore: whoever came first goes first; who waits may give up."""

    def __init__(self, places: int) -> None:
        self.free = places
        self.changed = threading.Condition()
        self.waiting: list[str] = []

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        with self.changed:
            self.waiting.append(key)
            self.changed.wait_for(
                lambda: key not in self.waiting or (self.free > 0 and self.waiting[0] == key)
            )
            if key not in self.waiting:
                raise Cancelled
            self.waiting.remove(key)
            self.free -= 1
            self.changed.notify_all()
        try:
            yield
        finally:
            with self.changed:
                self.free += 1
                self.changed.notify_all()

    def give_up(self, key: str) -> None:
        with self.changed:
            if key in self.waiting:
                self.waiting.remove(key)
                self.changed.notify_all()


def sent(query: Query) -> dict[str, Any]:
    return {**members(query), "output": {**members(query.output), "folder": str(query.output.folder)}}


def members(given: Query | Output) -> dict[str, Any]:
    """What `asdict` gives, but not copied all the way down: it goes into JSON at once."""
    return {each.name: getattr(given, each.name) for each in fields(given)}


def outcome(given: dict[str, Any]) -> Outcome:
    return Outcome(
        **{
            **given,
            "columns": [ResultColumn(**c) for c in given["columns"]],
            "files": [Written(**f) for f in given["files"]],
        }
    )
