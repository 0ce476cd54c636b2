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
from typing import NamedTuple

from cumulet.engines.serve.process import frames

IDLE = 64  # connections kept open at most
PIECE = 1 << 16  # bytes that are read at once: for more, the system is asked for memory anew each time
LOOK = 1.0  # seconds between two looks at the clock, for answers that are late


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


class Asked(NamedTuple):
    """A question that waits for its answer, and how long (of the monotonic clock)."""

    future: asyncio.Future[Answered]
    until: float


class Line:
    """One connection that an event loop shares among all who ask: questions are numbered, answers find back.

    While many ask, what is asked in one turn of the loop goes out in one piece, so that the process is woken once for
    all of it. Whoever is alone need not wait for that turn's end.
    """

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        self.socket = connected(path)
        self.socket.setblocking(False)
        self.loop = loop
        self.inbox = frames.Inbox()
        self.numbers = itertools.count(1)
        self.asked: dict[int, Asked] = {}
        self.pieces: dict[int, list[bytes]] = {}
        self.outbox: list[bytes] = []
        self.crowded = False  # more than one question went out the last time
        self.stuck = False  # the process does not read at the moment
        self.watch: asyncio.TimerHandle | None = None
        self.closed = False
        self.answered_at = 0.0
        loop.add_reader(self.socket, self._read)

    def ask(self, question: Question, seconds: float) -> asyncio.Future[Answered]:
        """The answer to come; `TimedOut` a moment after so many seconds, `Gone` where the process ends."""
        number = next(self.numbers) & 0xFFFFFFFF
        future: asyncio.Future[Answered] = self.loop.create_future()
        alone = not self.asked and not self.crowded
        self.asked[number] = Asked(future, time.monotonic() + seconds)
        self.outbox.append(frames.pack(number, 0, dict(question.headers), question.body))
        if len(self.outbox) == 1 and not self.stuck:
            if alone:
                self._send()
            else:
                self.loop.call_soon(self._send)
        if self.watch is None:
            self.watch = self.loop.call_later(LOOK, self._look)
        return future

    def _send(self) -> None:
        data, sent = b"".join(self.outbox), 0
        self.crowded = len(self.outbox) > 1
        self.outbox = []
        if self.closed:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                sent = self.socket.send(data)
            except ConnectionError:
                return  # its end is read, too
        if sent < len(data):
            self.outbox.append(data[sent:])
            self.stuck = True
            self.loop.add_writer(self.socket, self._go_on)

    def _go_on(self) -> None:
        self.loop.remove_writer(self.socket)
        self.stuck = False
        self._send()

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
        self.answered_at = time.monotonic()
        for number, status, kind, headers, body in self.inbox.take(data):
            self._deliver(number, status, kind, headers, body)

    def _deliver(self, number: int, status: int, kind: int, headers: frames.Headers, body: bytes) -> None:
        """Who asks here wants the answer whole: pieces are put together."""
        if kind == frames.PIECE:
            self.pieces.setdefault(number, []).append(body)
            return
        asked, pieces = self.asked.pop(number, None), self.pieces.pop(number, ())
        if pieces and kind != frames.BROKEN:
            body = b"".join([*pieces, body])
        if asked is not None and not asked.future.done():
            asked.future.set_result(Answered(status, headers, body))

    def _look(self) -> None:
        """Whose time is over? One timer for all: nobody minds being told a second late after a minute."""
        self.watch, now = None, time.monotonic()
        for number in [number for number, asked in self.asked.items() if asked.until <= now]:
            asked = self.asked.pop(number)
            if not asked.future.done():
                asked.future.set_exception(TimedOut("no answer in time"))
        if self.asked:
            self.watch = self.loop.call_later(LOOK, self._look)

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.loop.remove_reader(self.socket)
        self.loop.remove_writer(self.socket)
        self.socket.close()
        if self.watch:
            self.watch.cancel()
        asked, self.asked = self.asked, {}
        for one in asked.values():
            if not one.future.done():
                one.future.set_exception(Gone("the model's process closed the connection"))


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

    def ask_soon(
        self, question: Question, loop: asyncio.AbstractEventLoop, seconds: float
    ) -> asyncio.Future[Answered]:
        """To be called on the loop, which is not kept waiting; `NotThere` where nobody listens."""
        if self.line is None or self.line.closed:
            self.line = Line(self.path, loop)
        return self.line.ask(question, seconds)

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
