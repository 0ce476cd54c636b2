"""Giving up a trial that is under way: by what it has reported so far, beside what others had by then.

A curve is the list of values that a trial reported, one for each round (an epoch, a boosting round).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

Curve = Sequence[float]

PART = 3  # one in so many goes on from each rung


def below_median(curve: Curve, others: Sequence[Curve], *, maximize: bool) -> bool:
    """Whether a trial's best so far is worse than the median of the running averages that finished trials
    had after as many rounds.

    https://dl.acm.org/doi/10.1145/3097983.3098043 (the median stopping rule)
    """
    rounds = len(curve)
    averages = [statistics.fmean(other[:rounds]) for other in others if len(other) >= rounds > 0]
    if not averages:
        return False
    best, median = (max if maximize else min)(curve), statistics.median(averages)
    return best < median if maximize else best > median


def rungs(low: int, high: int) -> list[int]:
    """The rounds after which trials are compared: from the least to the most, three times as many each time."""
    found, rounds = [], max(1, low)
    while rounds < high:
        found.append(rounds)
        rounds *= PART
    return found


def falls_behind(curve: Curve, others: Sequence[Curve], rounds: Sequence[int], *, maximize: bool) -> bool:
    """Whether a trial is not among the best third of those that have come as far as its latest rung: the
    asynchronous form of successive halving, on which Hyperband stands.

    https://arxiv.org/abs/1810.05934
    """
    reached = [rung for rung in rounds if len(curve) >= rung]
    if not reached:
        return False
    mine = curve[reached[-1] - 1]
    theirs = [other[reached[-1] - 1] for other in others if len(other) >= reached[-1]]
    if len(theirs) < PART - 1:
        return False
    better = sum(value > mine if maximize else value < mine for value in theirs)
    return better >= max(1, (len(theirs) + 1) // PART)
