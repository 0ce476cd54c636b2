"""Word of queries that have ended, for calls that hold their answer back a little until there is some."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from cumulet.house import House

MOST = 64  # calls that may wait at one time: they hold as many of the server's 96 threads


class Endings:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.expected: dict[threading.Event, str] = {}

    @contextmanager
    def expecting(self, query: str) -> Iterator[threading.Event]:
        """Set once the query ends from now on; already set where too many wait."""
        event = threading.Event()
        with self.lock:
            if len(self.expected) < MOST:
                self.expected[event] = query
            else:
                event.set()
        try:
            yield event
        finally:
            with self.lock:
                self.expected.pop(event, None)

    def tell(self, query: str) -> None:
        with self.lock:
            waiting = [event for event, name in self.expected.items() if name == query]
        for event in waiting:
            event.set()


_endings: WeakKeyDictionary[House, Endings] = WeakKeyDictionary()
_making = threading.Lock()


def endings(house: House) -> Endings:
    with _making:
        return _endings.setdefault(house, Endings())
