"""The one seam to the database: SQLite in the data directory, or Postgres by a URL.

SQL is written once, with `?` for parameters, in the words that both understand. Where they differ a
statement says `{bytewise}` (ordering by UTF-8 bytes) or `{blob}` (a column of bytes), see `Dialect`.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cumulet.config import Unusable

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

    carries_bytes: bool  # whether the bytes of small objects may lie in it for a while, see `fresh.py`

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Rows of the last committed state (inside a change: of the change's own view)."""

    def recall(self, what: Hashable, look: Callable[[], T]) -> T:
        """What `look` reads of the last committed state, or has read before, if nothing has changed since (where
        that can be told, see `recall.py`). `what` names it; nobody alters it."""

    def write(self, change: Callable[[Transaction], T]) -> T:
        """Apply a change durably. Inside another change it joins that one. May be retried: keep it pure."""

    def write_soon(self, change: Callable[[Transaction], T]) -> Awaitable[T]:
        """The same, begun at once, for the event loop of this thread to wait for."""

    def deferring(self) -> AbstractContextManager[None]:
        """Inside, this thread's changes do not wait for the disk: each is seen by all at once and survives
        the death of this process; a power cut may take it, until the next change outside has come back.

        For steps on the way to a promise: whoever is told of the promise can rely on all that came before.
        """

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
    """The change that this thread is in the middle of, if any, and whether its changes wait for the disk."""

    transaction: Transaction | None = None
    durable: bool = True

    @contextmanager
    def deferring(self) -> Iterator[None]:
        before, self.durable = self.durable, False
        try:
            yield
        finally:
            self.durable = before


def open_database(directory: Path, url: str | None) -> Database:
    """Open (and bring up to date) the database that a URL names, or the directory's own."""
    if url is None:
        return _open_sqlite(directory / "cumulet.db")
    if url.startswith(("postgres://", "postgresql://")):
        return _open_postgres(url)
    raise Unusable(f"CUMULET_DATABASE_URL must start with postgresql://, not {url.split(':')[0]}:")


def _open_sqlite(path: Path) -> Database:
    import sqlite3

    from cumulet.store.sqlite import SqliteDatabase

    try:
        return SqliteDatabase(path)
    except (OSError, sqlite3.DatabaseError) as error:
        raise Unusable(f"the database {path} cannot be opened: {error}") from error


def _open_postgres(url: str) -> Database:
    try:
        import psycopg
    except ModuleNotFoundError:
        raise Unusable("Postgres needs an extra: pip install 'cumulet[postgres]'") from None
    from cumulet.store.postgres import PostgresDatabase

    try:
        return PostgresDatabase(url)
    except psycopg.Error as error:
        raise Unusable(f"the database of CUMULET_DATABASE_URL cannot be opened: {error}") from error


def migrations(dialect: Dialect) -> list[tuple[str, list[str]]]:
    """Every schema step in order: its name and its statements. A step, once released, never changes."""
    folder = Path(__file__).with_name("migrations")
    return [
        (path.stem, [s.strip() for s in dialect.spell(path.read_text()).split(";\n") if s.strip()])
        for path in sorted(folder.glob("*.sql"))
    ]


def migrate(database: Database, dialect: Dialect) -> None:
    """Apply the steps that this database has not seen, each in one transaction of its own.

    A database that has seen steps which are not known here is a newer Cumulet's: it is left alone.
    """
    database.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY)"))
    seen = {name for (name,) in database.read("SELECT name FROM migrations")}
    steps = migrations(dialect)
    if newer := sorted(seen - {name for name, _ in steps}):
        raise Unusable(
            f"the database was written by a newer Cumulet (it has {', '.join(newer)}): upgrade first"
        )
    for name, statements in steps:
        if name not in seen:
            database.write(partial(_apply, name=name, statements=statements))


def _apply(tx: Transaction, name: str, statements: list[str]) -> None:
    for statement in statements:
        tx.execute(statement)
    tx.execute("INSERT INTO migrations (name) VALUES (?)", (name,))
