"""The loop of a model's process: read questions, ask the handler, write answers.

A handler is what a file's `load()` returns: `answer(body, headers) -> (status, headers, body)`. It is called
for one question at a time, since few models are safe to share between threads, and on the process's main
thread. Its attribute `many`, where it has one, takes a list of questions and gives the list of answers. A body
may be an iterator of bytes: then it is sent piece by piece.

Everything that has come is read before the model is asked again, so that questions which waited can go in
together (`batches.py`).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import traceback
from collections import deque

from cumulet.engines.serve.process import frames
from cumulet.engines.serve.process.batches import Batches, clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from cumulet.engines.serve.process.frames import Headers

    Answer = tuple[int, Headers, Any]
    Handler = Callable[[bytes, Headers], Answer]

BACKLOG = 512
PIECE = 1 << 16  # bytes that are read at once: for more, the system is asked for memory anew each time


class Caller:
    """One connection of the server's."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.inbox = frames.Inbox()

    def tell(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # whoever asked is gone; that is seen when it is read from
            self.connection.sendall(data)


class Loop:
    def __init__(self, listener: socket.socket, handler: Handler) -> None:
        self.handler = handler
        self.many: Any = getattr(handler, "many", None)
        self.batches = Batches()
        self.waiting: deque[tuple[Caller, int, Headers, bytes]] = deque()
        self.selector = selectors.DefaultSelector()
        self.listener = listener
        self.selector.register(listener, selectors.EVENT_READ, None)

    def run(self) -> None:
        while True:
            self._read(None if not self.waiting else 0)
            if self.waiting:
                self._answer_some()

    def _read(self, patience: float | None) -> None:
        """Everything that has come, new connections and what is asked on them, too."""
        more = True
        while more and len(self.waiting) < BACKLOG:
            events = self.selector.select(patience)
            patience, more = 0, False
            for key, _ in events:
                if key.data is None:
                    connection, _ = self.listener.accept()
                    self.selector.register(connection, selectors.EVENT_READ, Caller(connection))
                    more = True
                elif self._hear(key.data):
                    more = True

    def _hear(self, caller: Caller) -> bool:
        """Whether there may be more to hear of it at once."""
        try:
            data = caller.connection.recv(PIECE)
        except OSError:
            data = b""
        if not data:
            self.selector.unregister(caller.connection)
            caller.connection.close()
            self.waiting = deque(question for question in self.waiting if question[0] is not caller)
            return False
        for number, _, _, headers, body in caller.inbox.take(data):
            self.waiting.append((caller, number, headers, body))
        return len(data) == PIECE

    def _answer_some(self) -> None:
        count = min(len(self.waiting), self.batches.most()) if self.many else 1
        questions = [self.waiting.popleft() for _ in range(count)]
        began = clock()
        answers = self._answers([(body, headers) for _, _, headers, body in questions])
        self.batches.note(count, clock() - began)
        told: dict[Caller, list[bytes]] = {}
        for (caller, number, _, _), (status, headers, body) in zip(questions, answers, strict=True):
            if isinstance(body, bytes):
                told.setdefault(caller, []).append(frames.pack(number, status, headers, body))
            else:
                stream(caller, number, status, headers, body)
        for caller, packed in told.items():
            caller.tell(b"".join(packed))

    def _answers(self, questions: list[tuple[bytes, Headers]]) -> list[Answer]:
        """Together if there are several; where that fails, each alone, so that a bad one is only its own loss.
        Why it failed is in the log: a handler whose batches never work would only be slow."""
        if len(questions) > 1:
            try:
                if answers := self.many(questions):
                    return list(answers)
            except Exception:
                print(last_traceback().decode(), file=sys.stderr, flush=True)
        return [ask(self.handler, body, headers) for body, headers in questions]


def ask(handler: Handler, body: bytes, headers: Headers) -> Answer:
    """What a handler raises is its answer too: a traceback, seen in the log and by the caller."""
    try:
        return handler(body, headers)
    except Exception:
        return 500, {"content-type": "text/plain"}, last_traceback()


def stream(caller: Caller, number: int, status: int, headers: Headers, pieces: Iterator[bytes]) -> None:
    try:
        for piece in pieces:
            caller.tell(frames.pack(number, status, headers, bytes(piece), frames.PIECE))
    except Exception:
        caller.tell(frames.pack(number, 500, {}, last_traceback(), frames.BROKEN))
    else:
        caller.tell(frames.pack(number, status, headers, b""))


def last_traceback() -> bytes:
    text = traceback.format_exc()
    print(text, file=sys.stderr, flush=True)
    return text.encode()


def listen(path: str) -> socket.socket:
    """A listening socket that appears under its name only when it can be connected to."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    remove(path)
    server.bind(f"{path}~")
    server.listen(BACKLOG)
    os.rename(f"{path}~", path)  # noqa: PTH104 - pathlib takes longer to import than all of this
    return server


def remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
