"""K-Means: centers found in one stream of mini-batches, more than are wanted, then drawn together.

The streaming is numpy's work; scikit-learn's Lloyd draws the centers together, each with the weight of what it
stands for.

https://docs.aws.amazon.com/sagemaker/latest/dg/algo-kmeans-tech-notes.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import replies, vectors
from .errors import BadRequest, ClientError, missing
from .job import Job, qualities
from .replies import Answer, Headers, Row
from .schema import Schema, choice, flag, integer, real, text
from .tables import Table

METRICS = (
    *qualities(("test",), {"msd": "loss", "ssd": "loss"}),
    *qualities(("train",), {"msd": "loss", "ssd": "loss"}),
)


def _names(given: str) -> list[str]:
    found = json.loads(given.replace("'", '"')) if given.startswith("[") else given.split(",")
    if not found or not set(found) <= {"msd", "ssd"}:
        raise ValueError(given)
    return list(found)


HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        integer("k", low=1, required=True),
        integer("epochs", 1, low=1),
        text("eval_metrics", 'a list of "msd", "ssd"', ["msd"], parse=_names),
        integer("extra_center_factor", "auto", low=1, also=("auto",)),
        flag("force_dense", True).but(note="sent by the SDK; all is dense here"),
        integer("half_life_time_size", 0, low=0),
        choice("init_method", ("random", "kmeans++"), "random"),
        choice("local_lloyd_init_method", ("random", "kmeans++"), "kmeans++"),
        integer("local_lloyd_max_iter", 300, low=1),
        integer("local_lloyd_num_trials", "auto", low=1, also=("auto",)),
        real("local_lloyd_tol", 0.0001, low=0, high=1),
        vectors.mini_batch(5000),
    )
)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    points = vectors.read(channels["train"], values["feature_dim"]).dense
    if len(points) < values["k"]:
        raise ClientError(
            f"The training data has {len(points)} records, fewer than the k={values['k']} clusters."
        )
    centers, weights = stream(points, values, np.random.default_rng(0))
    found = _drawn_together(centers, weights, values)
    _report(job, "train", points, found, values["eval_metrics"])
    if test := channels.get("test"):
        _report(job, "test", vectors.read(test, values["feature_dim"]).dense, found, values["eval_metrics"])
    vectors.save(job, [found.astype(np.float32)])


def stream(
    points: np.ndarray, values: dict[str, Any], random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Centers that follow the stream of batches, and how much of it each has seen.

    What was seen `half_life_time_size` points ago counts half; with 0, all counts the same.
    """
    factor = values["extra_center_factor"]
    wanted = min(values["k"] * (10 if factor == "auto" else factor), len(points))
    size, half_life = values["mini_batch_size"], values["half_life_time_size"]
    first = points[: max(size, wanted)]
    centers = (
        _plus_plus(first, wanted, random)
        if values["init_method"] == "kmeans++"
        else _some(first, wanted, random)
    )
    weights = np.zeros(len(centers))
    for _ in range(values["epochs"]):
        for rows in vectors.batches(len(points), size):
            batch = points[rows]
            nearest = vectors.squared_distances(batch, centers).argmin(axis=1)
            counts = np.bincount(nearest, minlength=len(centers))
            sums = np.zeros_like(centers)
            np.add.at(sums, nearest, batch)
            weights *= 0.5 ** (len(batch) / half_life) if half_life else 1
            seen = counts > 0
            total = (weights + counts)[seen, None]
            centers[seen] = (centers[seen] * weights[seen, None] + sums[seen]) / total
            weights += counts
    kept = weights > 0
    return centers[kept], weights[kept]


def _some(points: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    return np.array(points[random.choice(len(points), count, replace=False)], np.float64)


def _plus_plus(points: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    try:
        from sklearn.cluster import kmeans_plusplus
    except ImportError:
        raise missing("scikit-learn") from None
    centers, _ = kmeans_plusplus(points, count, random_state=int(random.integers(2**31)))
    return np.array(centers, np.float64)


def _drawn_together(centers: np.ndarray, weights: np.ndarray, values: dict[str, Any]) -> np.ndarray:
    try:
        from sklearn.cluster import KMeans
    except ImportError:
        raise missing("scikit-learn") from None
    if len(centers) <= values["k"]:
        return centers
    trials, method = values["local_lloyd_num_trials"], values["local_lloyd_init_method"]
    lloyd = KMeans(
        n_clusters=values["k"],
        init="k-means++" if method == "kmeans++" else "random",
        n_init=10 if trials == "auto" else trials,
        max_iter=values["local_lloyd_max_iter"],
        tol=values["local_lloyd_tol"],
        random_state=0,
    )
    return np.asarray(lloyd.fit(centers, sample_weight=weights).cluster_centers_)


def _report(job: Job, where: str, points: np.ndarray, centers: np.ndarray, names: list[str]) -> None:
    nearest = vectors.squared_distances(points, centers).min(axis=1)
    for name, value in (("msd", nearest.mean()), ("ssd", nearest.sum())):
        if name in names:
            job.quality(where, name, float(value))


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    (centers,) = vectors.load(folder)

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, centers.shape[1])
        distances = np.sqrt(vectors.squared_distances(table.dense.astype(np.float64), centers))
        nearest = distances.argmin(axis=1)
        return [
            {"distance_to_cluster": float(row[place]), "closest_cluster": float(place)}
            for row, place in zip(distances, nearest, strict=True)
        ]

    return replies.answering(predict, "predictions")


def check_width(table: Table, width: int) -> None:
    """Sparse records need not say how wide they are."""
    if hasattr(table.features, "tocsr") and table.features.shape[1] < width:
        table.features.resize(len(table), width)
    if table.features.shape[1] != width:
        raise BadRequest(
            400, f"The records have {table.features.shape[1]} features; the model was trained on {width}."
        )
