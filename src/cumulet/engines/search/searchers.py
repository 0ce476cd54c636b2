"""The searchers by name: random, grid and Bayesian."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cumulet.engines.search.base import CannotSearch, Choice, Range, Searcher, Space, Tried, Value, fits

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

STARTING = 10  # random trials before the others say anything
INSTALL = "Bayesian search needs Optuna, which is not installed beside Cumulet: pip install optuna"


def searcher(strategy: str, space: Space, *, seed: int, maximize: bool) -> Searcher:
    """A searcher by its name: "random", "grid", "bayesian"."""
    if strategy == "grid":
        return Grid(space)
    return Bayesian(space, seed, maximize) if strategy == "bayesian" else Random(space, seed)


def grid_size(space: Space) -> int:
    """How many settings there are, where all are choices."""
    return math.prod(len(_words(name, part)) for name, part in space.items())


def _words(name: str, part: Range | Choice) -> tuple[str, ...]:
    if isinstance(part, Choice):
        return part.words
    raise CannotSearch(f"a grid needs a choice of words, and {name} is a range of numbers")


@dataclass(frozen=True, slots=True)
class Random:
    """Any place is as good as any other, as each scale measures it."""

    space: Space
    seed: int

    def suggest(self, number: int, trials: Sequence[Tried]) -> dict[str, Value]:
        dice = random.Random(f"{self.seed}/{number}")
        return {name: part.at(dice.random()) for name, part in self.space.items()}


@dataclass(frozen=True, slots=True)
class Grid:
    """Every combination, one after the other."""

    space: Space

    def suggest(self, number: int, trials: Sequence[Tried]) -> dict[str, Value]:
        settings: dict[str, Value] = {}
        for name, part in self.space.items():
            number, place = divmod(number, len(_words(name, part)))
            settings[name] = _words(name, part)[place]
        return settings


@dataclass(frozen=True, slots=True)
class Bayesian:
    """Where good trials are dense and bad ones are not: Optuna's tree-structured Parzen estimator.

    The study is made anew for each question (some 10 ms at 40 trials), so nothing has to survive but the
    trials. Those that still run count as bad ones, which keeps the next ones away from them.
    """

    space: Space
    seed: int
    maximize: bool

    def suggest(self, number: int, trials: Sequence[Tried]) -> dict[str, Value]:
        optuna = _optuna()
        sampler = optuna.samplers.TPESampler(
            seed=(self.seed + number) % 2**32, n_startup_trials=STARTING, constant_liar=True
        )
        study = optuna.create_study(direction="maximize" if self.maximize else "minimize", sampler=sampler)
        parts = {name: _distribution(optuna, part) for name, part in self.space.items()}
        known = (trial for trial in trials if fits(trial.settings, self.space))
        study.add_trials([self._trial(optuna, trial, parts) for trial in known])
        asked: dict[str, Any] = study.ask(parts).params
        return {name: self._outside(name, value) for name, value in asked.items()}

    def _trial(self, optuna: Any, trial: Tried, parts: dict[str, BaseDistribution]) -> Any:
        state = optuna.trial.TrialState.RUNNING if trial.value is None else optuna.trial.TrialState.COMPLETE
        inside = {name: self._inside(name, value) for name, value in trial.settings.items()}
        return optuna.trial.create_trial(state=state, params=inside, distributions=parts, value=trial.value)

    def _inside(self, name: str, value: Value) -> Value:
        """Optuna knows no reversed scale: such a number is told as its distance from 1."""
        return 1 - float(value) if _reversed(self.space[name]) else value

    def _outside(self, name: str, value: Value) -> Value:
        part = self.space[name]
        if isinstance(part, Range) and part.scale == "reverse":
            return min(part.high, max(part.low, 1 - float(value)))
        return value


def _reversed(part: Range | Choice) -> bool:
    return isinstance(part, Range) and part.scale == "reverse"


def _distribution(optuna: Any, part: Range | Choice) -> Any:
    kinds = optuna.distributions
    if isinstance(part, Choice):
        return kinds.CategoricalDistribution(part.words)
    if part.scale == "reverse":
        return kinds.FloatDistribution(1 - part.high, 1 - part.low, log=True)
    kind = kinds.IntDistribution if part.whole else kinds.FloatDistribution
    bounds = (int(part.low), int(part.high)) if part.whole else (part.low, part.high)
    return kind(*bounds, log=part.scale == "logarithmic")


def _optuna() -> Any:
    """Imported late: it takes a second, and few need it."""
    import warnings

    try:
        import optuna
    except ImportError:
        raise CannotSearch(INSTALL) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna
