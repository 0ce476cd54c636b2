"""Random Cut Forest: how little cutting at random it takes to set a record apart from a sample of others.

The trees and scores of Guha, Mishra, Roy and Schrijvers (2016); all records of a request go down a tree
together, so that numpy does the work. The Python package `rrcf` scores one record at a time, a hundred times
slower.

https://docs.aws.amazon.com/sagemaker/latest/dg/rcf_how-it-works.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import class_metrics, replies, vectors
from .job import Job, qualities
from .k_means import check_width
from .replies import Answer, Headers, Row
from .schema import Schema, integer, text
from .tables import Table

METRICS = qualities(("test",), {"accuracy": "score", "precision": "score", "recall": "score", "f1": "score"})
DEVIATIONS = 3  # beyond the mean score, from which a record of the test channel counts as an anomaly


def _names(given: str) -> list[str]:
    found = json.loads(given.replace("'", '"')) if given.startswith("[") else given.split(",")
    if not set(found) <= {"accuracy", "precision_recall_fscore"}:
        raise ValueError(given)
    return list(found)


HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        text(
            "eval_metrics",
            'a list of "accuracy", "precision_recall_fscore"',
            ["accuracy", "precision_recall_fscore"],
            parse=_names,
        ),
        vectors.mini_batch(1000),
        integer("num_samples_per_tree", 256, low=1, high=2048),
        integer("num_trees", 100, low=50, high=1000),
    )
)


@dataclass(slots=True)
class Forest:
    """All trees in one row of nodes: the roots' places, each node's box, cut, children and mass."""

    roots: np.ndarray
    low: np.ndarray
    high: np.ndarray
    feature: np.ndarray  # -1 for a leaf
    value: np.ndarray
    left: np.ndarray
    right: np.ndarray
    mass: np.ndarray

    def scores(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(np.mean([self._tree(root, points) for root in self.roots], axis=0))

    def _tree(self, root: int, points: np.ndarray) -> np.ndarray:
        """At each node, the share of cuts of its box and the point that would set the point apart there."""
        whole = self.mass[root]
        node = np.full(len(points), root)
        left_over, score = np.ones(len(points)), np.zeros(len(points))
        going, depth = np.arange(len(points)), 0
        while len(going):
            here, x = node[going], points[going]
            low, high = self.low[here], self.high[here]
            beyond = (np.maximum(x - high, 0) + np.maximum(low - x, 0)).sum(axis=1)
            span = beyond + (high - low).sum(axis=1)
            apart = np.divide(beyond, span, out=np.zeros_like(span), where=span > 0)
            score[going] += left_over[going] * apart / (depth + 1)
            left_over[going] *= 1 - apart
            leaf = self.feature[here] < 0
            ended, mass = going[leaf], self.mass[here[leaf]]
            score[ended] += left_over[ended] * (1 - mass / (2 * whole)) / (depth + np.log2(mass + 1))
            going, here, x = going[~leaf], here[~leaf], x[~leaf]
            below = x[np.arange(len(x)), self.feature[here]] <= self.value[here]
            node[going] = np.where(below, self.left[here], self.right[here])
            going, depth = going[left_over[going] > 0], depth + 1
        return np.asarray(score * np.log2(whole + 1))


def grown(points: np.ndarray, trees: int, samples: int, random: np.random.Generator) -> Forest:
    nodes: list[tuple[np.ndarray, np.ndarray, int, float, int, int, int]] = []
    roots = []
    for _ in range(trees):
        chosen = random.choice(len(points), min(samples, len(points)), replace=False)
        roots.append(_grow(points[chosen], nodes, random))
    low, high, *rest = (np.array(column) for column in zip(*nodes, strict=True))
    return Forest(np.array(roots), low, high, *rest)


def _grow(
    points: np.ndarray,
    nodes: list[tuple[np.ndarray, np.ndarray, int, float, int, int, int]],
    random: np.random.Generator,
) -> int:
    """A node for these points, with all below it; its place."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = high - low
    place = len(nodes)
    nodes.append((low, high, -1, 0.0, -1, -1, len(points)))
    if not span.any():
        return place
    along = np.cumsum(span)
    feature = min(int(np.searchsorted(along, random.random() * along[-1], side="right")), len(span) - 1)
    value = low[feature] + random.random() * span[feature]
    below = points[:, feature] <= value
    if below.all():  # the cut came to lie on the border
        below = points[:, feature] < high[feature]
    left, right = _grow(points[below], nodes, random), _grow(points[~below], nodes, random)
    nodes[place] = (low, high, feature, value, left, right, len(points))
    return place


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    points = vectors.read(channels["train"], values["feature_dim"]).dense.astype(np.float64)
    forest = grown(points, values["num_trees"], values["num_samples_per_tree"], np.random.default_rng(0))
    if test := channels.get("test"):
        _evaluate(job, forest, vectors.read(test, values["feature_dim"]), values["eval_metrics"])
    vectors.save(job, {name: getattr(forest, name) for name in Forest.__slots__})


def _evaluate(job: Job, forest: Forest, table: Table, wanted: list[str]) -> None:
    scores, truth = forest.scores(table.dense.astype(np.float64)), table.answers.astype(int)
    said = (scores > scores.mean() + DEVIATIONS * scores.std()).astype(int)
    names = ["accuracy"] if "accuracy" in wanted else []
    names += ["precision", "recall", "f1_binary"] if "precision_recall_fscore" in wanted else []
    for name in names:
        job.quality("test", name.removesuffix("_binary"), class_metrics.LABELS[name](truth, said), "score")


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    forest = Forest(**vectors.load(folder))

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, forest.low.shape[1])
        return [{"score": score} for score in forest.scores(table.dense.astype(np.float64)).tolist()]

    return replies.answering(predict, "scores")
