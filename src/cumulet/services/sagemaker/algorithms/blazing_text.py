"""BlazingText: text classification and word vectors, by fastText, whose files it shares.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .blazing_text_answers import load, quiet_library
from .errors import ClientError
from .job import Channel, Job, Metric
from .schema import Hyperparameter, Schema, choice, flag, integer, plain, real
from .word_similarity import mean_rho

__all__ = ["HYPERPARAMETERS", "METRICS", "load", "train"]

SUPERVISED = "supervised"
# fastText fills its first matrix by a tenth per thread, and the remainder by an eleventh: with fewer threads it
# would begin with whatever lies in memory.
THREADS = max(11, os.cpu_count() or 1)
MODES = ("batch_skipgram", "skipgram", "cbow", SUPERVISED)
METRICS = (
    Metric("train:mean_rho", r"#mean_rho: (\S+)"),
    Metric("train:accuracy", r"#train_accuracy: (\S+)"),
    Metric("validation:accuracy", r"#validation_accuracy: (\S+)"),
)
SHARED: tuple[Hyperparameter, ...] = (
    choice("mode", MODES, required=True),
    integer("buckets", 2_000_000, low=1),
    integer("epochs", 5, low=1),
    real("learning_rate", 0.05, low=0, edges="()"),
    integer("min_count", 5, low=0),
    integer("vector_dim", 100, low=1),
)
CLASSES = Schema(
    (
        *SHARED,
        flag("early_stopping", False).but(
            note="fastText cannot look at a model in the middle: each number of epochs from min_epochs on is a "
            "training of its own, until `patience` of them in a row are no better"
        ),
        integer("min_epochs", 5, low=1),
        integer("patience", 4, low=1),
        integer("word_ngrams", 2, low=1),
    )
)
VECTORS = Schema(
    (
        *SHARED,
        integer("batch_size", 11, low=1).but(
            note="trained as skipgram: batches only make BlazingText quicker"
        ),
        flag("evaluation", True).but(note="where gensim is installed, which has the WS-353 words"),
        integer("min_char", 3, low=1),
        integer("max_char", 6, low=1),
        integer("negative_samples", 5, low=1),
        real("sampling_threshold", 0.0001, low=0, edges="()"),
        flag("subwords", False),
        integer("window_size", 5, low=1),
    )
)
HYPERPARAMETERS = Schema(
    (*CLASSES.parameters, *(p for p in VECTORS.parameters if p not in SHARED)), CLASSES.words
)


def train(job: Job) -> None:
    given = {name: plain(value) for name, value in job.hyperparameters.items()}
    supervised = given.get("mode", SUPERVISED) == SUPERVISED
    values = (CLASSES if supervised else VECTORS).read(given)
    channels = job.channels(("train",), ("validation",) if supervised else ())
    with tempfile.TemporaryDirectory() as folder:
        texts = {name: _gathered(channel, Path(folder) / name) for name, channel in channels.items()}
        job.model.mkdir(parents=True, exist_ok=True)
        (_classify if supervised else _embed)(job, values, texts)


def _gathered(channel: Channel, target: Path) -> Path:
    """All files of a channel as one, which is what fastText reads."""
    with target.open("wb") as together:
        for piece in channel.pieces():
            for line in _lines(piece):
                together.write(line + b"\n")
    if not target.stat().st_size:
        raise ClientError(
            f"No data in the channel {channel.name}: every file of it is empty, or there is none."
        )
    return target


def _lines(piece: bytes) -> Iterator[bytes]:
    """Lines of text; an augmented manifest's JSON has the text in `source` and the classes in `label`."""
    for line in piece.splitlines():
        if not line.startswith(b"{"):
            yield line
            continue
        try:
            found = json.loads(line)
            labels = found["label"] if isinstance(found["label"], list) else [found["label"]]
            yield " ".join([*(f"__label__{label}" for label in labels), found["source"]]).encode()
        except (ValueError, KeyError, TypeError):
            raise ClientError(f"A line of the augmented manifest is not understood: {line[:100]!r}") from None


# Text classification


def _classify(job: Job, values: dict[str, Any], texts: dict[str, Path]) -> None:
    if values["early_stopping"] and "validation" not in texts:
        raise ClientError("early_stopping needs the channel 'validation'.")
    started = time.monotonic()
    model = (
        _stopped_early(values, texts)
        if values["early_stopping"]
        else _trained(values, texts, values["epochs"])
    )
    print(
        f"Training finished.\nTotal training time in seconds: {time.monotonic() - started:.2f}\n", flush=True
    )
    for name, text in texts.items():
        examples, right, _ = model.test(str(text))
        print(f"#{name}_accuracy: {right:.4f}\nNumber of {name} examples: {examples}\n", flush=True)
    model.save_model(str(job.model / "model.bin"))


def _trained(values: dict[str, Any], texts: dict[str, Path], epochs: int) -> Any:
    model = _run(
        quiet_library().train_supervised,
        input=str(texts["train"]),
        lr=values["learning_rate"],
        dim=values["vector_dim"],
        epoch=epochs,
        minCount=values["min_count"],
        wordNgrams=values["word_ngrams"],
        bucket=values["buckets"],
        thread=THREADS,
        verbose=0,
    )
    print(f"-------- End of epoch: {epochs}", flush=True)
    return model


def _stopped_early(values: dict[str, Any], texts: dict[str, Path]) -> Any:
    best, accuracy, worse = None, -1.0, 0
    for epochs in range(min(values["min_epochs"], values["epochs"]), values["epochs"] + 1):
        model = _trained(values, texts, epochs)
        _, right, _ = model.test(str(texts["validation"]))
        print(f"Validation accuracy: {right:.4f}", flush=True)
        best, accuracy, worse = (model, right, 0) if right > accuracy else (best, accuracy, worse + 1)
        if worse >= values["patience"]:
            print(f"Early stopping! Validation accuracy did not improve for {worse} epochs.", flush=True)
            break
    return best


def _run(trainer: Any, **options: Any) -> Any:
    """fastText says in a ValueError or RuntimeError what is wrong with the data."""
    try:
        return trainer(**options)
    except (ValueError, RuntimeError) as error:
        raise ClientError(f"The training data cannot be learnt from: {error}") from None


# Word vectors


def _embed(job: Job, values: dict[str, Any], texts: dict[str, Path]) -> None:
    started = time.monotonic()
    subwords = values["subwords"]
    model = _run(
        quiet_library().train_unsupervised,
        input=str(texts["train"]),
        model="cbow" if values["mode"] == "cbow" else "skipgram",
        lr=values["learning_rate"],
        dim=values["vector_dim"],
        ws=values["window_size"],
        epoch=values["epochs"],
        minCount=values["min_count"],
        minn=values["min_char"] if subwords else 0,
        maxn=values["max_char"] if subwords else 0,
        neg=values["negative_samples"],
        bucket=values["buckets"],
        t=values["sampling_threshold"],
        thread=THREADS,
        verbose=0,
    )
    print(f"Training finished.\nTotal training time in seconds: {time.monotonic() - started:.2f}", flush=True)
    _write_vectors(model, job.model / "vectors.txt")
    if subwords:
        model.save_model(str(job.model / "vectors.bin"))
    if values["evaluation"]:
        _evaluate(job, model)


def _write_vectors(model: Any, target: Path) -> None:
    """word2vec's text: how many words of how many dimensions, then a word and its vector in each line."""
    with target.open("w") as text:
        text.write(f"{len(model.words)} {model.get_dimension()}\n")
        for word in model.words:
            text.write(f"{word} {' '.join(f'{value:.5g}' for value in model.get_word_vector(word))}\n")


def _evaluate(job: Job, model: Any) -> None:
    rho = mean_rho(model)
    if rho is None:
        print("Not evaluated: the WS-353 words come with gensim, which is not installed.", flush=True)
        return
    print(f"#mean_rho: {rho:.4f}", flush=True)
    (job.model / "eval.json").write_text(json.dumps({"EN-WS-353-ALL.txt": {"mean_rho": rho}}))
