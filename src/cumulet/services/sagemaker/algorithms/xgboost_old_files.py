"""Models that XGBoost wrote before 1.0, in a binary form that today's no longer reads: as its JSON, which it does.

The form was never described but by the structures that were written as they lay in memory, little-endian: the
learner's parameters, the names of objective and booster, the trees with their nodes and statistics.
https://github.com/dmlc/xgboost/tree/release_0.90 (src/learner.cc, src/gbm/gbtree_model.h,
include/xgboost/tree_model.h); the JSON: https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
"""

from __future__ import annotations

import base64
import json
import math
import pickle
import struct
from io import BytesIO
from typing import Any

import numpy as np

LEARNER = struct.Struct("<fIiii116x")  # base_score, features, classes, whether attributes and metrics follow
MODEL = struct.Struct("<iiiiqii128x")  # trees, roots, features, -, -, output groups, size of leaf vectors
TREE = struct.Struct("<iiiiii124x")  # roots, nodes, deleted, depth, features, size of leaf vectors
NODE = np.dtype([("parent", "<u4"), ("left", "<i4"), ("right", "<i4"), ("split", "<u4"), ("value", "<f4")])
STATISTICS = np.dtype([("loss", "<f4"), ("hessian", "<f4"), ("weight", "<f4"), ("leaves", "<i4")])
FLAG = np.uint32(1 << 31)  # of a parent: this is its left child; of a split: what is missing goes left
ROOT = 2**31 - 1  # as the JSON has the root's parent
LONGEST_NAME = 64
VERSION = [1, 7, 6]  # of the JSON

# The base score was kept as a margin: how the objectives made it of the parameter, the other way round.
LOGISTIC = ("binary:logistic", "reg:logistic")
EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie", "survival:cox")

# What objectives have of their own in the JSON: of training only, so any value will do.
OWN = {
    "count:poisson": {"poisson_regression_param": {"max_delta_step": "0.7"}},
    "reg:tweedie": {"tweedie_regression_param": {"tweedie_variance_power": "1.5"}},
}


class Unreadable(ValueError):
    """It is no such file, or holds what is not read here."""


class Source(BytesIO):
    def take(self, form: struct.Struct) -> tuple[Any, ...]:
        return form.unpack(self.exactly(form.size))

    def exactly(self, count: int) -> bytes:
        data = self.read(count)
        if len(data) < count:
            raise Unreadable("the file ends too early")
        return data

    def array(self, kind: np.dtype[Any], count: int) -> np.ndarray:
        return np.frombuffer(self.exactly(kind.itemsize * count), kind)

    def name(self) -> str:
        (length,) = self.take(struct.Struct("<Q"))
        if not 0 < length <= LONGEST_NAME:
            raise Unreadable("there is no name where one belongs")
        return self.exactly(length).decode("ascii")


def as_json(data: bytes) -> bytes:
    """The model as today's XGBoost reads it; `Unreadable` where this is no model of that time."""
    if data.startswith(b"bs64"):
        data = base64.b64decode(data[5:])
    source = Source(data.removeprefix(b"binf"))
    base, features, classes, _, _ = source.take(LEARNER)
    objective, booster = source.name(), source.name()
    if booster != "gbtree":
        raise Unreadable(f"the booster {booster} is not read from files of XGBoost before 1.0")
    learner = {
        "attributes": {},
        "feature_names": [],
        "feature_types": [],
        "gradient_booster": {"model": _trees(source), "name": booster},
        "learner_model_param": {
            "base_score": repr(_score(base, objective)),
            "boost_from_average": "0",
            "num_class": str(classes),
            "num_feature": str(features),
            "num_target": "1",
        },
        "objective": _objective(objective, classes),
    }
    return json.dumps({"learner": learner, "version": VERSION}).encode()


def _score(margin: float, objective: str) -> float:
    if objective in LOGISTIC:
        return 1 / (1 + math.exp(-margin))
    return math.exp(margin) if objective in EXPONENTIAL else margin


def _objective(name: str, classes: int) -> dict[str, Any]:
    name = {"reg:linear": "reg:squarederror"}.get(name, name)
    if name.startswith("rank:"):
        raise Unreadable(f"the objective {name} is not read from files of XGBoost before 1.0")
    if name.startswith("multi:"):
        return {"name": name, "softmax_multiclass_param": {"num_class": str(classes)}}
    return {"name": name, **OWN.get(name, {"reg_loss_param": {"scale_pos_weight": "1"}})}


def _trees(source: Source) -> dict[str, Any]:
    count, _, _, _, _, _, _ = source.take(MODEL)
    trees = [_tree(source, number) for number in range(count)]
    groups = source.array(np.dtype("<i4"), count).tolist()
    about = {"num_parallel_tree": "1", "num_trees": str(count)}
    return {"gbtree_model_param": about, "tree_info": groups, "trees": trees}


def _tree(source: Source, number: int) -> dict[str, Any]:
    _, count, deleted, _, features, vector = source.take(TREE)
    nodes, told = source.array(NODE, count), source.array(STATISTICS, count)
    if vector:
        raise Unreadable("leaves with several values are not read")
    parents = np.where(nodes["parent"] == 0xFFFFFFFF, ROOT, nodes["parent"] & ~FLAG)
    return {
        "id": number,
        "tree_param": {
            "num_deleted": str(deleted),
            "num_feature": str(features),
            "num_nodes": str(count),
            "size_leaf_vector": "1",
        },
        "parents": parents.tolist(),
        "left_children": nodes["left"].tolist(),
        "right_children": nodes["right"].tolist(),
        "split_indices": (nodes["split"] & ~FLAG).tolist(),
        "default_left": (nodes["split"] >> 31).tolist(),
        "split_conditions": nodes["value"].astype(float).tolist(),
        "loss_changes": told["loss"].astype(float).tolist(),
        "sum_hessian": told["hessian"].astype(float).tolist(),
        "base_weights": told["weight"].astype(float).tolist(),
        "split_type": [0] * count,
        **{f"categories{part}": [] for part in ("", "_nodes", "_segments", "_sizes")},
    }


class Held:
    """What was pickled of a booster, without XGBoost's opinion of it."""

    state: dict[str, Any]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


class Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        held = (module, name) == ("xgboost.core", "Booster")
        return Held if held else super().find_class(module, name)


def unpickled(data: bytes) -> bytes:
    """The same of a pickled booster, be it one of Python 2's."""
    found = Unpickler(BytesIO(data), encoding="latin-1").load()
    if not isinstance(found, Held) or not found.state.get("handle"):
        raise Unreadable("no booster was pickled")
    return as_json(bytes(found.state["handle"]))
