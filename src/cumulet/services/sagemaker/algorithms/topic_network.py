"""The network of the Neural Topic Model: documents to topics and back, as a variational autoencoder.

Layers encode a document's word counts into a normal distribution; a draw of it, made to shares by softmax, mixes
the topics; the mixture says how likely each word is. Gradients are written out: the whole is a few products of
matrices, for which numpy suffices.

Miao et al., "Discovering Discrete Latent Topics with Neural Variational Inference", 2017
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray
Gradients = dict[str, Array]

# Each activation, and its slope by its value.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (lambda x: 0.5 * (1 + np.tanh(0.5 * x)), lambda y: y * (1 - y)),
    "tanh": (np.tanh, lambda y: 1 - y**2),
    "relu": (lambda x: np.maximum(x, 0), lambda y: (y > 0).astype(y.dtype)),
}
STEADY, EPSILON = 0.9, 1e-5  # of batch normalization: how much of what was seen before is kept


@dataclass(slots=True)
class Losses:
    """Means over documents: what the words cost, each document's counts as shares, and what the topics do."""

    reconstruction: float
    divergence: float

    @property
    def total(self) -> float:
        return self.reconstruction + self.divergence


@dataclass(slots=True)
class Network:
    layers: int
    activation: str
    normalized: bool
    parameters: dict[str, Array] = field(default_factory=dict)
    seen: dict[str, Array] = field(default_factory=dict)  # batch normalization's means and variances

    @classmethod
    def begun(cls, sizes: list[int], topics: int, activation: str, normalized: bool, random: Any) -> Network:
        """`sizes` are the vocabulary's and those of the encoder's layers."""
        network = cls(len(sizes) - 1, activation, normalized)
        ends = sizes[-1]
        shapes = {f"encoder{n}": pair for n, pair in enumerate(pairwise(sizes))}
        for name, (width, height) in {**shapes, "mean": (ends, topics), "spread": (ends, topics)}.items():
            limit = np.sqrt(6 / (width + height))
            network.parameters[f"{name}_weight"] = random.uniform(-limit, limit, (width, height))
            network.parameters[f"{name}_bias"] = np.zeros(height)
        network.parameters["projection_weight"] = random.normal(0, 0.1, (topics, sizes[0]))
        network.parameters["projection_bias"] = np.zeros(sizes[0])
        for n, size in enumerate(sizes[1:] if normalized else []):
            network.parameters |= {f"norm{n}_gamma": np.ones(size), f"norm{n}_beta": np.zeros(size)}
            network.seen |= {f"norm{n}_mean": np.zeros(size), f"norm{n}_variance": np.ones(size)}
        return network

    # Forwards

    def topics(self, counts: Array) -> Array:
        """The share of each topic in each document: that of the mean, without chance."""
        mean, _ = self._encoded(counts, None)
        return softmax(mean)

    def losses(self, counts: Array) -> Losses:
        mean, spread = self._encoded(counts, None)
        return _losses(counts, self._words(softmax(mean)), mean, spread)

    def _encoded(self, counts: Array, kept: list[Any] | None) -> tuple[Array, Array]:
        """The distribution's mean and the logarithm of its variance; while training, what is needed backwards."""
        activate, _ = ACTIVATIONS[self.activation]
        hidden = np.log1p(counts)
        for n in range(self.layers):
            before = hidden
            hidden = self._dense(f"encoder{n}", hidden)
            scaled = None
            if self.normalized:
                hidden, scaled = self._normalized(n, hidden, kept is not None)
            hidden = activate(hidden)
            if kept is not None:
                kept.append((before, scaled, hidden))
        return self._dense("mean", hidden), self._dense("spread", hidden)

    def _dense(self, name: str, given: Array) -> Array:
        return np.asarray(given @ self.parameters[f"{name}_weight"] + self.parameters[f"{name}_bias"])

    def _normalized(self, n: int, given: Array, training: bool) -> tuple[Array, tuple[Array, Array]]:
        if training:
            mean, variance = given.mean(axis=0), given.var(axis=0)
            for name, value in (("mean", mean), ("variance", variance)):
                key = f"norm{n}_{name}"
                self.seen[key] = STEADY * self.seen[key] + (1 - STEADY) * value
        else:
            mean, variance = self.seen[f"norm{n}_mean"], self.seen[f"norm{n}_variance"]
        deviation = np.sqrt(variance + EPSILON)
        scaled = (given - mean) / deviation
        found = scaled * self.parameters[f"norm{n}_gamma"] + self.parameters[f"norm{n}_beta"]
        return found, (scaled, deviation)

    def _words(self, shares: Array) -> Array:
        """The logarithm of each word's probability."""
        scores = self._dense("projection", shares)
        scores -= scores.max(axis=1, keepdims=True)
        return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))

    # Backwards

    def learn(self, counts: Array, random: Any) -> tuple[Losses, Gradients]:
        """A batch's losses, and the slope of what its words cost and its topics do together."""
        kept: list[Any] = []
        mean, spread = self._encoded(counts, kept)
        deviation, chance = np.exp(spread / 2), random.normal(size=mean.shape)
        shares = softmax(mean + deviation * chance)
        words = self._words(shares)
        scale = 1 / max(counts.sum(), 1)  # so that a step is as large for long documents as for short ones
        slope = (np.exp(words) * counts.sum(axis=1, keepdims=True) - counts) * scale
        found = _dense_slopes("projection", shares, slope)
        shared = slope @ self.parameters["projection_weight"].T
        drawn = shares * (shared - (shared * shares).sum(axis=1, keepdims=True))
        slopes = {
            "mean": drawn + mean * scale,
            "spread": 0.5 * (drawn * chance * deviation + (np.exp(spread) - 1) * scale),
        }
        for name, own in slopes.items():
            found |= _dense_slopes(name, kept[-1][2], own)
        back = sum(own @ self.parameters[f"{name}_weight"].T for name, own in slopes.items())
        self._encoder_slopes(np.asarray(back), kept, found)
        return _losses(counts, words, mean, spread), found

    def _encoder_slopes(self, slope: Array, kept: list[Any], found: Gradients) -> None:
        _, slope_of = ACTIVATIONS[self.activation]
        for n in reversed(range(self.layers)):
            before, scaled, after = kept[n]
            slope = slope * slope_of(after)
            if scaled is not None:
                slope = self._norm_slopes(n, slope, scaled, found)
            found |= _dense_slopes(f"encoder{n}", before, slope)
            slope = slope @ self.parameters[f"encoder{n}_weight"].T

    def _norm_slopes(self, n: int, slope: Array, kept: tuple[Array, Array], found: Gradients) -> Array:
        scaled, deviation = kept
        found[f"norm{n}_gamma"] = (slope * scaled).sum(axis=0)
        found[f"norm{n}_beta"] = slope.sum(axis=0)
        slope = slope * self.parameters[f"norm{n}_gamma"]
        spread = (slope * scaled).mean(axis=0)
        return np.asarray((slope - slope.mean(axis=0) - scaled * spread) / deviation)


def softmax(scores: Array) -> Array:
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _dense_slopes(name: str, given: Array, slope: Array) -> Gradients:
    return {f"{name}_weight": given.T @ slope, f"{name}_bias": slope.sum(axis=0)}


def _losses(counts: Array, words: Array, mean: Array, spread: Array) -> Losses:
    lengths = np.maximum(counts.sum(axis=1), 1)
    cost = -(counts * words).sum(axis=1) / lengths
    apart = 0.5 * (np.exp(spread) + mean**2 - 1 - spread).sum(axis=1) / lengths
    return Losses(float(cost.mean()), float(apart.mean()))
