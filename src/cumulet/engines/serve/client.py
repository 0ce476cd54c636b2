"""Asking a model's process: HTTP/1.1 over a Unix socket, on connections that are kept open and shared."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

IDLE = 64  # connections kept open at most


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a body and the headers that say what it is."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back. A status of 400 or more is the model's own refusal, its reason in the body."""

    status: int
    headers: dict[str, str]
    body: bytes


class TimedOut(Exception):
    """The model did not answer in time."""


class Gone(Exception):
    """The model's process ended before it answered."""


class NotThere(Exception):
    """Nobody listens: the question was not put, and may be put again."""


class LocalConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Client:
    """The connections to one process. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.idle: list[LocalConnection] = []

    def ask(self, question: Question, seconds: float) -> Answered:
        connection = self._connection(seconds)
        try:
            connection.request("POST", "/", question.body, dict(question.headers))
            response = connection.getresponse()
            answered = Answered(response.status, dict(response.getheaders()), response.read())
        except TimeoutError:
            connection.close()
            raise TimedOut(f"no answer within {seconds:g} seconds") from None
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Gone(f"{type(error).__name__}: {error}") from error
        self._give_back(connection)
        return answered

    def reachable(self) -> bool:
        """Whether the process listens."""
        probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with probe, contextlib.suppress(OSError):
            probe.connect(str(self.path))
            return True
        return False

    def close(self) -> None:
        with self.lock:
            idle, self.idle = self.idle, []
        for connection in idle:
            connection.close()

    def _connection(self, seconds: float) -> LocalConnection:
        """An open connection: one that is idle, or a new one."""
        while idle := self._idle():
            if idle.sock and not _readable(idle.sock):
                idle.sock.settimeout(seconds)
                return idle
            idle.close()  # its process has ended since
        connection = LocalConnection(self.path, seconds)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise NotThere(str(error)) from None
        return connection

    def _idle(self) -> LocalConnection | None:
        with self.lock:
            return self.idle.pop() if self.idle else None

    def _give_back(self, connection: LocalConnection) -> None:
        with self.lock:
            if len(self.idle) < IDLE:
                self.idle.append(connection)
                return
        connection.close()


def _readable(connection: socket.socket) -> bool:
    """On a connection that waits for a question, anything to read can only be its end."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
