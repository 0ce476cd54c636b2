"""What a BlazingText model answers: the classes of texts, or the vectors of words.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html#blazingtext-data-formats-inference
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import replies, tables
from .errors import BadRequest, ClientError, missing
from .replies import Answer, Headers
from .tables import JSON, JSONLINES

Say = Callable[[list[str], list[int]], list[dict[str, Any]]]  # texts and how many classes of each


def quiet_library() -> Any:
    """fastText, which says on standard error what nobody asked."""
    try:
        import fasttext
    except ImportError:
        raise missing("fasttext-numpy2-wheel") from None
    fasttext.FastText.eprint = lambda *_, **__: None
    return fasttext


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    """model.bin of a classifier; vectors.bin or vectors.txt of words."""
    if (folder / "model.bin").is_file():
        say = _classes(quiet_library().load_model(str(folder / "model.bin")))
    elif (folder / "vectors.bin").is_file():
        model = quiet_library().load_model(str(folder / "vectors.bin"))
        say = _vectors(lambda word: model.get_word_vector(word).tolist())
    elif (folder / "vectors.txt").is_file():
        say = _vectors(_table(folder / "vectors.txt"))
    else:
        raise ClientError("There is no model.bin, vectors.bin or vectors.txt in the model's archive.")

    def answer(body: bytes, headers: Headers) -> Answer:
        try:
            kind, _ = tables.media(headers.get("content-type") or JSON)
            texts, counts = _asked(body, kind)
            wanted = replies.accepted(headers.get("accept", ""), kind, (JSON, JSONLINES))
        except BadRequest as error:
            return replies.refusal(error)
        rows = say(texts, counts)
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        return 200, {"content-type": wanted}, (json.dumps(rows) if wanted == JSON else lines).encode()

    return answer


def _asked(body: bytes, kind: str) -> tuple[list[str], list[int]]:
    try:
        if kind == JSON:
            given = json.loads(body)
            texts = given["instances"]
            counts = [int(given.get("configuration", {}).get("k", 1))] * len(texts)
        elif kind == JSONLINES:
            rows = [json.loads(line) for line in body.splitlines() if line.strip()]
            texts, counts = [row["source"] for row in rows], [int(row.get("k", 1)) for row in rows]
        else:
            raise BadRequest(415, f"Content type {kind} is not supported: {JSON} and {JSONLINES} are.")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest(400, f"The body is not {SHAPES[kind]}.") from None
    if not all(isinstance(text, str) for text in texts):
        raise BadRequest(400, "The instances have to be strings.")
    return texts, counts


SHAPES = {
    JSON: '{"instances": ["text", ...], "configuration": {"k": 1}}',
    JSONLINES: '{"source": "text", "k": 1} in each line',
}


def _classes(model: Any) -> Say:
    def say(texts: list[str], counts: list[int]) -> list[dict[str, Any]]:
        rows = []
        for text, count in zip(texts, counts, strict=True):
            labels, shares = model.predict(text.replace("\n", " "), k=count)
            rows.append({"label": list(labels), "prob": [min(float(share), 1.0) for share in shares]})
        return rows

    return say


def _vectors(vector: Callable[[str], list[float]]) -> Say:
    def say(texts: list[str], counts: list[int]) -> list[dict[str, Any]]:
        return [{"vector": vector(text), "word": text} for text in texts]

    return say


def _table(path: Path) -> Callable[[str], list[float]]:
    """A vector for each word that was learnt; zeros for others."""
    with path.open() as lines:
        size = int(next(lines).split()[1])
        split = (line.rstrip("\n").split(" ") for line in lines)
        known = {word: np.array(values, np.float32) for word, *values in split}
    nothing = np.zeros(size, np.float32)
    return lambda word: known.get(word, nothing).tolist()
