"""LightGBM and CatBoost, as JumpStart's programs train and serve them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .laboratory import csv, train

POINTS = np.random.default_rng(0).normal(size=(600, 3))
VALUES = POINTS @ [3, -2, 0] + 1
QUICK = {
    "lightgbm": {"num_boost_round": 60, "metric": "rmse", "num_threads": 1},
    "catboost": {"iterations": 150, "eval_metric": "RMSE", "learning_rate": 0.2},
}
BOTH = pytest.mark.parametrize("library", ["lightgbm", "catboost"])


@BOTH
def test_a_regression_learns_and_answers(library, tmp_path):
    pytest.importorskip(library)
    done = train(tmp_path, f"{library}:1", {"training": ("text/csv", csv(VALUES, POINTS))}, QUICK[library])
    assert done.code == 0, done.log
    errors = done.figures(QUICK[library].get("metric") or "RMSE")
    assert errors[-1] < errors[0] / 3
    said = done.loaded()(b"1,0,0\n0,1,0\n", "text/csv")["prediction"]
    assert said == pytest.approx([4, -1], abs=0.8)
    assert done.loaded()(b"1,0\n", "text/csv")[0] == 400
    assert done.loaded()(b"{}", "application/json")[0] == 415


@BOTH
@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_named_as_in_the_data(library, classes, tmp_path):
    pytest.importorskip(library)
    labels = np.digitize(VALUES, [0, 3][: classes - 1]) * 10 + 5
    channels = {name: ("text/csv", csv(labels, POINTS)) for name in ("training", "validation")}
    quick = {name: value for name, value in QUICK[library].items() if "metric" not in name}
    done = train(tmp_path, f"{library}:1-classification", channels, quick)
    assert done.code == 0, done.log
    ask = done.loaded()
    assert np.array(ask(b"3,0,0\n", "text/csv")["probabilities"]).shape == (1, classes)
    said = ask(b"3,0,0\n-3,0,0\n", "text/csv", "application/json;verbose")
    assert said["labels"] == [5 + 10 * number for number in range(classes)]
    assert said["predicted_label"] == [said["labels"][-1], 5]


@BOTH
def test_categories_are_those_of_the_file_beside_the_data(library, tmp_path):
    pytest.importorskip(library)
    kinds = np.random.default_rng(0).integers(0, 6, 600)
    place = tmp_path / "input/data/training"
    place.mkdir(parents=True)
    (place / "categorical_index.json").write_text(json.dumps({"cat_index_list": [1]}))
    data = ("text/csv", csv(np.isin(kinds, (0, 3, 4)), kinds, POINTS))
    quick = {name: value for name, value in QUICK[library].items() if "metric" not in name}
    done = train(tmp_path, f"{library}:classification", {"training": data}, quick)
    assert done.code == 0, done.log
    (place.parents[2] / "model/about.json").read_text().index('"categories": [0]')
    said = done.loaded()(b"3,0,0,0\n2,0,0,0\n", "text/csv", "application/json;verbose")
    assert said["predicted_label"] == [1, 0]


@BOTH
def test_the_task_has_to_be_said(library, tmp_path):
    pytest.importorskip(library)
    done = train(tmp_path, f"{library}:1", {"train": ("text/csv", csv(VALUES, POINTS))}, {})
    assert "regression or a classification" in done.failure
