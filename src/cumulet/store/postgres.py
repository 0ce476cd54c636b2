"""Postgres by a URL: every change is a serializable transaction, tried again where another came between.

The schema is the one that SQLite has; the words that differ are spelt here. Connections are pooled, and one
that the server has dropped is replaced.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from typing import Any, TypeVar

import psycopg

from cumulet.store import haste
from cumulet.store.database import Closed, Dialect, Joined, Row, Transaction, migrate

T = TypeVar("T")
Connection = psycopg.Connection[Row]

DIALECT = Dialect(bytewise='COLLATE "C"', blob="BYTEA")
ATTEMPTS = 50  # of one change that others come between
CONNECTIONS = 32  # at one time; whoever needs one more waits
PAUSE = 0.005  # seconds after the first failed attempt; more after each
MIGRATING = 4_566_001  # the advisory lock of those who bring the schema up to date
COME_BETWEEN = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)


@lru_cache(maxsize=4096)
def spell(sql: str) -> str:
    """Parameters as psycopg writes them."""
    return DIALECT.spell(sql).replace("%", "%%").replace("?", "%s")


class PostgresTransaction:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.hooks: list[Callable[[], None]] = []

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        # `()` instead of None also where there are no parameters: else `%%` would stay as it is.
        cursor = self.connection.execute(spell(sql), tuple(parameters))
        return cursor.fetchall() if cursor.description else []


class PostgresDatabase:
    carries_bytes = False  # it may be far away, and its disk another

    def __init__(self, url: str) -> None:
        self.url = url
        self.joined = Joined()
        self.lock = threading.Lock()
        self.room = threading.BoundedSemaphore(CONNECTIONS)
        self.idle: list[Connection] = []
        self.closed = False
        with self._connection() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (MIGRATING,))
            try:
                migrate(self, DIALECT)
            finally:
                connection.execute("SELECT pg_advisory_unlock(%s)", (MIGRATING,))

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        if self.joined.transaction is not None:
            return self.joined.transaction.execute(sql, parameters)
        haste.check()
        try:
            return self._read(sql, parameters)
        except psycopg.OperationalError:  # the server has been restarted meanwhile, perhaps
            self._drop_idle()
            return self._read(sql, parameters)

    def recall(self, what: Hashable, look: Callable[[], T]) -> T:
        """Others may write to the same database: there is no telling whether anything has changed."""
        return look()

    def write(self, change: Callable[[Transaction], T]) -> T:
        if self.joined.transaction is not None:
            return change(self.joined.transaction)
        for attempt in range(1, ATTEMPTS):
            try:
                return self._write(change)
            except COME_BETWEEN:
                time.sleep(random.uniform(0, PAUSE * min(attempt, 20)))
        return self._write(change)

    def write_soon(self, change: Callable[[Transaction], T]) -> Awaitable[T]:
        raise haste.TakesTime  # there is no thread that could do it meanwhile

    def deferring(self) -> AbstractContextManager[None]:
        return self.joined.deferring()

    def after_commit(self, act: Callable[[], None]) -> None:
        if isinstance(self.joined.transaction, PostgresTransaction):
            self.joined.transaction.hooks.append(act)
        else:
            act()

    def close(self) -> None:
        with self.lock:
            self.closed = True
        self._drop_idle()

    def _read(self, sql: str, parameters: Sequence[Any]) -> list[Row]:
        with self._connection() as connection:
            return PostgresTransaction(connection).execute(sql, parameters)

    def _write(self, change: Callable[[Transaction], T]) -> T:
        with self._begun() as transaction:
            if not self.joined.durable:
                transaction.connection.execute("SET LOCAL synchronous_commit TO off")
            self.joined.transaction = transaction
            try:
                result = change(transaction)
                transaction.connection.execute("COMMIT")
            finally:
                self.joined.transaction = None
        for act in transaction.hooks:
            act()
        return result

    @contextmanager
    def _begun(self) -> Iterator[PostgresTransaction]:
        """A transaction that has begun, on a connection that is known to be alive."""
        with self._connection() as connection:
            try:
                connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
                alive = True
            except psycopg.OperationalError:
                alive = False
            if alive:
                yield from self._given(connection)
                return
        self._drop_idle()
        with self._connection() as connection:
            connection.execute("BEGIN ISOLATION LEVEL SERIALIZABLE")
            yield from self._given(connection)

    @staticmethod
    def _given(connection: Connection) -> Iterator[PostgresTransaction]:
        try:
            yield PostgresTransaction(connection)
        except BaseException:
            if not connection.closed:
                connection.rollback()
            raise

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self.room:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _take(self) -> Connection:
        with self.lock:
            if self.closed:
                raise Closed("The store is closed.")
            if self.idle:
                return self.idle.pop()
        return psycopg.connect(self.url, autocommit=True)

    def _give_back(self, connection: Connection) -> None:
        idle = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self.lock:
            if idle and not self.closed:
                self.idle.append(connection)
                return
        connection.close()

    def _drop_idle(self) -> None:
        with self.lock:
            idle, self.idle = self.idle, []
        for connection in idle:
            connection.close()
