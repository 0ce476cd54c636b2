"""Several questions in one go, where the handler can, and only while that pays.

There is no waiting for a batch to fill: what has come while the model was busy goes in together. A single
question is therefore never later than without batches.
"""

from __future__ import annotations

import time

MOST = 64  # questions in one batch
WORTH = 0.9  # a question in a batch must cost less than this part of one alone
SURE = 8  # measurements of either kind before anything is concluded
PAUSE = 300  # questions that are asked one by one where it did not pay, until it is tried again
NEWEST = 0.1  # the weight of the newest measurement

clock = time.process_time  # not the time on the wall: on a busy machine that says nothing


class Cost:
    """Seconds for one question, learnt from many."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.known = 0

    def learn(self, seconds: float) -> None:
        self.known += 1
        weight = max(NEWEST, 1 / self.known)
        self.seconds += weight * (seconds - self.seconds)


class Batches:
    """How many questions to put at once, learnt from what they took."""

    def __init__(self) -> None:
        self.alone, self.together = Cost(), Cost()
        self.left = 0  # questions until batches are tried again

    def most(self) -> int:
        return 1 if self.left > 0 else MOST

    def note(self, count: int, seconds: float) -> None:
        (self.alone if count == 1 else self.together).learn(seconds / count)
        self.left = max(0, self.left - 1)
        if count > 1 and self._useless():
            self.left, self.together = PAUSE, Cost()

    def _useless(self) -> bool:
        sure = min(self.alone.known, self.together.known) >= SURE
        return sure and self.together.seconds > self.alone.seconds * WORTH
