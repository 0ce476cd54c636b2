"""The training of linear models side by side: scaled data, mini-batches, and an end where nothing gets better."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from . import vectors
from .job import Job
from .losses import LOSSES
from .optimizers import Optimizer
from .tables import Table

Array = np.ndarray
RATES = (0.1, 0.03, 0.01, 0.003)  # tried where the hyperparameter is "auto"
L1S = (0.0, 1e-5, 1e-4, 1e-3)
DECAYS = (0.0, 1e-4)


@dataclass(slots=True)
class Scaling:
    """How features and labels are shifted and stretched before training, and models back after it."""

    mean: Array
    deviation: Array
    label_mean: float = 0.0
    label_deviation: float = 1.0

    @classmethod
    def of(cls, table: Table, values: dict[str, Any]) -> Scaling:
        """Learnt from the first records only, as SageMaker's scaler does."""
        features = table.dense[: values["num_point_for_scaler"]].astype(np.float64)
        labels = table.answers[: values["num_point_for_scaler"]]
        mean, deviation = np.zeros(features.shape[1]), np.ones(features.shape[1])
        if values["normalize_data"]:
            deviation = features.std(axis=0)
            deviation[deviation == 0] = 1
        if values["unbias_data"]:
            mean = features.mean(axis=0)
        return cls(
            mean,
            deviation,
            float(labels.mean()) if values["unbias_label"] else 0.0,
            float(labels.std()) or 1.0 if values["normalize_label"] else 1.0,
        )

    def scaled(self, table: Table) -> tuple[Array, Array]:
        features = (table.dense.astype(np.float64) - self.mean) / self.deviation
        return features, (table.answers - self.label_mean) / self.label_deviation

    def undone(self, weights: Array, bias: Array) -> tuple[Array, Array]:
        """Of a model of scaled data, that of the data itself: weights are features by outputs."""
        own = weights / self.deviation[:, None] * self.label_deviation
        return own, bias * self.label_deviation + self.label_mean - self.mean @ own


class Trainer:
    """Weights are features x models x outputs."""

    def __init__(
        self, values: dict[str, Any], scaling: Scaling, train: Table, validation: Table | None
    ) -> None:
        self.values, self.scaling, self.loss = values, scaling, LOSSES[values["loss"]]
        self.features, self.labels = scaling.scaled(train)
        self.validation = scaling.scaled(validation) if validation else None
        self.outputs = values["num_classes"] if values["predictor_type"] == "multiclass_classifier" else 1
        self.rates, self.l1, self.decay = self._variations()
        self.random = np.random.default_rng(0)
        self.importance = self._importance()
        self._begin()

    def _variations(self) -> tuple[Array, Array, Array]:
        """The settings of each model: those that were given, and what may be tried for the others."""
        wanted = {"learning_rate": RATES, "l1": L1S, "wd": DECAYS}
        choices = [tried if self.values[n] == "auto" else (self.values[n],) for n, tried in wanted.items()]
        found = list(product(*choices))
        count = self.values["num_models"]
        found = [
            found[(number * len(found)) // count if count < len(found) else number % len(found)]
            for number in range(count)
        ]
        rates, l1, decay = np.array(found).T[:, :, None]
        return rates, l1, decay

    def _begin(self) -> None:
        shape = (self.features.shape[1], len(self.rates), self.outputs)
        scale, sigma = self.values["init_scale"], self.values["init_sigma"]
        if self.values["init_method"] == "uniform":
            self.weights = self.random.uniform(-scale, scale, shape)
        else:
            self.weights = self.random.normal(0, sigma, shape)
        self.bias = np.full(shape[1:], self.values["init_bias"] if self.values["use_bias"] else 0.0)
        names = ("momentum", "beta_1", "beta_2")
        settings = {name: self.values[name] for name in names}
        self.steps = (
            Optimizer(self.values["optimizer"], **settings),
            Optimizer(self.values["optimizer"], **settings),
        )

    def _importance(self) -> Array:
        """How much each record counts."""
        labels, mult = self.labels.astype(int), self.values["positive_example_weight_mult"]
        if self.outputs > 1 and self.values["balance_multiclass_weights"]:
            counts = np.bincount(labels, minlength=self.outputs)
            return np.asarray(len(labels) / (self.outputs * np.maximum(counts[labels], 1)))
        if self.values["predictor_type"] != "binary_classifier":
            return np.ones(len(labels))
        if mult in ("balanced", "auto"):
            mult = (labels == 0).sum() / max((labels == 1).sum(), 1)
        return np.asarray(np.where(labels == 1, mult, 1.0))

    def scores(self, features: Array) -> Array:
        """Records x models, and a last axis of classes where there are several."""
        found = np.tensordot(features, self.weights, axes=1) + self.bias
        return found if self.outputs > 1 else found[..., 0]

    def objective(self, features: Array, labels: Array, importance: Array | float = 1.0) -> Array:
        """The mean loss of each model."""
        losses, _ = self.loss(self.scores(features), labels[:, None], self.values)
        return np.asarray((losses * np.reshape(importance, (-1, 1))).mean(axis=0))

    def train(self, job: Job) -> None:
        best, worse, batch = np.inf, 0, 0
        epochs, tolerance = self.values["epochs"], self.values["early_stopping_tolerance"]
        for epoch in range(epochs):
            for rows in vectors.batches(len(self.features), self.values["mini_batch_size"], self.random):
                self._step(rows, self._eased(batch))
                batch += 1
            trained = float(np.nanmin(self.objective(self.features, self.labels, self.importance)))
            watched = (
                trained if self.validation is None else float(np.nanmin(self.objective(*self.validation)))
            )
            job.say(f"Epoch[{epoch}] train loss={trained} watched loss={watched}")
            job.progress(epoch + 1, epochs)
            worse = (
                0 if watched < best - tolerance * abs(best if np.isfinite(best) else watched) else worse + 1
            )
            best = min(best, watched)
            if worse >= self.values["early_stopping_patience"]:
                job.say(f"Early stop condition met. Stopping training after epoch {epoch}.")
                break

    def _eased(self, batch: int) -> Array:
        """The learning rates, which become smaller every few batches."""
        if not self.values["use_lr_scheduler"]:
            return self.rates
        factor = self.values["lr_scheduler_factor"] ** (batch // self.values["lr_scheduler_step"])
        least = np.minimum(self.rates, self.values["lr_scheduler_minimum_lr"])
        return np.asarray(np.maximum(self.rates * factor, least))

    def _step(self, rows: Array, rates: Array) -> None:
        features = self.features[rows]
        _, slope = self.loss(self.scores(features), self.labels[rows][:, None], self.values)
        slope = (slope if self.outputs > 1 else slope[..., None]) * self.importance[rows][:, None, None]
        gradient = np.tensordot(features.T, slope, axes=1) / len(rows)
        gradient += self.decay * self.weights + self.l1 * np.sign(self.weights)
        self.steps[0].step(self.weights, gradient, rates)
        if self.values["use_bias"]:
            pull = slope.mean(axis=0) + self.values["bias_wd_mult"] * self.decay * self.bias
            self.steps[1].step(self.bias, pull, rates * self.values["bias_lr_mult"])

    def model(self, number: int) -> tuple[Array, Array]:
        return self.scaling.undone(self.weights[:, number], self.bias[number])
