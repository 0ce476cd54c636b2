"""Neural Topic Model: the topics of documents, learnt by an autoencoder of their word counts.

https://docs.aws.amazon.com/sagemaker/latest/dg/ntm.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import replies, vectors
from .errors import ClientError
from .job import Channel, Job, qualities
from .k_means import check_width
from .optimizers import Optimizer
from .replies import Answer, Headers, Row
from .schema import Schema, choice, flag, integer, real, text
from .tables import Table
from .topic_network import ACTIVATIONS, Losses, Network

METRICS = qualities(("train", "validation", "test"), {"total_loss": "loss"})
TOP = 20  # words of a topic that are told
VOCABULARY = "vocab.txt"


def _sizes(given: str) -> list[int] | str:
    if given == "auto":
        return given
    sizes = [int(size) for size in given.strip("[]").split(",")]
    if min(sizes) < 1:
        raise ValueError(given)
    return sizes


HYPERPARAMETERS = Schema(
    (
        vectors.FEATURE_DIM,
        integer("num_topics", low=2, high=1000, required=True),
        flag("batch_norm", False),
        real("clip_gradient", math.inf, low=0.001),
        text("encoder_layers", "a list of positive integers, auto", "auto", parse=_sizes).but(
            note="auto: three times and twice as many as there are topics"
        ),
        choice("encoder_layers_activation", ACTIVATIONS, "sigmoid"),
        integer("epochs", 50, low=1),
        real("learning_rate", 0.001, low=1e-6, high=1).but(note="has no part in adadelta, as in MXNet"),
        integer("mini_batch_size", 256, low=1, high=10000),
        integer("num_patience_epochs", 3, low=1),
        choice("optimizer", ("sgd", "adam", "adagrad", "adadelta", "rmsprop"), "adadelta"),
        real("rescale_gradient", 1.0, low=0.001, high=1),
        real("sub_sample", 1.0, low=0, high=1, edges="(]"),
        real("tolerance", 0.001, low=1e-6, high=0.1),
        real("weight_decay", 0.0, low=0, high=1),
    )
)


class Trainer:
    def __init__(self, values: dict[str, Any], documents: Any) -> None:
        self.values, self.documents, self.random = values, documents, np.random.default_rng(0)
        topics, layers = values["num_topics"], values["encoder_layers"]
        sizes = [3 * topics, 2 * topics] if layers == "auto" else layers
        self.network = Network.begun(
            [documents.shape[1], *sizes],
            topics,
            values["encoder_layers_activation"],
            values["batch_norm"],
            self.random,
        )
        self.steps = {name: Optimizer(values["optimizer"]) for name in self.network.parameters}

    def epoch(self) -> Losses:
        """One pass over as much of the data as `sub_sample` says; the mean of its losses."""
        count = self.documents.shape[0]
        order = self.random.permutation(count)[: max(1, round(count * self.values["sub_sample"]))]
        found = [
            self._step(order[rows]) for rows in vectors.batches(len(order), self.values["mini_batch_size"])
        ]
        return Losses(
            float(np.mean([one.reconstruction for one in found])),
            float(np.mean([one.divergence for one in found])),
        )

    def _step(self, rows: np.ndarray) -> Losses:
        losses, slopes = self.network.learn(dense(self.documents[rows]), self.random)
        limit, decay = self.values["clip_gradient"], self.values["weight_decay"]
        for name, slope in slopes.items():
            array = self.network.parameters[name]
            slope = np.clip(slope * self.values["rescale_gradient"], -limit, limit) + decay * array
            self.steps[name].step(array, slope, self.values["learning_rate"])
        return losses


def dense(documents: Any) -> np.ndarray:
    found = documents.toarray() if hasattr(documents, "toarray") else documents
    return np.asarray(found, np.float64)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("validation", "test", "auxiliary"))
    documents = {
        name: _documents(channels[name], values["feature_dim"])
        for name in ("train", "validation", "test")
        if name in channels
    }
    words = _vocabulary(channels["auxiliary"], values["feature_dim"]) if "auxiliary" in channels else []
    trainer = Trainer(values, documents["train"])
    _passes(job, trainer, documents.get("validation"))
    if "test" in documents:
        job.quality("test", "total_loss", _measured(trainer.network, documents["test"]).total)
    if words:
        _tell_topics(job, trainer.network, words)
    _save(job, trainer.network)


def _documents(channel: Channel, width: int) -> Any:
    found = vectors.read(channel, width).features
    if found.min() < 0:
        raise ClientError(f"The channel {channel.name} has negative values: they have to be counts of words.")
    return found


def _passes(job: Job, trainer: Trainer, held: Any) -> None:
    """Epochs until the loss has hardly changed over as many of them as `num_patience_epochs` says."""
    values, told = trainer.values, list[float]()
    for epoch in range(1, values["epochs"] + 1):
        losses = trainer.epoch()
        job.say(
            f"Epoch {epoch}: Loss (name: value) total: {losses.total:.6f} kld: {losses.divergence:.6f} "
            f"recons: {losses.reconstruction:.6f}"
        )
        job.quality("train", "total_loss", losses.total)
        if held is not None:
            losses = _measured(trainer.network, held)
            job.quality("validation", "total_loss", losses.total)
        told.append(losses.total)
        job.progress(epoch, values["epochs"])
        if _settled(told, values["num_patience_epochs"], values["tolerance"]):
            job.say(f"Early stop condition met. Stopping training after epoch {epoch}.")
            break


def _settled(told: list[float], patience: int, tolerance: float) -> bool:
    if len(told) <= patience:
        return False
    before, after = min(told[:-patience]), min(told[-patience:])
    return (before - after) / max(abs(before), 1e-12) < tolerance


def _measured(network: Network, documents: Any) -> Losses:
    found = [(network.losses(dense(documents[rows])), len(rows)) for rows in _some(documents)]
    count = documents.shape[0]
    return Losses(
        sum(one.reconstruction * many for one, many in found) / count,
        sum(one.divergence * many for one, many in found) / count,
    )


def _some(documents: Any) -> list[np.ndarray]:
    return list(vectors.batches(documents.shape[0], 1000))


# Topics as words


def _vocabulary(channel: Channel, width: int) -> list[str]:
    """The words of the features, one on each line of vocab.txt."""
    path = next((path for path in channel.files if path.name == VOCABULARY), None)
    if path is None:
        raise ClientError(f"The channel auxiliary has no file {VOCABULARY}.")
    words = path.read_text().splitlines()
    if len(words) != width:
        raise ClientError(f"{VOCABULARY} has {len(words)} words, and feature_dim is {width}.")
    return words


def _tell_topics(job: Job, network: Network, words: list[str]) -> None:
    """Each topic's likeliest words. The coherence that SageMaker tells with them (WETC) needs its own vectors."""
    for number, row in enumerate(network.parameters["projection_weight"]):
        best = [words[place] for place in np.argsort(row)[::-1][:TOP]]
        job.say(f"Topic {number}: {' '.join(best)}")


# The model's file


def _save(job: Job, network: Network) -> None:
    """As MXNet's: a word for each row of `projection_weight`, a topic for each column."""
    arrays = {f"arg:{name}": value.T for name, value in network.parameters.items()}
    arrays |= {f"aux:{name}": value for name, value in network.seen.items()}
    about = {"layers": network.layers, "activation": network.activation, "batch_norm": network.normalized}
    saved = {name: np.ascontiguousarray(value, np.float32) for name, value in arrays.items()}
    vectors.save_packed(job, "params", saved, about)


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    arrays, about = vectors.load_packed(folder, "params")
    network = Network(about["layers"], about["activation"], about["batch_norm"])
    for name, value in arrays.items():
        kind, _, own = name.partition(":")
        place = network.parameters if kind == "arg" else network.seen
        place[own] = value.T.astype(np.float64)

    def predict(table: Table, headers: Headers) -> list[Row]:
        check_width(table, network.parameters["encoder0_weight"].shape[0])
        return [{"topic_weights": row} for row in network.topics(table.dense.astype(np.float64)).tolist()]

    return replies.answering(predict, "predictions")
