"""Searching for the best of many settings, one trial after the other: what to try next, and when to give up.

`searcher(strategy, ...)` says what to try, from nothing but the trials so far: it keeps no state, so whoever
remembers the trials can go on after a crash. `stopping` judges trials that are under way by what they report.
"""

from cumulet.engines.search.base import CannotSearch, Choice, Range, Scale, Searcher, Tried
from cumulet.engines.search.searchers import grid_size, searcher

__all__ = ["CannotSearch", "Choice", "Range", "Scale", "Searcher", "Tried", "grid_size", "searcher"]
