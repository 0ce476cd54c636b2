"""Figures of a classification or regression that the containers report beside their libraries' own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray


def counts(truth: Array, said: Array) -> tuple[Array, Array, Array]:
    """For each class: how often it was right, how often it was said, how often it was there."""
    classes = np.union1d(truth, said)
    right = np.array([np.sum((truth == one) & (said == one)) for one in classes], float)
    return (
        right,
        np.array([np.sum(said == one) for one in classes], float),
        np.array([np.sum(truth == one) for one in classes], float),
    )


def _share(part: Array, whole: Array) -> Array:
    return np.asarray(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0))


def precisions(truth: Array, said: Array) -> Array:
    right, told, _ = counts(truth, said)
    return _share(right, told)


def recalls(truth: Array, said: Array) -> Array:
    right, _, there = counts(truth, said)
    return _share(right, there)


def f1s(truth: Array, said: Array) -> Array:
    right, told, there = counts(truth, said)
    return _share(2 * right, told + there)


def accuracy(truth: Array, said: Array) -> float:
    return float(np.mean(truth == said))


def balanced_accuracy(truth: Array, said: Array) -> float:
    there = np.isin(np.union1d(truth, said), truth)
    return float(np.mean(recalls(truth, said)[there]))


def _positive(of: Callable[[Array, Array], Array]) -> Callable[[Array, Array], float]:
    """Of the class 1 alone."""

    def figure(truth: Array, said: Array) -> float:
        classes = np.union1d(truth, said)
        if len(classes) > 2:
            raise ValueError("Target is multiclass but average='binary'")
        return float(of(truth, said)[classes == 1].sum())

    return figure


def r2(truth: Array, said: Array) -> float:
    spread = np.sum((truth - truth.mean()) ** 2)
    return float(1 - np.sum((truth - said) ** 2) / spread) if spread else 0.0


def roc_auc(truth: Array, scores: Array) -> float:
    """The area under the ROC curve, from the ranks of the scores."""
    order = np.argsort(scores, kind="stable")
    _, first, inverse, size = np.unique(
        scores[order], return_index=True, return_inverse=True, return_counts=True
    )
    ranks = np.empty(len(scores))
    ranks[order] = (first + (size + 1) / 2)[inverse]
    positive = truth > 0
    there, not_there = positive.sum(), (~positive).sum()
    if not there or not not_there:
        return float("nan")
    return float((ranks[positive].sum() - there * (there + 1) / 2) / (there * not_there))


LABELS: dict[str, Callable[[Array, Array], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "f1": lambda truth, said: float(f1s(truth, said).mean()),
    "f1_binary": _positive(f1s),
    "f1_macro": lambda truth, said: float(f1s(truth, said).mean()),
    "precision": _positive(precisions),
    "precision_macro": lambda truth, said: float(precisions(truth, said).mean()),
    "precision_micro": accuracy,
    "recall": _positive(recalls),
    "recall_macro": lambda truth, said: float(recalls(truth, said).mean()),
    "recall_micro": accuracy,
}
VALUES: dict[str, Callable[[Array, Array], float]] = {
    "mse": lambda truth, said: float(np.mean((truth - said) ** 2)),
    "r2": r2,
}
