"""PCA: the directions in which the data varies most, exactly or by random projections.

https://docs.aws.amazon.com/sagemaker/latest/dg/how-pca-works.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import replies, vectors
from .errors import ClientError
from .job import Job, Metric
from .k_means import check_width
from .replies import Answer, Headers, Row
from .schema import Schema, choice, flag, integer
from .tables import Table

METRICS: tuple[Metric, ...] = ()
HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        vectors.mini_batch(None, required=True),
        integer("num_components", low=1, required=True),
        choice("algorithm_mode", ("regular", "randomized"), "regular"),
        integer("extra_components", -1, low=-1),
        flag("subtract_mean", True),
    )
)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    points = vectors.read(channels["train"], values["feature_dim"]).dense.astype(np.float64)
    count = values["num_components"]
    if count > min(points.shape):
        raise ClientError(
            f"num_components={count} is more than there can be: {len(points)} records with {points.shape[1]} features."
        )
    mean = points.mean(axis=0) if values["subtract_mean"] else np.zeros(points.shape[1])
    extra = values["extra_components"]
    if values["algorithm_mode"] == "regular":
        sizes, directions = exact(points, mean, count, values["mini_batch_size"])
    else:
        sizes, directions = randomized(points - mean, count, max(10, count) if extra == -1 else extra)
    arrays = {"mean": mean, "s": sizes[::-1], "v": directions[:, ::-1]}  # the largest comes last
    vectors.save(job, {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()})
    job.progress(1, 1)


def exact(points: np.ndarray, mean: np.ndarray, count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Singular values and directions by the covariance, summed batch by batch."""
    total = np.zeros((points.shape[1], points.shape[1]))
    for rows in vectors.batches(len(points), size):
        centered = points[rows] - mean
        total += centered.T @ centered
    sizes, directions = np.linalg.eigh(total)
    largest = np.argsort(sizes)[::-1][:count]
    return np.sqrt(np.maximum(sizes[largest], 0)), directions[:, largest]


def randomized(centered: np.ndarray, count: int, extra: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of a random projection of the rows, which is much smaller where there are many features."""
    wanted = min(count + extra, *centered.shape)
    random = np.random.default_rng(0)
    basis = np.linalg.qr(centered @ random.normal(size=(centered.shape[1], wanted)))[0]
    basis = np.linalg.qr(centered @ (centered.T @ basis))[0]  # one more turn separates what is close together
    _, sizes, directions = np.linalg.svd(basis.T @ centered, full_matrices=False)
    return sizes[:count], directions[:count].T


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    model = vectors.load(folder)

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, len(model["mean"]))
        projected = (table.dense - model["mean"]) @ model["v"]
        return [{"projection": row} for row in projected.tolist()]

    return replies.answering(predict, "projections")
