"""The durable queue: work that was promised, and goes on after a crash until it is done."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from cumulet.store.database import Database

COLUMNS = "id, kind, caller, payload, attempt, stop"
ADD = (
    "INSERT INTO queue (id, kind, caller, payload, state, due, attempt, stop, error) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, 0, '')"
)
CLAIM = (
    "UPDATE queue SET state = 'running', attempt = attempt + 1 WHERE id IN "
    "(SELECT id FROM queue WHERE state = 'queued' AND due <= ? ORDER BY due LIMIT ?) "
    f"RETURNING {COLUMNS}"
)
REQUEUE = "UPDATE queue SET state = 'queued' WHERE state = 'running'"
FINISH = "UPDATE queue SET state = 'done', error = ? WHERE id = ?"
SAVE = "UPDATE queue SET payload = ? WHERE id = ?"
STOP = "UPDATE queue SET stop = 1 WHERE id = ?"
STOPPING = "SELECT stop FROM queue WHERE id = ?"
NEXT_DUE = "SELECT MIN(due) FROM queue WHERE state = 'queued'"
FORGET = "DELETE FROM queue WHERE state = 'done' AND due < ?"


@dataclass(slots=True)
class Entry:
    """One piece of promised work. `attempt` is 1 the first time, more after a restart."""

    id: str
    kind: str
    caller: dict[str, str]
    payload: dict[str, Any]
    attempt: int
    stop: bool


class Queue:
    def __init__(self, database: Database) -> None:
        self.database = database

    def add(
        self, kind: str, caller: dict[str, str], payload: dict[str, Any], due: float, *, running: bool = False
    ) -> Entry:
        """Promise work of a kind, not before `due` (epoch seconds). `running`: whoever adds it begins with it
        at once, so that nobody needs to claim it."""
        state, attempt = ("running", 1) if running else ("queued", 0)
        name, text = str(uuid.uuid4()), json.dumps(payload)
        values = (name, kind, json.dumps(caller), text, state, due, attempt)
        self.database.write(lambda tx: tx.execute(ADD, values))
        return Entry(name, kind, caller, json.loads(text), attempt, stop=False)

    def claim(self, now: float, limit: int = 100) -> list[Entry]:
        """Take what is due: from now on it runs, until `finish`. Costs no write where nothing is due."""
        due = self.next_due()
        if due is None or due > now:
            return []
        with self.database.deferring():  # what is lost with it is only due again
            rows = self.database.write(lambda tx: tx.execute(CLAIM, (now, limit)))
        return [Entry(i, k, json.loads(c), json.loads(p), a, bool(s)) for i, k, c, p, a, s in rows]

    def requeue(self) -> None:
        """After a restart: what was running has lost its server and is due again."""
        self.database.write(lambda tx: tx.execute(REQUEUE))

    def finish(self, entry: str, error: str = "") -> None:
        with self.database.deferring():  # what is lost with it is done again, as after a crash just before
            self.database.write(lambda tx: tx.execute(FINISH, (error, entry)))

    def save(self, entry: str, payload: dict[str, Any]) -> None:
        """Remember how far the work has come, for the next attempt."""
        text = json.dumps(payload)
        self.database.write(lambda tx: tx.execute(SAVE, (text, entry)))

    def stop(self, entry: str) -> None:
        """Ask for the end of the work; survives a restart like the work itself."""
        self.database.write(lambda tx: tx.execute(STOP, (entry,)))

    def stopping(self, entry: str) -> bool:
        """Whether somebody has asked for the end of the work."""
        rows = self.database.read(STOPPING, (entry,))
        return bool(rows and rows[0][0])

    def next_due(self) -> float | None:
        due = self.database.read(NEXT_DUE)[0][0]
        return None if due is None else float(due)

    def forget_finished(self, before: float) -> None:
        self.database.write(lambda tx: tx.execute(FORGET, (before,)))
