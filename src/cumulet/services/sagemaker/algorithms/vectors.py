"""What the algorithms share whose records are vectors: their channels, batches, and files of models."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from . import ndarrays, tables
from .errors import ClientError
from .job import Channel, Job
from .schema import Hyperparameter, integer
from .tables import CSV, RECORDIO, Table

FORMATS = (RECORDIO, CSV)
MODEL = "model_algo-1"

FEATURE_DIM = integer("feature_dim", low=1, required=True)


def mini_batch(default: int | None, *, required: bool = False) -> Hyperparameter:
    return integer("mini_batch_size", default, low=1, required=required)


def read(channel: Channel, width: int | str) -> Table:
    """A channel whose vectors have the dimension that the hyperparameters say. CSV has a label in its first
    column unless it says `text/csv;label_size=0`."""
    table = tables.read(channel, FORMATS, RECORDIO)
    found = table.features.shape[1]
    if width != "auto" and found != width:
        hint = " (text/csv has a label first, unless its content type says label_size=0)"
        raise ClientError(
            f"The hyperparameter feature_dim is {width}, but the records of the channel {channel.name} have "
            f"{found} features{hint if tables.media(channel.content_type)[0] == CSV else ''}."
        )
    return table


def batches(count: int, size: int, random: np.random.Generator | None = None) -> Iterator[np.ndarray]:
    """The rows of each mini-batch, in order or mixed."""
    rows = random.permutation(count) if random else np.arange(count)
    for start in range(0, count, size):
        yield rows[start : start + size]


def save(job: Job, arrays: ndarrays.Arrays) -> None:
    """As MXNet's `nd.save` would."""
    job.model.mkdir(parents=True, exist_ok=True)
    (job.model / MODEL).write_bytes(ndarrays.written(arrays))


def load(folder: Path) -> Any:
    return ndarrays.read(_model(folder).read_bytes())


def save_packed(job: Job, params: str, arrays: ndarrays.Arrays, about: dict[str, Any]) -> None:
    """As a module of MXNet's in a zip archive: its arrays, and what else is to be known of it."""
    job.model.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(job.model / MODEL, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(params, ndarrays.written(arrays))
        archive.writestr("additional-params.json", json.dumps(about))


def load_packed(folder: Path, params: str) -> tuple[Any, dict[str, Any]]:
    with zipfile.ZipFile(_model(folder)) as archive:
        return ndarrays.read(archive.read(params)), json.loads(archive.read("additional-params.json"))


def _model(folder: Path) -> Path:
    if not (folder / MODEL).is_file():
        raise ClientError(f"There is no {MODEL} in the model's archive.")
    return folder / MODEL


def squared_distances(points: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """Of each point to each center, as a matrix."""
    found = (points**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1)[None] - 2 * points @ centers.T
    return np.asarray(np.maximum(found, 0))
