"""CatBoost, by the library of that name.

https://docs.aws.amazon.com/sagemaker/latest/dg/catboost.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import tabular
from .errors import ClientError, missing
from .job import Job, Metric
from .replies import Answer, Headers
from .schema import Schema, choice, integer, real

REGRESSIONS = ("RMSE", "MAE", "MedianAbsoluteError", "R2")
CLASSES = ("Logloss", "Precision", "Recall", "F1", "BalancedAccuracy", "AUC", "Accuracy", "MultiClass")
METRICS = tuple(Metric(name, rf"'{name}': ([-0-9\.]+)") for name in (*REGRESSIONS, *CLASSES))
HYPERPARAMETERS = Schema(
    (
        integer("iterations", 500, low=1),
        integer("early_stopping_rounds", 5),
        choice("eval_metric", ("auto", *REGRESSIONS, *CLASSES), "auto"),
        real("learning_rate", 0.009, low=0, high=1, edges="()"),
        integer("depth", 6, low=1, high=16),
        real("l2_leaf_reg", 3, low=0),
        real("random_strength", 1.0, low=0),
        integer("max_leaves", 31, low=2, high=64),
        real("rsm", 1.0, low=0, high=1, edges="(]"),
        choice("sampling_frequency", ("PerTreeLevel", "PerTree"), "PerTreeLevel"),
        integer("min_data_in_leaf", 1, low=1),
        real("bagging_temperature", 1.0, low=0),
        choice("boosting_type", ("Auto", "Ordered", "Plain"), "Auto"),
        real("scale_pos_weight", 1.0, low=0, edges="(]"),
        integer("max_bin", "Auto", low=1, high=65535, also=("Auto",)),
        choice("grow_policy", ("SymmetricTree", "Depthwise", "Lossguide"), "SymmetricTree"),
        integer("random_seed", 1, low=0),
        integer("thread_count", -1, low=-1),
        integer("verbose", 1, low=0),
    )
)
MODEL, ABOUT = "model.cbm", "about.json"
OURS = (
    "early_stopping_rounds",
    "eval_metric",
    "verbose",
    "max_leaves",
    "boosting_type",
    "max_bin",
    "scale_pos_weight",
)


def library() -> Any:
    try:
        import catboost
    except ImportError:
        raise missing("catboost") from None
    return catboost


def train(job: Job) -> None:
    catboost, values = library(), HYPERPARAMETERS.read(job.hyperparameters)
    data = tabular.read(job, tabular.task_of(job, values["eval_metric"], REGRESSIONS))
    train, validation = (
        catboost.Pool(_columns(t.features, data.categories), data.numbers(t), cat_features=data.categories)
        for t in (data.train, data.validation)
    )
    stop = values["early_stopping_rounds"]
    try:
        model = catboost.CatBoost(_parameters(values, data))
        model.fit(
            train, eval_set=validation, early_stopping_rounds=stop if stop > 0 else None, callbacks=[Teller()]
        )
    except catboost.CatBoostError as error:
        raise ClientError(f"CatBoost cannot train: {error}") from None
    job.model.mkdir(parents=True, exist_ok=True)
    model.save_model(str(job.model / MODEL))
    (job.model / ABOUT).write_text(json.dumps(tabular.described(data)))


class Teller:
    """A line for each tree: the validation's metrics so far, as JSON has them but for the quotes."""

    def after_iteration(self, info: Any) -> bool:
        figures = {name: found[-1] for name, found in info.metrics.get("validation", {}).items()}
        print(f"[{info.iteration}] {figures}", flush=True)
        return True


def _columns(features: np.ndarray, categories: list[int]) -> Any:
    """Categories have to be integers or text, numbers are as they are."""
    if not categories:
        return features
    found = features.astype(object)
    found[:, categories] = features[:, categories].astype(int)
    return found


def _parameters(values: dict[str, Any], data: tabular.Data) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if name not in OURS}
    given.update(logging_level="Silent", allow_writing_files=False)
    if values["grow_policy"] == "Lossguide":
        given["max_leaves"] = values["max_leaves"]
    given.update({n: values[n] for n in ("boosting_type", "max_bin") if values[n] not in ("Auto", None)})
    kind = "regression" if data.classes is None else "binary" if len(data.classes) == 2 else "several"
    loss, metric = {
        "regression": ("RMSE", "RMSE"),
        "binary": ("Logloss", "AUC"),
        "several": ("MultiClass", "MultiClass"),
    }[kind]
    if kind == "binary":
        given["scale_pos_weight"] = values["scale_pos_weight"]
    return {
        **given,
        "loss_function": loss,
        "eval_metric": metric if values["eval_metric"] == "auto" else values["eval_metric"],
    }


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    model = library().CatBoost()
    model.load_model(str(folder / MODEL))
    about = json.loads((folder / ABOUT).read_text())
    kind = "RawFormulaVal" if about["classes"] is None else "Probability"

    def predict(features: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict(_columns(features, about["categories"]), prediction_type=kind))

    return tabular.answering(predict, about)
