"""A large body on several ways at once: each piece is digested and written side by side.

MD5, the checksum and the disk take about as long as each other, and none of them holds the interpreter. The
pieces lie in a few buffers that go round, so memory stays flat, and is not asked from the system anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from types import TracebackType

PIECE = 1 << 19  # bytes of a buffer
AHEAD = 4  # buffers of one body

Act = Callable[[memoryview], object]


@dataclass(slots=True)
class Piece:
    """Some bytes on their way through all lanes."""

    buffer: bytearray
    bytes: memoryview
    left: int  # lanes that are not done with it


class Lanes:
    """Does each thing with every piece, in order, in a thread of its own. The first failure is raised."""

    def __init__(self, *acts: Act) -> None:
        self.failed: BaseException | None = None
        self.turn = threading.Lock()
        self.free: SimpleQueue[bytearray] = SimpleQueue()
        for _ in range(AHEAD):
            self.free.put(bytearray(PIECE))
        self.queues: list[SimpleQueue[Piece | None]] = [SimpleQueue() for _ in acts]
        self.threads = [
            threading.Thread(target=self._run, args=(act, waiting), name="lane")
            for act, waiting in zip(acts, self.queues, strict=True)
        ]

    def take(self, fill: Callable[[memoryview], int]) -> int:
        """Put the next piece on all lanes; how long it is, 0 at the end."""
        buffer = self.free.get()
        count = fill(memoryview(buffer))
        if self.failed:
            raise self.failed
        piece = Piece(buffer, memoryview(buffer)[:count], len(self.queues))
        for waiting in self.queues if count else ():
            waiting.put(piece)
        return count

    def __enter__(self) -> Lanes:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """All lanes have done all pieces, or one has failed."""
        if error is not None:
            self.failed = self.failed or error
        for waiting in self.queues:
            waiting.put(None)
        for thread in self.threads:
            thread.join()
        if error is None and self.failed:
            raise self.failed

    def _run(self, act: Act, waiting: SimpleQueue[Piece | None]) -> None:
        while (piece := waiting.get()) is not None:
            try:
                if self.failed is None:
                    act(piece.bytes)
            except BaseException as failure:
                self.failed = failure
            finally:
                self._done(piece)

    def _done(self, piece: Piece) -> None:
        with self.turn:
            piece.left -= 1
            last = piece.left == 0
        if last:
            self.free.put(piece.buffer)
