"""Results of a thread's work on their way to event loops: a loop is woken once for as many as are ready."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary


class Awaited:
    """To the thread that does the work what a `concurrent.futures.Future` is; `future` is for the loop."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.future: asyncio.Future[Any] = outbox.loop.create_future()
        self.settled = False

    def done(self) -> bool:
        return self.settled

    def set_result(self, result: Any) -> None:
        self.settled = True
        self.outbox.put(self.future, result, None)

    def set_exception(self, error: BaseException) -> None:
        self.settled = True
        self.outbox.put(self.future, None, error)


class Outbox:
    """What one loop is to be told."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, told: Callable[[BaseException], BaseException]
    ) -> None:
        self.loop = loop
        self.told = told
        self.ready: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self.called = False

    def put(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self.ready.append((future, result, error))
        if not self.called:
            self.called = True
            try:
                self.loop.call_soon_threadsafe(self._give)
            except RuntimeError:
                return  # the loop has ended, and with it whoever waited

    def _give(self) -> None:
        self.called = False  # before anything is taken: what comes now calls again
        while self.ready:
            future, result, error = self.ready.popleft()
            if future.done():
                continue  # whoever waited has given up
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(self.told(error))


class Outboxes:
    """One for each loop that ever waited."""

    def __init__(self, told: Callable[[BaseException], BaseException]) -> None:
        self.told = told
        self.by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()

    def awaited(self) -> Awaited:
        """For the loop of this thread."""
        loop = asyncio.get_running_loop()
        outbox = self.by_loop.get(loop)
        if outbox is None:
            outbox = self.by_loop[loop] = Outbox(loop, self.told)
        return Awaited(outbox)
