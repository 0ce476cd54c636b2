"""WordSimilarity-353: how far a model's idea of which words are alike is that of people.

https://gabrilovich.com/resources/data/wordsim353/wordsim353.html
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np


def pairs() -> list[tuple[str, str, float]] | None:
    """Two words and how alike people find them; None where no installed package has them."""
    spec = importlib.util.find_spec("gensim")
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent / "test/test_data/wordsim353.tsv"
    if not place.is_file():
        return None
    rows = [line.split("\t") for line in place.read_text().splitlines() if line and not line.startswith("#")]
    return [(row[0].lower(), row[1].lower(), float(row[2])) for row in rows]


def mean_rho(model: Any) -> float | None:
    """Spearman's correlation over the pairs whose words the model knows."""
    if (known := pairs()) is None:
        return None
    words = set(model.words)
    found = [(a, b, people) for a, b, people in known if a in words and b in words]
    if len(found) < 2:
        return 0.0
    said = [_cosine(model.get_word_vector(a), model.get_word_vector(b)) for a, b, _ in found]
    return float(np.corrcoef(_ranks(said), _ranks([people for _, _, people in found]))[0, 1])


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other) or 1))


def _ranks(values: list[float]) -> np.ndarray:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])
