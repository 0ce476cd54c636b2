"""What is tried next: every strategy keeps to its space, and the Bayesian one learns from what was tried."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cumulet.engines.search import CannotSearch, Choice, Range, Tried, grid_size, searcher

SPACE = {
    "rate": Range(1e-4, 1.0, scale="logarithmic"),
    "layers": Range(1, 8, whole=True),
    "keep": Range(0.5, 0.999, scale="reverse"),
    "kind": Choice(("a", "b")),
}


def loss(settings):
    distance = (math.log10(settings["rate"]) + 2) ** 2 + (settings["layers"] - 3) ** 2 / 10
    return distance + (settings["kind"] == "b") + (settings["keep"] - 0.9) ** 2


def tried(strategy, seed, count, maximize=False):
    asked = searcher(strategy, SPACE, seed=seed, maximize=maximize)
    sign = -1 if maximize else 1
    trials: list[Tried] = []
    for number in range(count):
        settings = asked.suggest(number, trials)
        trials.append(Tried(settings, sign * loss(settings)))
    return trials


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_every_suggestion_lies_in_the_space(strategy):
    for trial in tried(strategy, 1, 30):
        assert trial.settings.keys() == SPACE.keys()
        assert all(SPACE[name].holds(value) for name, value in trial.settings.items())
        assert isinstance(trial.settings["layers"], int)


@pytest.mark.parametrize("strategy", ["random", "bayesian"])
def test_the_same_seed_and_trials_give_the_same_suggestion(strategy):
    assert tried(strategy, 7, 15) == tried(strategy, 7, 15)
    assert tried(strategy, 7, 15) != tried(strategy, 8, 15)


@pytest.mark.parametrize("maximize", [False, True])
def test_the_bayesian_search_ends_nearer_to_the_best_than_the_random_one(maximize):
    def regret(strategy):
        return sum(min(abs(t.value) for t in tried(strategy, seed, 40, maximize)) for seed in range(3))

    assert regret("bayesian") < regret("random")


def test_trials_that_still_run_and_those_of_another_space_do_no_harm():
    asked = searcher("bayesian", SPACE, seed=1, maximize=False)
    trials = [*tried("random", 1, 12), Tried(asked.suggest(0, [])), Tried({"other": 1}, 0.0)]
    assert all(SPACE[name].holds(value) for name, value in asked.suggest(20, trials).items())


def test_a_grid_is_every_combination_once():
    space = {"a": Choice(("x", "y")), "b": Choice(("1", "2", "3"))}
    asked = searcher("grid", space, seed=1, maximize=True)
    found = {tuple(asked.suggest(number, []).values()) for number in range(grid_size(space))}
    assert len(found) == 6


def test_a_grid_of_numbers_is_refused():
    with pytest.raises(CannotSearch, match="layers is a range"):
        grid_size({"layers": Range(1, 2, whole=True)})


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 2, "high": 1},
        {"low": 0, "high": 1, "scale": "logarithmic"},
        {"low": 0, "high": 1, "scale": "reverse"},
    ],
)
def test_ranges_that_cannot_be_are_refused(wrong):
    with pytest.raises(CannotSearch):
        Range(**wrong)


@given(some.floats(0, 1), some.integers(1, 50), some.integers(0, 50))
def test_whole_numbers_stay_within_their_bounds_on_every_scale(share, low, more):
    for scale in ("linear", "logarithmic"):
        value = Range(low, low + more, whole=True, scale=scale).at(share)
        assert isinstance(value, int)
        assert low <= value <= low + more
