"""Models of XGBoost before 1.0, plain and pickled, predict as they did."""

from __future__ import annotations

import base64
import json
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

xgboost = pytest.importorskip("xgboost")

from cumulet.services.sagemaker.algorithms import xgboost_answers, xgboost_old_files  # noqa: E402

DATA = np.random.default_rng(7).normal(size=(200, 4))
CLASSES = (DATA[:, 0] > 0).astype(int) + (DATA[:, 1] > 0.5)
LOGARITHMIC = ("count:poisson", "reg:tweedie", "reg:gamma")
KINDS = {
    "binary:logistic": (CLASSES > 0).astype(float),
    "reg:squarederror": DATA.sum(axis=1),
    "count:poisson": CLASSES.astype(float),
    "reg:tweedie": CLASSES.astype(float),
    "reg:gamma": CLASSES + 1.0,
    "multi:softprob": CLASSES.astype(float),
}


def trained(objective: str) -> Any:
    asked = {"objective": objective, "max_depth": 3, "base_score": 0.4}
    if objective.startswith("multi:"):
        asked["num_class"] = 3
    return xgboost.train(asked, xgboost.DMatrix(DATA, KINDS[objective]), 5)


def old(booster: Any) -> bytes:
    """The form in which 0.90 wrote it."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    about, objective = learner["learner_model_param"], learner["objective"]["name"]
    base = float(str(about["base_score"]).strip("[]").split(",")[0])
    margin = np.log(base) if objective in LOGARITHMIC else base
    if objective == "binary:logistic":
        margin = np.log(base / (1 - base))
    model = learner["gradient_booster"]["model"]
    head = struct.pack("<fIiii116x", margin, int(about["num_feature"]), int(about["num_class"]), 0, 0)
    names = b"".join(struct.pack("<Q", len(name)) + name for name in (objective.encode(), b"gbtree"))
    trees, groups = model["trees"], model["tree_info"]
    counts = struct.pack("<iiiiqii128x", len(trees), 1, int(about["num_feature"]), 0, 0, 1, 0)
    return head + names + counts + b"".join(map(tree, trees)) + struct.pack(f"<{len(groups)}i", *groups)


def tree(found: dict[str, Any]) -> bytes:
    count, left = len(found["parents"]), found["left_children"]
    head = struct.pack("<iiiiii124x", 1, count, 0, 3, 4, 0)
    nodes = b""
    for number, parent in enumerate(found["parents"]):
        first = number in left
        up = 0xFFFFFFFF if parent == 2**31 - 1 else parent | first << 31
        split = found["split_indices"][number] | found["default_left"][number] << 31
        children = (left[number], found["right_children"][number])
        nodes += struct.pack("<IiiIf", up, *children, split, found["split_conditions"][number])
    told = zip(found["loss_changes"], found["sum_hessian"], found["base_weights"], strict=True)
    return head + nodes + b"".join(struct.pack("<fffi", *figures, 0) for figures in told)


def predicted(tmp_path: Path, data: bytes) -> np.ndarray:
    (tmp_path / "xgboost-model").write_bytes(data)
    found = xgboost_answers.booster(tmp_path / "xgboost-model")
    return np.asarray(found.predict(xgboost.DMatrix(DATA)))


@pytest.mark.parametrize("objective", KINDS)
def test_a_model_predicts_as_it_did(tmp_path, objective):
    booster = trained(objective)
    expected = booster.predict(xgboost.DMatrix(DATA))
    written = old(booster)
    for data in (written, b"binf" + written, b"bs64\t" + base64.b64encode(written)):
        assert predicted(tmp_path, data) == pytest.approx(expected, abs=1e-6)


def test_one_that_python_2_pickled_too(tmp_path):
    booster = trained("binary:logistic")
    state = {"best_iteration": 4, "handle": bytearray(old(booster)), "feature_names": None}
    text = pickle.dumps(state, protocol=0)  # what it wrote around that is the same for all
    around = b"ccopy_reg\n_reconstructor\n(cxgboost.core\nBooster\nc__builtin__\nobject\nNtR"
    assert predicted(tmp_path, around + text[:-1] + b"b.") == pytest.approx(
        booster.predict(xgboost.DMatrix(DATA)), abs=1e-6
    )


@pytest.mark.parametrize("data", [b"", b"no model", bytes(500)])
def test_what_is_no_such_file_is_refused(data):
    with pytest.raises(xgboost_old_files.Unreadable):
        xgboost_old_files.as_json(data)
