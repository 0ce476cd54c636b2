"""Linear Learner: many linear models trained side by side in one pass, of which the best is kept.

All models' scores of a mini-batch are one product of matrices.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_how-it-works.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import linear_selection, replies, vectors
from .errors import ClientError
from .job import Job
from .k_means import check_width
from .linear_parameters import HYPERPARAMETERS, METRICS, resolved
from .linear_training import Scaling, Trainer
from .losses import sigmoid, softmax
from .replies import Answer, Headers, Row
from .tables import Table

__all__ = ["HYPERPARAMETERS", "METRICS", "load", "train"]

PARAMS = "mx-mod-0000.params"


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("validation", "test"))
    tables = {name: vectors.read(channel, values["feature_dim"]) for name, channel in channels.items()}
    values = resolved(values)
    for table in tables.values():
        _check_labels(table.answers, values)
    scaling = Scaling.of(tables["train"], values)
    trainer = Trainer(values, scaling, tables["train"], tables.get("validation"))
    trainer.train(job)
    chosen = linear_selection.choose(trainer, tables.get("validation", tables["train"]), values)
    for name, table in tables.items():
        linear_selection.report(job, name, chosen, table, values)
    arrays = {"arg:fc0_weight": chosen.weights.T, "arg:fc0_bias": chosen.bias}
    about = {
        "predictor_type": values["predictor_type"],
        "loss": values["loss"],
        "threshold": chosen.threshold,
    }
    vectors.save_packed(job, PARAMS, {k: np.asarray(v, np.float32) for k, v in arrays.items()}, about)


def _check_labels(labels: np.ndarray, values: dict[str, Any]) -> None:
    kind, classes = values["predictor_type"], values["num_classes"]
    if kind == "binary_classifier" and not np.isin(labels, (0, 1)).all():
        raise ClientError("The labels of a binary_classifier have to be 0 or 1.")
    if kind == "multiclass_classifier" and not np.isin(labels, np.arange(classes)).all():
        raise ClientError(f"The labels have to be the integers from 0 to num_classes - 1 = {classes - 1}.")


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    arrays, about = vectors.load_packed(folder, PARAMS)
    weights, bias = arrays["arg:fc0_weight"].T, arrays["arg:fc0_bias"]
    say = {"regressor": _value, "binary_classifier": _class, "multiclass_classifier": _classes}

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, len(weights))
        return say[about["predictor_type"]](table.dense.astype(np.float64) @ weights + bias, about)

    return replies.answering(predict, "predictions")


def _value(scores: np.ndarray, about: dict[str, Any]) -> list[Row]:
    return [{"score": score} for score in scores[:, 0].tolist()]


def _class(scores: np.ndarray, about: dict[str, Any]) -> list[Row]:
    said = sigmoid(scores[:, 0]) if about["loss"] == "logistic" else scores[:, 0]
    return [{"score": score, "predicted_label": int(score > about["threshold"])} for score in said.tolist()]


def _classes(scores: np.ndarray, about: dict[str, Any]) -> list[Row]:
    shares = softmax(scores)
    return [
        {"score": row.tolist(), "predicted_label": int(label)}
        for row, label in zip(shares, shares.argmax(axis=1), strict=True)
    ]
