"""Which of the linear models is kept, where a binary one draws its line, and what is reported of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import class_metrics
from .job import Job
from .linear_training import Trainer
from .losses import LOSSES, sigmoid, softmax
from .tables import Table

Array = np.ndarray


@dataclass(slots=True)
class Chosen:
    """A model of the data as it is: weights are features by outputs."""

    weights: Array
    bias: Array
    threshold: float = 0.5

    def scores(self, table: Table) -> Array:
        return np.asarray(table.dense.astype(np.float64) @ self.weights + self.bias)


@dataclass(slots=True)
class Line:
    """Every place where a line between the classes can be drawn, the highest first, and what comes of it."""

    thresholds: Array
    precision: Array
    recall: Array
    accuracy: Array

    @classmethod
    def of(cls, scores: Array, truth: Array) -> Line:
        order = np.argsort(-scores, kind="stable")
        ranked, right = scores[order], np.cumsum(truth[order])
        last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        said, right, total = last + 1, right[last], truth.sum()
        below = np.append(ranked[last[:-1] + 1], ranked[-1] - 1e-6)
        negatives = len(truth) - total
        return cls(
            (ranked[last] + below) / 2,
            right / said,
            right / max(total, 1),
            (right + negatives - (said - right)) / len(truth),
        )

    def best(self, values: dict[str, Any]) -> tuple[float, float]:
        """How good the best place is by the criterion, and where it is."""
        criterion, beta = values["binary_classifier_model_selection_criteria"], values["f_beta"] ** 2
        bottom = beta * self.precision + self.recall
        figures = {
            "accuracy": self.accuracy,
            "loss_function": self.accuracy,
            "f_beta": (1 + beta) * self.precision * self.recall / np.where(bottom > 0, bottom, 1),
            "precision_at_target_recall": np.where(
                self.recall >= values["target_recall"], self.precision, -1
            ),
            "recall_at_target_precision": np.where(
                self.precision >= values["target_precision"], self.recall, -1
            ),
        }[criterion]
        place = int(figures.argmax())
        return float(figures[place]), float(self.thresholds[place])


def choose(trainer: Trainer, table: Table, values: dict[str, Any]) -> Chosen:
    """By the loss on the validation data where there is some; binary models by the criterion that is asked for."""
    losses = trainer.objective(*trainer.scaling.scaled(table))
    models = [Chosen(*trainer.model(number)) for number in range(len(losses))]
    best = models[int(np.nanargmin(losses))]
    if values["predictor_type"] != "binary_classifier":
        return best
    count = values["num_calibration_samples"]
    sample = Table(table.features[:count], table.answers[:count])
    if values["binary_classifier_model_selection_criteria"] == "loss_function":
        best.threshold = _line(best, sample, values)[1]
        return best
    figures = [
        _line(model, sample, values) if np.isfinite(loss) else (-2, 0)
        for model, loss in zip(models, losses, strict=True)
    ]
    number = max(range(len(models)), key=lambda n: (figures[n][0], -losses[n]))
    models[number].threshold = figures[number][1]
    return models[number]


def _line(model: Chosen, table: Table, values: dict[str, Any]) -> tuple[float, float]:
    return Line.of(_shown(model.scores(table)[:, 0], values), table.answers).best(values)


def _shown(scores: Array, values: dict[str, Any]) -> Array:
    return sigmoid(scores) if values["loss"] == "logistic" else scores


def report(job: Job, where: str, model: Chosen, table: Table, values: dict[str, Any]) -> None:
    scores, truth = model.scores(table), table.answers
    single = scores[:, 0] if values["predictor_type"] != "multiclass_classifier" else scores
    losses, _ = LOSSES[values["loss"]](single, truth, values)
    job.quality(where, "objective_loss", float(losses.mean()))
    figures = {"regressor": _values, "binary_classifier": _two_classes, "multiclass_classifier": _classes}
    for name, (value, kind) in figures[values["predictor_type"]](scores, truth, model, values).items():
        job.quality(where, name, float(value), kind)


Figures = dict[str, tuple[float, str]]


def _values(scores: Array, truth: Array, model: Chosen, values: dict[str, Any]) -> Figures:
    away = scores[:, 0] - truth
    mean = float((away**2).mean())
    absolute = float(np.abs(away).mean())
    return {
        "mse": (mean, "loss"),
        "rmse": (mean**0.5, "loss"),
        "absolute_loss": (absolute, "loss"),
        "mae": (absolute, "loss"),
        "r2": (class_metrics.r2(truth, scores[:, 0]), "score"),
    }


def _two_classes(scores: Array, truth: Array, model: Chosen, values: dict[str, Any]) -> Figures:
    shown = _shown(scores[:, 0], values)
    said, truth = (shown > model.threshold).astype(int), truth.astype(int)
    precision = class_metrics.LABELS["precision"](truth, said)
    recall = class_metrics.LABELS["recall"](truth, said)
    return {
        "binary_classification_accuracy": (class_metrics.accuracy(truth, said), "score"),
        "precision": (precision, "score"),
        "recall": (recall, "score"),
        "binary_f_beta": (_f_beta(precision, recall, values["f_beta"]), "score"),
        "roc_auc_score": (class_metrics.roc_auc(truth, shown), "score"),
    }


def _f_beta(precision: float, recall: float, beta: float) -> float:
    bottom = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / bottom if bottom else 0.0


def _classes(scores: Array, truth: Array, model: Chosen, values: dict[str, Any]) -> Figures:
    said, truth = softmax(scores).argmax(axis=1), truth.astype(int)
    top = np.argsort(-scores, axis=1)[:, : values["accuracy_top_k"]]
    precisions, recalls = class_metrics.precisions(truth, said), class_metrics.recalls(truth, said)
    each = [_f_beta(p, r, values["f_beta"]) for p, r in zip(precisions, recalls, strict=True)]
    return {
        "multiclass_accuracy": (class_metrics.accuracy(truth, said), "score"),
        "multiclass_top_k_accuracy": (float((top == truth[:, None]).any(axis=1).mean()), "score"),
        "macro_precision": (float(precisions.mean()), "score"),
        "macro_recall": (float(recalls.mean()), "score"),
        "macro_f_beta": (float(np.mean(each)), "score"),
    }
