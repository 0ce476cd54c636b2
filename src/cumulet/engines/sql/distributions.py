"""Probability distributions, in Python's own mathematics: right to some fourteen digits.

https://trino.io/docs/current/functions/math.html#cumulative-distribution-functions
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

from cumulet.engines.sql.refusing import bad

STEPS, LEAST = 300, 1e-16


def normal_cdf(mean: float, deviation: float, value: float) -> float:
    if not deviation > 0:
        raise bad("standardDeviation must be > 0")
    return 0.5 * math.erfc((mean - value) / (deviation * math.sqrt(2)))


def inverse_normal_cdf(mean: float, deviation: float, share: float) -> float:
    if not 0 < share < 1:
        raise bad("p must be 0 > p > 1")
    if not deviation > 0:
        raise bad("standardDeviation must be > 0")
    return NormalDist(mean, deviation).inv_cdf(share)


def beta_cdf(a: float, b: float, value: float) -> float:
    if not 0 <= value <= 1:
        raise bad("value must be in the interval [0, 1]")
    if a <= 0 or b <= 0:
        raise bad("a, b must be > 0")
    return incomplete(a, b, value)


def incomplete(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function, by its continued fraction, from the side where that ends soon."""
    if x in (0, 1):
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front * fraction(a, b, x) / a


def fraction(a: float, b: float, x: float) -> float:
    """Lentz's way through the continued fraction."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + term / c, 1 / (1 + term * d)
            found *= c * d
        if abs(c * d - 1) < LEAST:
            break
    return found


def inverse_beta_cdf(a: float, b: float, share: float) -> float:
    """By halving: the value below which that share lies."""
    if not 0 <= share <= 1:
        raise bad("p must be in the interval [0, 1]")
    if a <= 0 or b <= 0:
        raise bad("a, b must be > 0")
    if share in (0, 1):
        return share
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if incomplete(a, b, middle) < share else (low, middle)
    return high


def t_cdf(value: float, freedom: float) -> float:
    if freedom <= 0:
        raise bad("df must be greater than 0")
    tail = 0.5 * incomplete(freedom / 2, 0.5, freedom / (freedom + value * value))
    return 1 - tail if value > 0 else tail


def t_pdf(value: float, freedom: float) -> float:
    if freedom <= 0:
        raise bad("df must be greater than 0")
    scale = math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2) - 0.5 * math.log(freedom * math.pi)
    return math.exp(scale - (freedom + 1) / 2 * math.log1p(value * value / freedom))


def wilson(sign: int) -> Callable[[int, int, float], float]:
    """The bounds of a share's interval, by Wilson's score."""

    def bound(successes: int, trials: int, z: float) -> float:
        if successes < 0:
            raise bad("number of successes must not be negative")
        if trials <= 0:
            raise bad("number of trials must be positive")
        if successes > trials:
            raise bad("number of successes must not be larger than number of trials")
        if z < 0:
            raise bad("z-score must not be negative")
        p, n = successes / trials, float(trials)
        away = sign * z * math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
        return (p + (z * z) / (2 * n) + away) / (1 + (z * z) / n)

    return bound


DOUBLE = "DOUBLE"
DISTRIBUTIONS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "normal_cdf": (normal_cdf, [DOUBLE] * 3, DOUBLE),
    "inverse_normal_cdf": (inverse_normal_cdf, [DOUBLE] * 3, DOUBLE),
    "beta_cdf": (beta_cdf, [DOUBLE] * 3, DOUBLE),
    "inverse_beta_cdf": (inverse_beta_cdf, [DOUBLE] * 3, DOUBLE),
    "t_cdf": (t_cdf, [DOUBLE] * 2, DOUBLE),
    "t_pdf": (t_pdf, [DOUBLE] * 2, DOUBLE),
    "wilson_interval_lower": (wilson(-1), ["BIGINT", "BIGINT", DOUBLE], DOUBLE),
    "wilson_interval_upper": (wilson(1), ["BIGINT", "BIGINT", DOUBLE], DOUBLE),
}
