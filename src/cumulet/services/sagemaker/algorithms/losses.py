"""What a linear model may strive for: for scores and labels, the loss of each record and its slope.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray
Slope = Callable[[Array, Array, dict[str, Any]], tuple[Array, Array]]  # scores, labels, hyperparameters


def sigmoid(scores: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)))


def softmax(scores: Array) -> Array:
    """Over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def squared(scores: Array, labels: Array, _: dict[str, Any]) -> tuple[Array, Array]:
    away = scores - labels
    return away**2, 2 * away


def absolute(scores: Array, labels: Array, _: dict[str, Any]) -> tuple[Array, Array]:
    away = scores - labels
    return np.abs(away), np.sign(away)


def insensitive_squared(scores: Array, labels: Array, values: dict[str, Any]) -> tuple[Array, Array]:
    away = scores - labels
    beyond = np.maximum(np.abs(away) - values["loss_insensitivity"], 0)
    return beyond**2, 2 * beyond * np.sign(away)


def insensitive_absolute(scores: Array, labels: Array, values: dict[str, Any]) -> tuple[Array, Array]:
    away = scores - labels
    beyond = np.maximum(np.abs(away) - values["loss_insensitivity"], 0)
    return beyond, np.sign(away) * (beyond > 0)


def quantile(scores: Array, labels: Array, values: dict[str, Any]) -> tuple[Array, Array]:
    away, share = labels - scores, values["quantile"]
    return np.maximum(share * away, (share - 1) * away), np.where(away > 0, -share, 1 - share)


def huber(scores: Array, labels: Array, values: dict[str, Any]) -> tuple[Array, Array]:
    away, delta = scores - labels, values["huber_delta"]
    near = np.abs(away) <= delta
    loss = np.where(near, 0.5 * away**2, delta * (np.abs(away) - 0.5 * delta))
    return loss, np.where(near, away, delta * np.sign(away))


def logistic(scores: Array, labels: Array, _: dict[str, Any]) -> tuple[Array, Array]:
    return np.logaddexp(0, scores) - labels * scores, sigmoid(scores) - labels


def hinge(scores: Array, labels: Array, values: dict[str, Any]) -> tuple[Array, Array]:
    signs = 2 * labels - 1
    short = values["margin"] - signs * scores
    return np.maximum(short, 0), -signs * (short > 0)


def softmax_loss(scores: Array, labels: Array, _: dict[str, Any]) -> tuple[Array, Array]:
    """Scores have an axis more than labels: that of the classes."""
    shares = softmax(scores)
    right = labels.astype(int)[..., None]
    right = np.broadcast_to(right, (*scores.shape[:-1], 1))
    loss = -np.log(np.maximum(np.take_along_axis(shares, right, axis=-1)[..., 0], 1e-30))
    slope = shares.copy()
    np.put_along_axis(slope, right, np.take_along_axis(shares, right, axis=-1) - 1, axis=-1)
    return loss, slope


LOSSES: dict[str, Slope] = {
    "squared_loss": squared,
    "absolute_loss": absolute,
    "eps_insensitive_squared_loss": insensitive_squared,
    "eps_insensitive_absolute_loss": insensitive_absolute,
    "quantile_loss": quantile,
    "huber_loss": huber,
    "logistic": logistic,
    "hinge_loss": hinge,
    "softmax_loss": softmax_loss,
}
