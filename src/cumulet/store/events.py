"""Progress: what happened, in order, for those who watch now and for those who look later."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cumulet.store.database import Database
from cumulet.store.order import Order

INSERT = "INSERT INTO events (id, time, kind, scope, body) VALUES (?, ?, ?, ?, ?)"
SINCE = "SELECT id, time, kind, scope, body FROM events WHERE scope = ? AND id > ? ORDER BY id LIMIT ?"
FORGET = "DELETE FROM events WHERE id < ?"
WEEK = 604_800.0  # seconds for which an event can be read
OFTEN = 1000  # events between two looks for those that are older
WAITING = 10_000  # events that a watcher may be behind; then the oldest are left out (they can be read)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: `kind` as in "sagemaker.training_job", `scope` as in records."""

    id: int
    time: float
    kind: str
    scope: str
    body: dict[str, Any]


class Events:
    def __init__(self, database: Database, kept: float = WEEK) -> None:
        self.database = database
        self.kept = int(kept * 1e9)  # as ids count
        self.order = Order()
        self.lock = threading.Lock()
        self.watchers: list[queue.Queue[Event]] = []
        self.appended = 0

    def append(self, kind: str, scope: str, body: dict[str, Any], time: float) -> None:
        """Remember it; those who watch hear of it once it is durable."""

        def change() -> None:
            event = Event(self.order.take()[0], time, kind, scope, body)
            values = (event.id, time, kind, scope, json.dumps(body, separators=(",", ":")))
            self.database.write(lambda tx: tx.execute(INSERT, values))
            self.appended += 1
            if self.appended % OFTEN == 0:
                self.database.write(lambda tx: tx.execute(FORGET, (event.id - self.kept,)))
            self.database.after_commit(lambda: self._tell(event))

        self.database.write(lambda _: change())

    def since(self, scope: str, after: int = 0, limit: int = 1000) -> list[Event]:
        """What happened behind an event's id, oldest first."""
        rows = self.database.read(SINCE, (scope, after, limit))
        return [Event(i, t, k, s, json.loads(b)) for i, t, k, s, b in rows]

    @contextmanager
    def watch(self) -> Iterator[queue.Queue[Event]]:
        """A queue of what happens from now on."""
        watcher: queue.Queue[Event] = queue.Queue(WAITING)
        with self.lock:
            self.watchers.append(watcher)
        try:
            yield watcher
        finally:
            with self.lock:
                self.watchers.remove(watcher)

    def _tell(self, event: Event) -> None:
        with self.lock:
            for watcher in self.watchers:
                if watcher.full():
                    watcher.get_nowait()
                watcher.put_nowait(event)
