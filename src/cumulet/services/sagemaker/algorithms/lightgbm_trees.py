"""LightGBM, by the library of that name.

https://docs.aws.amazon.com/sagemaker/latest/dg/lightgbm.html
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
from .schema import Schema, choice, flag, integer, real

REGRESSIONS = ("rmse", "l1", "l2", "huber", "fair")
BINARY = ("binary_logloss", "binary_error", "auc", "average_precision")
MULTI = ("multi_logloss", "multi_error", "auc_mu", "cross_entropy")
METRICS = tuple(Metric(name, rf"{name}: ([0-9\.]+)") for name in (*REGRESSIONS, *BINARY, *MULTI))
SHARE = {"low": 0, "high": 1, "edges": "(]"}
HYPERPARAMETERS = Schema(
    (
        integer("num_boost_round", 100, low=1),
        integer("early_stopping_rounds", 10),
        choice("metric", ("auto", *REGRESSIONS, *BINARY, *MULTI), "auto"),
        real("learning_rate", 0.1, low=0, high=1, edges="()"),
        integer("num_leaves", 64, low=2, high=131072),
        real("feature_fraction", 0.9, low=0, high=1, edges="(]"),
        real("bagging_fraction", 0.9, low=0, high=1, edges="(]"),
        integer("bagging_freq", 1, low=0),
        integer("max_depth", 6),
        integer("min_data_in_leaf", 3, low=0),
        real("max_delta_step", 0.0),
        real("lambda_l1", 0.0, low=0),
        real("lambda_l2", 0.0, low=0),
        choice("boosting", ("gbdt", "rf", "dart", "goss"), "gbdt"),
        real("min_gain_to_split", 0.0, low=0),
        real("scale_pos_weight", 1.0, low=0, edges="(]"),
        choice("tree_learner", ("serial", "feature", "data", "voting"), "serial").but(
            refused="the others are for several instances."
        ),
        real("feature_fraction_bynode", 1.0, low=0, high=1, edges="(]"),
        flag("is_unbalance", False),
        integer("max_bin", 255, low=2),
        real("tweedie_variance_power", 1.5, low=1, high=2, edges="[)"),
        integer("num_threads", 0, low=0),
        integer("verbosity", 1),
        flag("use_dask", False).but(refused="it is for several instances."),
    )
)
OURS = ("num_boost_round", "early_stopping_rounds", "metric", "use_dask")
MODEL, ABOUT = "model.txt", "about.json"


def library() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise missing("lightgbm") from None
    return lightgbm


def train(job: Job) -> None:
    lightgbm, values = library(), HYPERPARAMETERS.read(job.hyperparameters)
    data = tabular.read(job, tabular.task_of(job, values["metric"], REGRESSIONS))
    sets = [
        lightgbm.Dataset(table.features, data.numbers(table), categorical_feature=data.categories)
        for table in (data.train, data.validation)
    ]
    stop = values["early_stopping_rounds"]
    callbacks = [_teller(), *([lightgbm.early_stopping(stop, verbose=False)] if stop > 0 else [])]
    try:
        booster = lightgbm.train(
            _parameters(values, data),
            sets[0],
            values["num_boost_round"],
            [sets[1]],
            ["validation"],
            callbacks=callbacks,
        )
    except (lightgbm.basic.LightGBMError, ValueError) as error:
        raise ClientError(f"LightGBM cannot train: {error}") from None
    job.model.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(job.model / MODEL))
    (job.model / ABOUT).write_text(json.dumps(tabular.described(data)))


def _parameters(values: dict[str, Any], data: tabular.Data) -> dict[str, Any]:
    given = {name: value for name, value in values.items() if value is not None and name not in OURS}
    metric = {} if values["metric"] == "auto" else {"metric": values["metric"]}
    if given["is_unbalance"]:
        del given["scale_pos_weight"]  # the library takes one of them
    if data.classes is None:
        return {**given, "objective": "regression", "metric": "rmse", **metric}
    if len(data.classes) == 2:
        return {**given, "objective": "binary", "metric": "binary_logloss", **metric}
    several = {"objective": "multiclass", "metric": "multi_logloss", "num_class": len(data.classes)}
    return {**{n: v for n, v in given.items() if n != "scale_pos_weight"}, **several, **metric}


def _teller() -> Callable[[Any], None]:
    def tell(environment: Any) -> None:
        figures = [
            f"{where}'s {name}: {value:.6f}" for where, name, value, *_ in environment.evaluation_result_list
        ]
        print(f"[{environment.iteration + 1}] {' '.join(figures)}", flush=True)

    return tell


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    booster = library().Booster(model_file=str(folder / MODEL))
    about = json.loads((folder / ABOUT).read_text())

    def predict(features: np.ndarray) -> np.ndarray:
        said = np.asarray(booster.predict(features))
        return np.column_stack([1 - said, said]) if about["classes"] and said.ndim == 1 else said

    return tabular.answering(predict, about)
