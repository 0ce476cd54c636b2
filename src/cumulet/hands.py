"""Threads that do an event loop's blocking work.

A `ThreadPoolExecutor` under `run_in_executor` serves this too, with two futures, two conditions and three locks a
call: as much as it takes to check a signature. Here everything that is counted is counted on the loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Call = tuple[asyncio.Future[Any], Callable[..., Any], tuple[Any, ...]]


class Hands:
    """As many threads as there are calls at one time, up to `most`; whatever comes then waits.

    To be called from one loop. The threads end with the process.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.threads = 0
        self.spare = 0  # threads without a call; below zero: calls without a thread
        self.calls: SimpleQueue[Call] = SimpleQueue()

    def call(self, act: Callable[[Unpack[Ts]], T], *arguments: *Ts) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self.spare <= 0 and self.threads < self.most:
            self._begin()
        self.spare -= 1
        self.calls.put((future, act, arguments))
        return future

    def _begin(self) -> None:
        self.threads += 1
        self.spare += 1
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._work, args=(loop,), name=f"hand {self.threads}", daemon=True).start()

    def _work(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            future, act, arguments = self.calls.get()
            result, error = None, None
            try:
                result = act(*arguments)
            except BaseException as raised:
                error = raised
            try:
                loop.call_soon_threadsafe(self._done, future, result, error)
            except RuntimeError:
                return  # the loop has ended, and with it whoever waited
            del future, act, arguments, result, error  # nothing is kept alive while waiting for the next

    def _done(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self.spare += 1
        if future.done():
            return  # whoever waited has given up
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
