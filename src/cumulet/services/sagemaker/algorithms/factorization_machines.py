"""Factorization Machines: a linear model and, by factors, what pairs of features mean together.

Adam on mini-batches of sparse rows; only the rows of the features that a batch has are touched.

https://docs.aws.amazon.com/sagemaker/latest/dg/fact-machines-howitworks.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import class_metrics, replies, vectors
from .errors import ClientError
from .job import Job, Metric, qualities
from .k_means import check_width
from .losses import logistic, sigmoid, squared
from .optimizers import EPSILON, Optimizer
from .replies import Answer, Headers, Row
from .schema import Hyperparameter, Schema, choice, integer, real
from .tables import Matrix, Table, scipy_sparse

F1 = "binary_f_1.000"  # as the log has it
METRICS = (
    *qualities(
        ("train", "test"),
        {
            "rmse": "loss",
            "binary_classification_accuracy": "score",
            "binary_classification_cross_entropy": "loss",
        },
    ),
    *(
        Metric(f"{m.name.partition(':')[0]}:binary_f_beta", m.regex)
        for m in qualities(("train", "test"), {F1: "score"})
    ),
)


def _part(name: str, sigma: float, rate: float, decay: float) -> tuple[Hyperparameter, ...]:
    return (
        choice(f"{name}_init_method", ("normal", "uniform", "constant"), "normal"),
        real(f"{name}_init_scale", 0.07, low=0),
        real(f"{name}_init_sigma", sigma, low=0),
        real(f"{name}_init_value", 0.0),
        real(f"{name}_lr", rate, low=0),
        real(f"{name}_wd", decay, low=0),
    )


HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        integer("num_factors", low=1, required=True),
        choice("predictor_type", ("binary_classifier", "regressor"), required=True),
        *_part("bias", 0.01, 0.1, 0.01),
        *_part("linear", 0.01, 0.001, 0.001),
        *_part("factors", 0.001, 0.0001, 0.00001),
        real("clip_gradient"),
        integer("epochs", 1, low=1),
        real("eps"),
        vectors.mini_batch(1000),
        real("rescale_grad"),
    )
)


class Machine:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values, self.random = values, np.random.default_rng(0)
        width, factors = values["feature_dim"], values["num_factors"]
        shapes: dict[str, tuple[int, ...]] = {"bias": (1,), "linear": (width, 1), "factors": (width, factors)}
        self.parameters = {name: self._begun(name, shape) for name, shape in shapes.items()}
        epsilon = values["eps"] if values["eps"] is not None else EPSILON
        self.steps = {name: Optimizer("adam", epsilon=epsilon) for name in shapes}

    def _begun(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        method, scale = self.values[f"{name}_init_method"], self.values[f"{name}_init_scale"]
        if method == "constant":
            return np.full(shape, self.values[f"{name}_init_value"])
        if method == "uniform":
            return self.random.uniform(-scale, scale, shape)
        return self.random.normal(0, self.values[f"{name}_init_sigma"], shape)

    def step(self, features: Matrix, labels: np.ndarray) -> float:
        """One mini-batch; its mean loss."""
        columns = np.unique(features.indices)
        own = features[:, columns]
        factors, sums = self.parameters["factors"][columns], own @ self.parameters["factors"][columns]
        pairs = 0.5 * (sums**2 - own.multiply(own) @ factors**2).sum(axis=1)
        scores = self.parameters["bias"][0] + (own @ self.parameters["linear"][columns])[:, 0] + pairs
        loss, slope = (squared if self.values["predictor_type"] == "regressor" else logistic)(
            scores, labels, {}
        )
        slope = slope / len(labels)
        weighted = own.multiply(slope[:, None]).tocsr()
        squares = np.asarray(own.multiply(own).T @ slope)
        self._apply("factors", weighted.T @ sums - squares[:, None] * factors, columns)
        self._apply("linear", np.asarray(weighted.sum(axis=0)).T, columns)
        self._apply("bias", np.array([slope.sum()]), slice(None))
        return float(loss.mean())

    def _apply(self, name: str, gradient: np.ndarray, rows: Any) -> None:
        values = self.values
        if values["rescale_grad"] is not None:
            gradient = gradient * values["rescale_grad"]
        if (limit := values["clip_gradient"]) is not None:
            gradient = np.clip(gradient, -limit, limit)
        gradient = gradient + values[f"{name}_wd"] * self.parameters[name][rows]
        self.steps[name].step(self.parameters[name], gradient, values[f"{name}_lr"], rows)


def scores_of(features: Matrix, parameters: dict[str, np.ndarray]) -> np.ndarray:
    factors = parameters["factors"]
    squares = features.multiply(features) if hasattr(features, "multiply") else features**2
    pairs = 0.5 * ((features @ factors) ** 2 - squares @ factors**2).sum(axis=1)
    return np.asarray(parameters["bias"][0] + (features @ parameters["linear"])[:, 0] + pairs)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    table = vectors.read(channels["train"], values["feature_dim"])
    labels, features = table.answers, scipy_sparse().csr_matrix(table.features, dtype=np.float64)
    if values["predictor_type"] == "binary_classifier" and not np.isin(labels, (0, 1)).all():
        raise ClientError("The labels of a binary_classifier have to be 0 or 1.")
    machine = Machine(values)
    for epoch in range(values["epochs"]):
        for rows in vectors.batches(len(table), values["mini_batch_size"], machine.random):
            machine.step(features[rows], labels[rows])
        job.progress(epoch + 1, values["epochs"])
        _report(job, f"epoch={epoch}, train", features, labels, machine)
    _report(job, "train", features, labels, machine)
    if test := channels.get("test"):
        tested = vectors.read(test, values["feature_dim"])
        _report(job, "test", tested.features, tested.answers, machine)
    arrays = {"arg:v": "factors", "arg:w1_weight": "linear", "arg:w0_weight": "bias"}
    saved = {name: machine.parameters[part].astype(np.float32) for name, part in arrays.items()}
    vectors.save_packed(job, "params", saved, {"predictor_type": values["predictor_type"]})


def _report(job: Job, where: str, features: Matrix, labels: np.ndarray, machine: Machine) -> None:
    scores = scores_of(features, machine.parameters)
    if machine.values["predictor_type"] == "regressor":
        return job.quality(where, "rmse", float(np.sqrt(np.mean((scores - labels) ** 2))))
    said, truth = (scores > 0).astype(int), labels.astype(int)
    job.quality(where, "binary_classification_accuracy", class_metrics.accuracy(truth, said), "score")
    job.quality(where, "binary_classification_cross_entropy", float(logistic(scores, labels, {})[0].mean()))
    return job.quality(where, F1, class_metrics.LABELS["f1_binary"](truth, said), "score")


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    arrays, about = vectors.load_packed(folder, "params")
    names = {"factors": "arg:v", "linear": "arg:w1_weight", "bias": "arg:w0_weight"}
    parameters = {name: arrays[key].astype(np.float64) for name, key in names.items()}

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, len(parameters["factors"]))
        scores = scores_of(table.features, parameters)
        if about["predictor_type"] == "regressor":
            return [{"score": score} for score in scores.tolist()]
        return [{"score": share, "predicted_label": float(share > 0.5)} for share in sigmoid(scores).tolist()]

    return replies.answering(predict, "predictions")
