"""LDA: the topics that documents of counted words are mixed of, by scikit-learn's variational inference.

https://docs.aws.amazon.com/sagemaker/latest/dg/lda-how-it-works.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import replies, vectors
from .errors import missing
from .job import Job, qualities
from .k_means import check_width
from .replies import Answer, Headers, Row
from .schema import Schema, integer, real
from .tables import Table

METRICS = qualities(("test",), {"pwll": "score"})
BEGINNING = 10  # iterations
HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        integer("num_topics", low=1, required=True),
        vectors.mini_batch(None, required=True).but(note="all documents are learnt from at once"),
        real("alpha0", 1.0, low=0, edges="()"),
        integer("max_restarts", 10, low=1).but(
            note="beginnings that are tried for ten iterations; the likeliest is gone on with"
        ),
        integer("max_iterations", 1000, low=1),
        real("tol", 1e-8, low=0, edges="()").but(note="of the perplexity"),
    )
)


def library() -> Any:
    try:
        from sklearn import decomposition
    except ImportError:
        raise missing("scikit-learn") from None
    return decomposition


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    counts = vectors.read(channels["train"], values["feature_dim"]).dense
    begun = {
        seed: _learnt(counts, values, seed, BEGINNING).score(counts) for seed in range(values["max_restarts"])
    }
    best = _learnt(counts, values, max(begun, key=lambda seed: begun[seed]), values["max_iterations"])
    alpha = np.full(values["num_topics"], values["alpha0"] / values["num_topics"], np.float32)
    beta = best.components_ / best.components_.sum(axis=1, keepdims=True)
    if test := channels.get("test"):
        tested = vectors.read(test, values["feature_dim"]).dense
        job.quality("test", "pwll", float(best.score(tested) / max(tested.sum(), 1)), "score")
    vectors.save(job, [alpha, beta.astype(np.float32)])


def _learnt(counts: np.ndarray, values: dict[str, Any], seed: int, iterations: int) -> Any:
    model = library().LatentDirichletAllocation(
        n_components=values["num_topics"],
        doc_topic_prior=values["alpha0"] / values["num_topics"],
        max_iter=min(iterations, values["max_iterations"]),
        perp_tol=values["tol"],
        evaluate_every=10,
        random_state=seed,
    )
    return model.fit(counts)


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    alpha, beta = vectors.load(folder)
    model = library().LatentDirichletAllocation(n_components=len(alpha), doc_topic_prior=float(alpha[0]))
    model.components_ = (
        beta.astype(np.float64) * 1e6
    )  # so many words that the prior on topics does not matter
    model.exp_dirichlet_component_ = beta.astype(np.float64) + 1e-100
    model.doc_topic_prior_, model.topic_word_prior_ = float(alpha[0]), float(alpha[0])
    model.n_features_in_, model.random_state_ = beta.shape[1], np.random.RandomState(0)
    model.n_iter_ = model.n_batch_iter_ = 1

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, beta.shape[1])
        return [{"topic_mixture": row} for row in model.transform(table.dense.astype(np.float64)).tolist()]

    return replies.answering(predict, "predictions")
