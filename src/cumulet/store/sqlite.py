"""SQLite in WAL mode: many readers, one writing thread that commits whatever waits as one group.

A durable commit costs an fsync. Changes that arrive while one is under way share the next fsync, so the
rate of changes grows with the number of clients instead of being bound by the disk's latency. A change that
need not wait (`deferring`) is appended to the same log without an fsync; the next one covers it.
Processes that share the database take turns to commit their groups: SQLite itself would have them ask again
and again, and let the quicker one starve the others.
"""

from __future__ import annotations

import logging
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, TypeVar

from cumulet.store import haste
from cumulet.store.awaited import Awaited, Outboxes
from cumulet.store.database import Closed, Dialect, Full, Joined, Row, Transaction, migrate
from cumulet.store.recall import Changes, Recall
from cumulet.store.turns import Turn

T = TypeVar("T")
Waiting = Future[Any] | Awaited
Change = tuple[Callable[[Transaction], Any], Waiting, bool]  # what to do, who waits, for the disk too?

DIALECT = Dialect(bytewise="", blob="BLOB")
FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)  # the latter: no room for the log's index
GROUP = 256  # changes that share one commit at most

log = logging.getLogger(__name__)


class SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self.connection.execute(sql, parameters).fetchall()


class SqliteDatabase:
    carries_bytes = True

    def __init__(self, path: Path) -> None:
        self.path = path
        path.touch(mode=0o600)  # it holds secrets; SQLite gives its other files the same mode
        self.joined = Joined()
        self.readers = Readers(self._connect)
        self.changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        self.closing = threading.Lock()
        self.outboxes = Outboxes(_told)
        self.closed = False
        shared = path.parent / "run"
        counted = Changes(shared / f"{path.name}.changes")
        self.kept = Recall(counted)
        self.writer = Writer(self._connect(), self.joined, self.changes, Turn(shared, path.name), counted)
        self.writer.start()
        migrate(self, DIALECT)

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self.joined.transaction is not None:
            return self.joined.transaction.execute(sql, parameters)
        connection = self.readers.take()
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            self.readers.give_back(connection)

    def recall(self, what: Hashable, look: Callable[[], T]) -> T:
        return self.kept.get(what, look) if self.joined.transaction is None else look()

    def write(self, change: Callable[[Transaction], T]) -> T:
        if self.joined.transaction is not None:
            return change(self.joined.transaction)
        haste.check()
        future: Future[T] = Future()
        self._queue(change, future)
        try:
            return future.result()
        except sqlite3.OperationalError as error:
            raise _told(error) from error

    def write_soon(self, change: Callable[[Transaction], T]) -> Awaitable[T]:
        awaited = self.outboxes.awaited()
        self._queue(change, awaited)
        return awaited.future

    def _queue(self, change: Callable[[Transaction], Any], future: Future[Any] | Awaited) -> None:
        with self.closing:  # nothing may queue up behind the end of the queue, where nobody would answer it
            if self.closed:
                raise Closed("The store is closed.")
            self.changes.put((change, future, self.joined.durable))

    def deferring(self) -> AbstractContextManager[None]:
        return self.joined.deferring()

    def after_commit(self, act: Callable[[], None]) -> None:
        if self.joined.transaction is None:
            act()
        else:
            self.writer.hooks.append(act)

    def close(self) -> None:
        """What was asked for before this is committed; what comes later is refused."""
        with self.closing:
            if not self.closed:
                self.closed = True
                self.changes.put(None)
        self.writer.join()
        self.readers.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def _told(error: BaseException) -> BaseException:
    """SQLite's word for a full disk, as the store has it."""
    full = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode in FULL
    return Full() if full else error


class Readers:
    """Connections to read with: as many as there are reads at one time, whichever threads come and go."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self.connect = connect
        self.idle: deque[sqlite3.Connection] = deque()  # whose ends any thread may use without a lock
        self.closed = False

    def take(self) -> sqlite3.Connection:
        if self.closed:
            raise Closed("The store is closed.")
        try:
            return self.idle.pop()
        except IndexError:
            return self.connect()

    def give_back(self, connection: sqlite3.Connection) -> None:
        self.idle.append(connection)
        if self.closed:
            self._close_idle()

    def close(self) -> None:
        """Close what is idle; a connection in use is closed when it comes back."""
        self.closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self.idle.pop().close()


class Writer(threading.Thread):
    """Applies changes one after the other. Each has a savepoint of its own, so that one that fails leaves
    the others of its group alone; they share the commit."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        joined: Joined,
        changes: queue.SimpleQueue[Change | None],
        turn: Turn,
        counted: Changes,
    ) -> None:
        super().__init__(name="sqlite-writer", daemon=True)
        self.connection = connection
        self.joined = joined
        self.changes = changes
        self.turn = turn
        self.counted = counted
        self.hooks: list[Callable[[], None]] = []  # to be called after the commit under way
        self.durable = True

    def run(self) -> None:
        self.joined.transaction = SqliteTransaction(self.connection)
        while (first := self.changes.get()) is not None:
            if self._commit_group(first):
                break
        self.connection.close()
        self.turn.close()

    def _commit_group(self, first: Change) -> bool:
        """Run and commit what waits; True when the end of the queue was behind it.

        What need not wait for the disk does not join those that do: it is a group of its own.
        """
        taken: list[Change] = []
        results: list[tuple[Waiting, Any]] = []
        waiting: Change | None = first
        try:
            with self.turn:
                self._sync(first[2])
                self.connection.execute("BEGIN IMMEDIATE")
                while waiting is not None:
                    taken.append(waiting)
                    self._run_change(*waiting[:2], results)
                    if len(taken) == GROUP or self.changes.empty() or not self.durable:
                        break
                    waiting = self.changes.get()
                with self.counted:
                    self.connection.execute("COMMIT")
        except BaseException as error:
            self._fail(taken or [first], error)
        else:
            self._succeed(results)
        return waiting is None

    def _sync(self, durable: bool) -> None:
        """Whether the next commit syncs the log. Skipping it keeps the log's order, so no gap can come of it."""
        if durable != self.durable:
            self.connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self.durable = durable

    def _run_change(
        self,
        change: Callable[[Transaction], Any],
        future: Waiting,
        results: list[tuple[Waiting, Any]],
    ) -> None:
        assert self.joined.transaction is not None
        hooks = len(self.hooks)
        self.connection.execute("SAVEPOINT change")
        try:
            result = change(self.joined.transaction)
        except BaseException as error:
            del self.hooks[hooks:]
            if not self.connection.in_transaction:
                raise  # a full disk makes SQLite roll back the whole group
            self.connection.execute("ROLLBACK TO change")
            self.connection.execute("RELEASE change")
            future.set_exception(error)
        else:
            self.connection.execute("RELEASE change")
            results.append((future, result))

    def _succeed(self, results: list[tuple[Waiting, Any]]) -> None:
        hooks, self.hooks = self.hooks, []
        for future, result in results:
            future.set_result(result)
        for act in hooks:
            try:
                act()
            except Exception:
                log.exception("what was to follow a commit failed")

    def _fail(self, taken: list[Change], error: BaseException) -> None:
        """Nothing of the group is remembered, and all who wait are told."""
        self.hooks = []
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        finally:
            for _, future, _ in taken:
                if not future.done():
                    future.set_exception(error)
