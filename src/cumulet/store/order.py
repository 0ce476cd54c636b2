"""Numbers in the order in which they were taken, across restarts too: what came first has the smaller one."""

from __future__ import annotations

import threading
import time

STEP = 1000  # microseconds since the epoch, and room for a thousand within each


class Order:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last = 0

    def take(self, count: int = 1) -> range:
        """So many numbers, one behind the other."""
        with self.lock:
            first = max(self.last + 1, time.time_ns() // 1000 * STEP)
            self.last = first + count - 1
            return range(first, first + count)
