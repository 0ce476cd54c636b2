"""Steps down a slope, as MXNet's optimizers of the same names take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray
EPSILON = 1e-8
ADADELTA = (0.9, 1e-5)  # how much of what was is kept, and what roots begin with


@dataclass(slots=True)
class Optimizer:
    """The state of one array of parameters. `rate` may be an array too: one for each of several models."""

    kind: str  # "sgd", "adam", "rmsprop", "adagrad", "adadelta"
    momentum: float = 0.0
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = EPSILON
    steps: int = 0
    first: Array = field(default_factory=lambda: np.zeros(0))
    second: Array = field(default_factory=lambda: np.zeros(0))

    def step(self, parameters: Array, gradient: Array, rate: Any, rows: Any = slice(None)) -> None:
        """Change the parameters in place; of sparse ones, only some rows."""
        if not self.first.size:
            self.first, self.second = np.zeros_like(parameters), np.zeros_like(parameters)
        self.steps += 1
        if self.kind == "adam":
            parameters[rows] -= rate * self._adam(gradient, rows)
        elif self.kind == "rmsprop":
            self.second[rows] = self.beta_2 * self.second[rows] + (1 - self.beta_2) * gradient**2
            parameters[rows] -= rate * gradient / np.sqrt(self.second[rows] + self.epsilon)
        elif self.kind == "adagrad":
            self.second[rows] += gradient**2
            parameters[rows] -= rate * gradient / (np.sqrt(self.second[rows]) + self.epsilon)
        elif self.kind == "adadelta":
            parameters[rows] -= self._adadelta(gradient, rows)
        else:
            self.first[rows] = self.momentum * self.first[rows] + gradient
            parameters[rows] -= rate * self.first[rows]

    def _adadelta(self, gradient: Array, rows: Any) -> Array:
        """A step as large as those before it, for the slope there is: without a rate, as in MXNet."""
        kept, small = ADADELTA
        self.second[rows] = kept * self.second[rows] + (1 - kept) * gradient**2
        step = np.sqrt((self.first[rows] + small) / (self.second[rows] + small)) * gradient
        self.first[rows] = kept * self.first[rows] + (1 - kept) * step**2
        return np.asarray(step)

    def _adam(self, gradient: Array, rows: Any) -> Array:
        self.first[rows] = self.beta_1 * self.first[rows] + (1 - self.beta_1) * gradient
        self.second[rows] = self.beta_2 * self.second[rows] + (1 - self.beta_2) * gradient**2
        correction = np.sqrt(1 - self.beta_2**self.steps) / (1 - self.beta_1**self.steps)
        return np.asarray(correction * self.first[rows] / (np.sqrt(self.second[rows]) + self.epsilon))
