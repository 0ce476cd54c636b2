"""How much is remembered: figures for `cumulet status`."""

from __future__ import annotations

from cumulet.store.database import Database

RECORDS = "SELECT kind, COUNT(*) FROM records GROUP BY kind ORDER BY kind"
JOBS = "SELECT state, COUNT(*) FROM queue GROUP BY state ORDER BY state"
OBJECTS = "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM objects WHERE listed = 1"


def records(database: Database) -> dict[str, int]:
    """Resources by kind."""
    return {kind: int(count) for kind, count in database.read(RECORDS)}


def jobs(database: Database) -> dict[str, int]:
    """Promised work by state: queued, running, done."""
    return {state: int(count) for state, count in database.read(JOBS)}


def objects(database: Database) -> tuple[int, int]:
    """How many objects buckets show, and their bytes."""
    count, size = database.read(OBJECTS)[0]
    return int(count), int(size)
