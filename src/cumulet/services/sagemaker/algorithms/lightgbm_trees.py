"""LightGBM, by the library of that name.

https://docs.aws.amazon.com/sagemaker/latest/dg/lightgbm.html
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import tabular
from .circle import Circle
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
        choice("tree_learner", ("serial", "feature", "data", "voting"), "serial"),
        real("feature_fraction_bynode", 1.0, low=0, high=1, edges="(]"),
        flag("is_unbalance", False),
        integer("max_bin", 255, low=2),
        real("tweedie_variance_power", 1.5, low=1, high=2, edges="[)"),
        integer("num_threads", 0, low=0),
        integer("verbosity", 1),
        flag("use_dask", False).but(refused="several instances train together without it."),
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
    lightgbm, values, circle = library(), HYPERPARAMETERS.read(job.hyperparameters), Circle(job)
    data = tabular.read(job, tabular.task_of(job, values["metric"], REGRESSIONS), circle)
    sets = [
        lightgbm.Dataset(table.features, data.numbers(table), categorical_feature=data.categories)
        for table in (data.train, data.validation)
    ]
    stop = values["early_stopping_rounds"]
    callbacks = [_averager(circle, len(data.validation)), _teller()]
    if stop > 0:
        callbacks.append(lightgbm.early_stopping(stop, verbose=False))
    try:
        booster = lightgbm.train(
            _parameters(values, data) | _together(circle, values["tree_learner"]),
            sets[0],
            values["num_boost_round"],
            [sets[1]],
            ["validation"],
            callbacks=callbacks,
        )
    except (lightgbm.basic.LightGBMError, ValueError) as error:
        raise ClientError(f"LightGBM cannot train: {error}") from None
    if not circle.first:
        return
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


def _together(circle: Circle, learner: str) -> dict[str, Any]:
    """How the hosts build one model's trees of what each of them has. The library knows itself among the machines
    by its address and port; of the loopback addresses it only knows the first.

    https://lightgbm.readthedocs.io/en/stable/Parallel-Learning-Guide.html
    """
    if circle.alone:
        return {}
    address = circle.address(circle.job.host)
    mine = "127.0.0.1" if address.startswith("127.") else address
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = probe.getsockname()[1]
    return {
        "machines": ",".join(circle.share(f"{mine}:{port}")),
        "local_listen_port": port,
        "num_machines": len(circle.job.hosts),
        "tree_learner": "data" if learner == "serial" else learner,
        "pre_partition": True,
    }


def _averager(circle: Circle, rows: int) -> Callable[[Any], None]:
    """The figures of all hosts as one: all have to see the same, or they would not stop together."""

    def average(environment: Any) -> None:
        found = environment.evaluation_result_list
        if circle.alone or not found:
            return
        names = [f"{where} {name}" for where, name, *_ in found]
        means = circle.mean(dict(zip(names, (each[2] for each in found), strict=True)), rows)
        found[:] = [_with(each, means[name]) for each, name in zip(found, names, strict=True)]

    average.order = 0  # type: ignore[attr-defined]  # before whoever reads them
    return average


def _with(result: Any, value: float) -> Any:
    """A result of the library's with another value: newer versions name its parts."""
    if hasattr(result, "_fields"):
        parts = {part: getattr(result, part) for part in result._fields}
        return type(result)(**{**parts, "metric_value": value})
    where, name, _, *rest = result
    return (where, name, value, *rest)


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
