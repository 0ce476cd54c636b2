"""What the algorithms for tables share: LightGBM and CatBoost, as JumpStart's programs train and serve them.

https://docs.aws.amazon.com/sagemaker/latest/dg/InputOutput-LightGBM.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import replies, tables
from .circle import Circle
from .errors import BadRequest, ClientError
from .job import Channel, Job
from .replies import Answer, Headers
from .tables import CSV, JSON, Table

CATEGORIES = (
    "categorical_index.json"  # beside the training data: {"cat_index_list": [1, 3]}, columns of the CSV
)
HELD_OUT = 0.2  # of the training data, to validate with where there is no channel for that
REGRESSION, CLASSIFICATION = "regression", "classification"
VERBOSE = "verbose"


@dataclass(slots=True)
class Data:
    train: Table
    validation: Table
    categories: list[int]  # features, counted from 0
    classes: np.ndarray | None  # the labels, in order; None for a regression

    def numbers(self, table: Table) -> np.ndarray:
        """Labels as the libraries want them: classes counted from 0."""
        if self.classes is None:
            return table.answers
        places = np.searchsorted(self.classes, table.answers).clip(max=len(self.classes) - 1)
        if (self.classes[places] != table.answers).any():
            raise ClientError("The validation data has labels that the training data has not.")
        return np.asarray(places)


def read(job: Job, task: str, circle: Circle | None = None) -> Data:
    """The data of this host; the classes of all hosts'."""
    channels = job.channels((), ("train", "training", "validation"))
    channel = channels.get("train") or channels.get("training")
    if channel is None:
        raise ClientError("Missing required channel: train")
    table, categories = _table(channel)
    if held := channels.get("validation"):
        validation, _ = _table(held)
    else:
        table, validation = _split(table)
    classes = np.unique(table.answers) if task == CLASSIFICATION else None
    if classes is not None and circle:
        classes = np.unique(np.concatenate(circle.share(classes.tolist())))
    if classes is not None and len(classes) < 2:
        raise ClientError("The training data has one class only.")
    return Data(table, validation, categories, classes)


def _table(channel: Channel) -> tuple[Table, list[int]]:
    described = [path for path in channel.files if path.name == CATEGORIES]
    found = [json.loads(path.read_text())["cat_index_list"] for path in described]
    data = [path.read_bytes() for path in channel.files if path.name != CATEGORIES]
    if not any(piece.strip() for piece in data):
        raise ClientError(
            f"No data in the channel {channel.name}: every file of it is empty, or there is none."
        )
    if tables.media(channel.content_type or CSV)[0] != CSV:
        raise ClientError(f"The content type {channel.content_type} is not supported: {CSV} is.")
    table = tables.joined([tables.split(tables.csv_matrix(piece), 1) for piece in data if piece.strip()])
    return table, sorted({index - 1 for indexes in found for index in indexes})


def _split(table: Table) -> tuple[Table, Table]:
    rows = np.random.default_rng(0).permutation(len(table))
    held = max(1, int(HELD_OUT * len(rows)))
    return tuple(Table(table.features[part], table.answers[part]) for part in (rows[held:], rows[:held]))  # type: ignore[return-value]


def task_of(job: Job, metric: str, regressions: tuple[str, ...]) -> str:
    """AWS has two models of each algorithm; here the metric says which, or the image's tag."""
    if metric != "auto":
        return REGRESSION if metric in regressions else CLASSIFICATION
    for task in (REGRESSION, CLASSIFICATION):
        if task in job.version:
            return task
    raise ClientError(
        "Is it a regression or a classification? Say so by the metric, or by the image's tag: "
        f"{REGRESSION} or {CLASSIFICATION}."
    )


def answering(
    predict: Callable[[np.ndarray], np.ndarray], about: dict[str, Any]
) -> Callable[[bytes, Headers], Answer]:
    """`predict` gives values, or the shares of all classes."""

    def answer(body: bytes, headers: Headers) -> Answer:
        try:
            kind, _ = tables.media(headers.get("content-type", CSV))
            if kind != CSV:
                raise BadRequest(415, f"Content type {kind} is not supported: {CSV} is.")
            table = replies.parsed(body, CSV)
            if table.features.shape[1] != about["features"]:
                raise BadRequest(
                    400, f"The records have {table.features.shape[1]} features, not {about['features']}."
                )
            said = predict(table.features)
        except ClientError as error:
            return replies.refusal(BadRequest(400, str(error)))
        except BadRequest as error:
            return replies.refusal(error)
        return 200, {"content-type": JSON}, json.dumps(_told(said, about, headers.get("accept", ""))).encode()

    return answer


def _told(said: np.ndarray, about: dict[str, Any], accept: str) -> dict[str, Any]:
    if about["classes"] is None:
        return {"prediction": said.tolist()}
    if VERBOSE not in accept:
        return {"probabilities": said.tolist()}
    best = np.array(about["classes"])[said.argmax(axis=1)]
    return {"probabilities": said.tolist(), "labels": about["classes"], "predicted_label": best.tolist()}


def described(data: Data) -> dict[str, Any]:
    """What has to be known of a model beside its trees."""
    return {
        "features": int(data.train.features.shape[1]),
        "classes": None if data.classes is None else data.classes.tolist(),
        "categories": data.categories,
    }
