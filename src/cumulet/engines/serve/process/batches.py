"""Several questions in one go, where the handler can, and only while that pays.

There is no waiting for a batch to fill: what has come while the model was busy goes in together. A single
question is therefore never later than without batches.
"""

from __future__ import annotations

import time

MOST = 64  # questions in one batch
WORTH = 0.9  # a question in a batch must cost less than this part of one alone
PAUSE = 500  # questions that are asked one by one where it did not pay, until it is tried again
NEWEST = 0.1  # the weight of the newest measurement


class Batches:
    """How many questions to put at once, learnt from what they took."""

    def __init__(self) -> None:
        self.alone = self.together = 0.0  # seconds for one question
        self.left = 0  # questions until batches are tried again

    def most(self) -> int:
        return 1 if self.left > 0 else MOST

    def note(self, count: int, seconds: float) -> None:
        each = seconds / count
        if count == 1:
            self.alone = _mixed(self.alone, each)
            self.left -= 1
            return
        self.together = _mixed(self.together, each)
        if self.alone and self.together > self.alone * WORTH:
            self.left, self.together = PAUSE, 0.0


def _mixed(old: float, new: float) -> float:
    return new if not old else old + NEWEST * (new - old)


clock = time.perf_counter
