"""SQLite in WAL mode: many readers, one writing thread that commits whatever waits as one group.

A durable commit costs an fsync. Changes that arrive while one is under way share the next fsync, so the
rate of changes grows with the number of clients instead of being bound by the disk's latency.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from cumulet.store.database import Dialect, Joined, Row, Transaction, migrate

T = TypeVar("T")
Change = tuple[Callable[[Transaction], Any], "Future[Any]"]

DIALECT = Dialect(bytewise="", blob="BLOB")
GROUP = 256  # changes that share one commit at most


class SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(sql, parameters).fetchall()


class SqliteDatabase:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600)  # it holds secrets; SQLite gives its other files the same mode
        self.joined = Joined()
        self.local = threading.local()
        self.readers: list[sqlite3.Connection] = []
        self.hooks: list[Callable[[], None]] = []  # the writing thread's own
        self.changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self.writer = threading.Thread(target=self._write_groups, name="sqlite-writer", daemon=True)
        self.writer.start()
        migrate(self, DIALECT)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self.joined.transaction is not None:
            return self.joined.transaction.execute(sql, parameters)
        return self._reader().execute(sql, parameters).fetchall()

    def write(self, change: Callable[[Transaction], T]) -> T:
        if self.joined.transaction is not None:
            return change(self.joined.transaction)
        future: Future[T] = Future()
        self.changes.put((change, future))
        return future.result()

    def after_commit(self, act: Callable[[], None]) -> None:
        if self.joined.transaction is None:
            act()
        else:
            self.hooks.append(act)

    def close(self) -> None:
        self.changes.put(None)
        self.writer.join()
        for connection in self.readers:
            connection.close()

    def _reader(self) -> sqlite3.Connection:
        if (connection := getattr(self.local, "connection", None)) is None:
            connection = self.local.connection = self._connect()
            self.readers.append(connection)
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _write_groups(self) -> None:
        connection = self._connect()
        self.joined.transaction = SqliteTransaction(connection)
        while (first := self.changes.get()) is not None:
            closing = self._commit_group(connection, first)
            if closing:
                break
        connection.close()

    def _commit_group(self, connection: sqlite3.Connection, first: Change) -> bool:
        """Run and commit what waits; True when the queue was closed behind it."""
        done: list[tuple[Future[Any], Any]] = []
        item: Change | None = first
        try:
            connection.execute("BEGIN IMMEDIATE")
            while item is not None:
                self._run_change(connection, item, done)
                item = self._next_waiting() if len(done) < GROUP else ()  # type: ignore[assignment]
                if item == ():
                    break
            connection.execute("COMMIT")
        except Exception as error:
            self._fail_group(connection, first, done, error)
            return item is None
        hooks, self.hooks = self.hooks, []
        for future, result in done:
            future.set_result(result)
        for act in hooks:
            act()
        return item is None

    def _next_waiting(self) -> Any:
        try:
            return self.changes.get_nowait()
        except queue.Empty:
            return ()

    def _run_change(self, connection: sqlite3.Connection, item: Change, done: list[tuple[Future[Any], Any]]) -> None:
        change, future = item
        assert self.joined.transaction is not None
        connection.execute("SAVEPOINT change")
        try:
            result = change(self.joined.transaction)
        except BaseException as error:
            connection.execute("ROLLBACK TO change")
            connection.execute("RELEASE change")
            future.set_exception(error)
            return
        connection.execute("RELEASE change")
        done.append((future, result))

    def _fail_group(
        self, connection: sqlite3.Connection, first: Change, done: list[tuple[Future[Any], Any]], error: Exception
    ) -> None:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        futures = [future for future, _ in done] or [first[1]]
        for future in futures:
            if not future.done():
                future.set_exception(error)
