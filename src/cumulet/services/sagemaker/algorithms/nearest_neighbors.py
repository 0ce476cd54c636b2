"""K-Nearest Neighbors: a sample of the training data, asked for what lies closest.

Exact search is numpy's; the indexes IVFFlat and IVFPQ are faiss's own.

https://docs.aws.amazon.com/sagemaker/latest/dg/kNN_how-it-works.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import class_metrics, replies, tables, vectors
from .errors import ClientError, missing
from .job import Job, qualities
from .k_means import check_width
from .replies import Answer, Headers, Row
from .schema import Schema, choice, integer
from .tables import Table

METRICS = qualities(("test",), {"accuracy": "score", "mse": "loss"})
L2, INNER, COSINE = "L2", "INNER_PRODUCT", "COSINE"
FLAT, IVF, PQ = "faiss.Flat", "faiss.IVFFlat", "faiss.IVFPQ"
PROBES = 8  # cells of an IVF index that a question looks into
HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        integer("k", low=1, high=1024, required=True),
        choice("predictor_type", ("classifier", "regressor"), required=True),
        integer("sample_size", low=1, required=True),
        integer("dimension_reduction_target", low=1),
        choice("dimension_reduction_type", ("sign", "fjlt")),
        integer("faiss_index_ivf_nlists", "auto", low=1, also=("auto",)),
        integer("faiss_index_pq_m", low=1),
        choice("index_metric", (L2, INNER, COSINE), L2),
        choice("index_type", (FLAT, IVF, PQ), FLAT),
        vectors.mini_batch(5000),
    )
)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    table, random = vectors.read(channels["train"], values["feature_dim"]), np.random.default_rng(0)
    kept = random.choice(len(table), min(values["sample_size"], len(table)), replace=False)
    if len(kept) < values["k"]:
        raise ClientError(f"There are {len(kept)} records in the sample, fewer than k={values['k']}.")
    projection = _projection(values, random)
    points, labels = _prepared(table.dense[kept], projection, values["index_metric"]), table.answers[kept]
    arrays = {"points": points, "labels": labels, "projection": projection}
    about = {name: values[name] for name in ("k", "predictor_type", "index_metric", "index_type")}
    if values["index_type"] != FLAT:
        arrays["index"] = np.frombuffer(_faiss_index(points, values), np.uint8)
    vectors.save_packed(job, "params", arrays, about)
    if test := channels.get("test"):
        _evaluate(job, Neighbors(arrays, about), vectors.read(test, values["feature_dim"]))


def _projection(values: dict[str, Any], random: np.random.Generator) -> np.ndarray:
    """The matrix that vectors are multiplied with, to have fewer dimensions; empty where they keep theirs.

    fjlt is a Hadamard matrix between random signs and a random choice of rows, here as one matrix.
    """
    width, kind, target = (
        values[n] for n in ("feature_dim", "dimension_reduction_type", "dimension_reduction_target")
    )
    if not kind:
        return np.empty((0, 0), np.float32)
    if not target or target >= width:
        raise ClientError("dimension_reduction_target has to be given, and less than feature_dim.")
    signs = random.choice([-1.0, 1.0], (width, target))
    if kind == "sign":
        return np.asarray(signs / np.sqrt(target), np.float32)
    rows = random.choice(1 << (width - 1).bit_length(), target, replace=True)
    parity = np.array([[bin(int(row) & column).count("1") & 1 for row in rows] for column in range(width)])
    return np.asarray((1 - 2 * parity) * signs[:, :1] / np.sqrt(target), np.float32)


def _prepared(points: np.ndarray, projection: np.ndarray, metric: str) -> np.ndarray:
    found = points @ projection if projection.size else points
    if metric == COSINE:
        found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return np.ascontiguousarray(found, np.float32)


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise missing("faiss-cpu") from None
    return faiss


def _faiss_index(points: np.ndarray, values: dict[str, Any]) -> bytes:
    faiss, width = _faiss(), points.shape[1]
    metric = faiss.METRIC_L2 if values["index_metric"] == L2 else faiss.METRIC_INNER_PRODUCT
    lists = values["faiss_index_ivf_nlists"]
    lists = max(1, int(np.sqrt(len(points)))) if lists == "auto" else lists
    description = f"IVF{lists},Flat"
    if values["index_type"] == PQ:
        pieces = values["faiss_index_pq_m"]
        if not pieces or width % pieces:
            raise ClientError(f"faiss_index_pq_m has to be given, and a divisor of the dimension {width}.")
        bits = min(8, max(1, int(np.log2(len(points)))))
        description = f"IVF{lists},PQ{pieces}x{bits}"
    index = faiss.index_factory(width, description, metric)
    try:
        index.train(points)
    except RuntimeError as error:
        raise ClientError(f"The index cannot be trained: {error}") from None
    index.add(points)
    return bytes(faiss.serialize_index(index))


class Neighbors:
    def __init__(self, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> None:
        self.points, self.labels, self.projection = arrays["points"], arrays["labels"], arrays["projection"]
        self.k, self.metric = about["k"], about["index_metric"]
        self.classes = about["predictor_type"] == "classifier"
        self.width = self.projection.shape[0] or self.points.shape[1]
        self.index = None
        if about["index_type"] != FLAT:
            self.index = _faiss().deserialize_index(np.array(arrays["index"]))
            self.index.nprobe = min(PROBES, self.index.nlist)

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances and labels of the k nearest, the nearest first."""
        asked = _prepared(points, self.projection, self.metric)
        if self.index is not None:
            distances, places = self.index.search(asked, self.k)
        else:
            distances, places = self._exact(asked)
        found = self.labels[np.maximum(places, 0)]
        return np.where(places < 0, np.inf, distances), np.where(places < 0, np.nan, found)

    def _exact(self, asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        far = vectors.squared_distances(asked, self.points) if self.metric == L2 else -(asked @ self.points.T)
        places = np.argpartition(far, self.k - 1, axis=1)[:, : self.k]
        order = np.take_along_axis(far, places, axis=1).argsort(axis=1, kind="stable")
        places = np.take_along_axis(places, order, axis=1)
        distances = np.take_along_axis(far, places, axis=1)
        return distances if self.metric == L2 else -distances, places

    def said(self, labels: np.ndarray) -> np.ndarray:
        """The most frequent label of the neighbors, or their mean."""
        if not self.classes:
            return np.asarray(np.nanmean(labels, axis=1))
        return np.array([_most_frequent(row[~np.isnan(row)]) for row in labels])


def _most_frequent(labels: np.ndarray) -> float:
    values, counts = np.unique(labels, return_counts=True)
    return float(values[counts.argmax()])


def _evaluate(job: Job, neighbors: Neighbors, table: Table) -> None:
    _, labels = neighbors.nearest(table.dense)
    said, truth = neighbors.said(labels), table.answers
    if neighbors.classes:
        job.quality("test", "accuracy", class_metrics.accuracy(truth, said), "score")
    else:
        job.quality("test", "mse", class_metrics.VALUES["mse"](truth, said))


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    neighbors = Neighbors(*vectors.load_packed(folder, "params"))

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, neighbors.width)
        distances, labels = neighbors.nearest(table.dense)
        rows: list[Row] = [{"predicted_label": float(label)} for label in neighbors.said(labels)]
        if tables.media(headers.get("accept", ""))[1].get("verbose") == "true":
            for row, far, near in zip(rows, distances.tolist(), labels.tolist(), strict=True):
                row.update(distances=far, labels=near)
        return rows

    return replies.answering(predict, "predictions")
