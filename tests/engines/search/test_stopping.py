"""When a trial under way is given up."""

from __future__ import annotations

from cumulet.engines.search.stopping import below_median, falls_behind, rungs


def test_a_trial_worse_than_the_median_of_the_finished_ones_is_given_up():
    finished = [[0.1, 0.5, 0.9], [0.2, 0.6, 0.8], [0.3, 0.6, 0.7]]
    assert below_median([0.05, 0.1], finished, maximize=True)
    assert not below_median([0.05, 0.7], finished, maximize=True)
    assert below_median([2.0, 3.0], finished, maximize=False)


def test_without_anything_to_compare_a_trial_goes_on():
    assert not below_median([], [[1.0]], maximize=True)
    assert not below_median([0.1, 0.1], [[0.9]], maximize=True)


def test_rungs_grow_threefold():
    assert rungs(1, 27) == [1, 3, 9]
    assert rungs(5, 5) == []


def test_only_the_best_third_goes_on_from_a_rung():
    others = [[0.9], [0.8], [0.7], [0.6], [0.5]]
    assert falls_behind([0.55], others, [1, 3], maximize=True)
    assert not falls_behind([0.85], others, [1, 3], maximize=True)
    assert not falls_behind([0.1], others[:1], [1, 3], maximize=True)
    assert not falls_behind([], others, [1, 3], maximize=True)
