"""Asking a model's process, over a Unix socket: from a thread that waits, or from an event loop that does not."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cumulet.engines.serve.process import frames

IDLE = 64  # connections kept open at most
PIECE = 1 << 18


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


class Broken(Exception):
    """A stream of the model's failed on its way; the text is its traceback."""


class Conversation:
    """One connection: a question at a time, for whoever can wait."""

    def __init__(self, path: Path) -> None:
        self.socket = connected(path)
        self.inbox = frames.Inbox()

    def ask(self, question: Question, seconds: float) -> Iterator[frames.Frame]:
        """The frames of its answer, as they come; the model has `seconds` for each."""
        self.socket.settimeout(seconds)
        try:
            self.socket.sendall(frames.pack(0, 0, dict(question.headers), question.body))
            kind = frames.PIECE
            while kind == frames.PIECE:
                frame = self._frame()
                kind = frame[2]
                yield frame
        except TimeoutError:
            raise TimedOut(f"no answer within {seconds:g} seconds") from None
        except OSError as error:
            raise Gone(f"{type(error).__name__}: {error}") from error

    def _frame(self) -> frames.Frame:
        found = next(self.inbox.take(b""), None)
        while found is None:
            data = self.socket.recv(PIECE)
            if not data:
                raise ConnectionResetError("the model's process closed the connection")
            found = next(self.inbox.take(data), None)
        return found

    @property
    def usable(self) -> bool:
        """On a connection that waits for a question, anything to read can only be its end."""
        poll = select.poll()
        poll.register(self.socket, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self.socket.close()


class Line:
    """One connection that an event loop shares among all who ask: questions are numbered, answers find back."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = connected(path)
        self.socket.setblocking(False)
        self.loop = loop
        self.inbox = frames.Inbox()
        self.numbers = itertools.count(1)
        self.asked: dict[int, asyncio.Future[Answered]] = {}
        self.pieces: dict[int, list[bytes]] = {}
        self.unsent = b""
        self.closed = False
        self.answered_at = 0.0
        loop.add_reader(self.socket, self._read)

    def ask(self, question: Question) -> asyncio.Future[Answered]:
        number = next(self.numbers) & 0xFFFFFFFF
        future: asyncio.Future[Answered] = self.loop.create_future()
        self.asked[number] = future
        self._send(frames.pack(number, 0, dict(question.headers), question.body))
        return future

    def _send(self, data: bytes) -> None:
        if self.unsent:
            self.unsent += data
            return
        sent = 0
        with contextlib.suppress(BlockingIOError):
            try:
                sent = self.socket.send(data)
            except ConnectionError:
                return  # its end is read, too
        if sent < len(data):
            self.unsent = data[sent:]
            self.loop.add_writer(self.socket, self._send_rest)

    def _send_rest(self) -> None:
        self.loop.remove_writer(self.socket)
        data, self.unsent = self.unsent, b""
        self._send(data)

    def _read(self) -> None:
        try:
            data = self.socket.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        for number, status, kind, headers, body in self.inbox.take(data):
            self.answered_at = time.monotonic()
            self._deliver(number, status, kind, headers, body)

    def _deliver(self, number: int, status: int, kind: int, headers: frames.Headers, body: bytes) -> None:
        """Who asks here wants the answer whole: pieces are put together."""
        if kind == frames.PIECE:
            self.pieces.setdefault(number, []).append(body)
            return
        future, pieces = self.asked.pop(number, None), self.pieces.pop(number, [])
        if kind == frames.BROKEN:
            pieces = []
        if future is not None and not future.done():
            future.set_result(Answered(status, headers, b"".join([*pieces, body])))

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.loop.remove_reader(self.socket)
            self.loop.remove_writer(self.socket)
            self.socket.close()
            asked, self.asked = self.asked, {}
            for future in asked.values():
                if not future.done():
                    future.set_exception(Gone("the model's process closed the connection"))


def connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise NotThere(str(error)) from None
    return connection


class Client:
    """The connections to one process. Safe to use from any thread; a line belongs to its loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self.idle: list[Conversation] = []
        self.line: Line | None = None
        self.answered_at = 0.0

    def ask(self, question: Question, seconds: float) -> Answered:
        """The whole answer."""
        status, headers, pieces = 0, dict[str, str](), list[bytes]()
        for _, status, kind, headers, body in self.stream(question, seconds):
            if kind == frames.BROKEN:
                return Answered(status, headers, body)
            pieces.append(body)
        return Answered(status, headers, b"".join(pieces))

    def stream(self, question: Question, seconds: float) -> Iterator[frames.Frame]:
        """The frames of the answer; a connection is used again only where it was read to the end."""
        conversation = self._conversation()
        done = False
        try:
            for frame in conversation.ask(question, seconds):
                self.answered_at = time.monotonic()
                done = frame[2] != frames.PIECE
                if done:
                    self._give_back(conversation)
                yield frame
        finally:
            if not done:
                conversation.close()

    def ask_soon(self, question: Question, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Answered]:
        """To be called on the loop, which is not kept waiting; `NotThere` where nobody listens."""
        if self.line is None or self.line.closed:
            self.line = Line(self.path, loop)
        return self.line.ask(question)

    def quiet_since(self, moment: float) -> bool:
        """Whether the model has answered nobody since then (of the monotonic clock)."""
        return max(self.answered_at, self.line.answered_at if self.line else 0.0) <= moment

    def reachable(self) -> bool:
        """Whether the process listens."""
        with contextlib.suppress(NotThere):
            connected(self.path).close()
            return True
        return False

    def close(self) -> None:
        with self.lock:
            idle, self.idle = self.idle, []
        for conversation in idle:
            conversation.close()

    def _conversation(self) -> Conversation:
        """An open connection: one that is idle, or a new one."""
        while idle := self._idle():
            if idle.usable:
                return idle
            idle.close()  # its process has ended since
        return Conversation(self.path)

    def _idle(self) -> Conversation | None:
        with self.lock:
            return self.idle.pop() if self.idle else None

    def _give_back(self, conversation: Conversation) -> None:
        with self.lock:
            if len(self.idle) < IDLE:
                self.idle.append(conversation)
                return
        conversation.close()
