"""The one seam to the database: SQLite in the data directory, or Postgres by a URL.

SQL is written once, with `?` for parameters, in the words that both understand. Where they differ a
statement says `{bytewise}` (ordering by UTF-8 bytes) or `{blob}` (a column of bytes), see `Dialect`.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
Row = tuple[Any, ...]


class Closed(Exception):
    """The store was asked for something after it had been closed."""


class Full(OSError):
    """The disk has no room for a change: nothing of it is kept, and what was there stays readable."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Transaction(Protocol):
    """A change in progress: what it executes is seen by others together, or never."""

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...


class Database(Protocol):
    """What the store needs of a database."""

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Rows of the last committed state (inside a change: of the change's own view)."""

    def write(self, change: Callable[[Transaction], T]) -> T:
        """Apply a change durably. Inside another change it joins that one. May be retried: keep it pure."""

    def after_commit(self, act: Callable[[], None]) -> None:
        """Act once the change that this thread is in is durable; at once outside a change. Not if it fails.

        What is done here must not touch the store: it is for waking those who wait.
        """

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """The few words in which the two databases differ."""

    bytewise: str
    blob: str

    def spell(self, sql: str) -> str:
        return sql.replace("{bytewise}", self.bytewise).replace("{blob}", self.blob)


class Joined(threading.local):
    """The change that this thread is in the middle of, if any."""

    transaction: Transaction | None = None


def open_database(directory: Path, url: str | None) -> Database:
    """Open (and bring up to date) the database that a URL names, or the directory's own."""
    if url is None:
        from cumulet.store.sqlite import SqliteDatabase

        return SqliteDatabase(directory / "cumulet.db")
    if url.startswith(("postgres://", "postgresql://")):
        from cumulet.store.postgres import PostgresDatabase

        return PostgresDatabase(url)
    raise ValueError(f"CUMULET_DATABASE_URL must start with postgresql://, not {url.split(':')[0]}:")


def migrations(dialect: Dialect) -> list[tuple[str, list[str]]]:
    """Every schema step in order: its name and its statements. A step, once released, never changes."""
    folder = Path(__file__).with_name("migrations")
    return [
        (path.stem, [s.strip() for s in dialect.spell(path.read_text()).split(";\n") if s.strip()])
        for path in sorted(folder.glob("*.sql"))
    ]


def migrate(database: Database, dialect: Dialect) -> None:
    """Apply the steps that this database has not seen, each in one transaction of its own."""
    database.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)"))
    seen = {name for (name,) in database.read("SELECT name FROM migrations")}
    for name, statements in migrations(dialect):
        if name not in seen:
            database.write(partial(_apply, name=name, statements=statements))


def _apply(tx: Transaction, name: str, statements: list[str]) -> None:
    for statement in statements:
        tx.execute(statement)
    tx.execute("INSERT INTO migrations (name) VALUES (?)", (name,))
