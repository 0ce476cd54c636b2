"""Which files this process has found to be what was stored, so that large ones are not read twice for it.

Blobs never change, so one look at each is enough for as long as the file stays the same: its device, inode,
size and times are remembered with what was found whole. Whoever edits a file in place changes its times, and
it is looked at again. Nothing here is shared between processes: each looks for itself.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

MOST = 4096  # files that are remembered

Identity = tuple[int, int]
State = tuple[int, int, int]


@dataclass(slots=True)
class Seen:
    """One file as it was when it was looked at. No `spans`: all of it is whole."""

    state: State
    spans: set[int] | None = field(default_factory=set)


class Soundness:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self.seen: OrderedDict[Identity, Seen] = OrderedDict()
        self.lock = threading.Lock()
        self.turns = [threading.Lock() for _ in range(16)]

    def knows(self, status: os.stat_result, start: int) -> bool:
        """Whether the span that starts there was found whole, and the file is still the same."""
        with self.lock:
            found = self.seen.get(_identity(status))
            if found is None or found.state != _state(status):
                return False
            self.seen.move_to_end(_identity(status))
            return found.spans is None or start in found.spans

    def remember(self, status: os.stat_result, start: int | None = None) -> None:
        """The span that starts there is whole (without one: the file is)."""
        with self.lock:
            found = self.seen.get(_identity(status))
            if found is None or found.state != _state(status):
                found = self.seen[_identity(status)] = Seen(_state(status))
            if start is None:
                found.spans = None
            elif found.spans is not None:
                found.spans.add(start)
            self.seen.move_to_end(_identity(status))
            while len(self.seen) > MOST:
                self.seen.popitem(last=False)

    def turn(self, status: os.stat_result) -> threading.Lock:
        """Held while a file is read for this, so that many who want it at once read it once."""
        return self.turns[status.st_ino % len(self.turns)]


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
