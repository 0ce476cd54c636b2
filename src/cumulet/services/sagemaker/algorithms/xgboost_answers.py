"""What an XGBoost model answers: its predictions, or what SAGEMAKER_INFERENCE_OUTPUT selects of them.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
"""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import replies, tables, xgboost_old_files
from .errors import BadRequest, ClientError, missing
from .replies import Answer, Headers, Row
from .tables import CSV, LIBSVM, RECORDIO, Table

PICKLED = (b"\x80", b"ccopy_reg\n")  # how pickles begin, and how those of Python 2
CLASSES = {"predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores"}
RAW = {"predicted_label", "labels", "raw_score", "raw_scores"}
SELECTABLE = {
    "reg:squarederror": {"predicted_score"},
    "reg:logistic": {"predicted_score"},
    "reg:gamma": {"predicted_score"},
    "reg:absoluteerror": {"predicted_score"},
    "reg:tweedie": {"predicted_score"},
    "binary:logistic": CLASSES,
    "binary:logitraw": RAW,
    "binary:hinge": RAW,
    "multi:softmax": RAW,
    "multi:softprob": CLASSES,
}


class Model:
    """One booster, or several whose predictions are averaged (or, where they are classes, voted on)."""

    def __init__(self, boosters: list[Any]) -> None:
        self.boosters = boosters
        learner = json.loads(boosters[0].save_config())["learner"]
        self.objective: str = learner["objective"]["name"]
        self.classes = int(learner["learner_model_param"].get("num_class") or 0)

    def predict(self, table: Table) -> np.ndarray:
        import xgboost

        width = self.boosters[0].num_features()
        features = table.features
        if features.shape[1] < width and hasattr(features, "tocsr"):
            features.resize(features.shape[0], width)
        if features.shape[1] != width:
            raise BadRequest(
                400,
                f"Unable to evaluate payload provided: Feature size of inference data {features.shape[1]} is not "
                f"consistent with feature size of trained model {width}.",
            )
        data = xgboost.DMatrix(features)
        said = [booster.predict(data, validate_features=False) for booster in self.boosters]
        if len(said) == 1:
            return np.asarray(said[0])
        if self.objective in ("multi:softmax", "binary:hinge"):
            return np.array([np.bincount(votes.astype(int)).argmax() for votes in np.stack(said, axis=1)])
        return np.asarray(np.mean(said, axis=0))


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    """The model that training left, or a file of the user's: a pickled booster, or what `save_model` writes."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file() and not path.name.startswith(".")]
    if os.environ.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") != "true":
        files = files[:1]
    if not files:
        raise ClientError("There is no model in the model's archive: a file named xgboost-model.")
    model = Model([booster(path) for path in files])
    recent = tuple(int(part) for part in version.split("-")[0].split(".") if part.isdigit()) >= (1, 5)

    def answer(body: bytes, headers: Headers) -> Answer:
        try:
            table = _table(body, headers.get("content-type", ""))
            kind = replies.accepted(headers.get("accept", ""), CSV)
            return 200, {"content-type": kind}, _told(model, model.predict(table), kind, recent)
        except ClientError as error:
            return replies.refusal(BadRequest(415, str(error)))
        except BadRequest as error:
            return replies.refusal(error)

    return answer


def booster(path: Path) -> Any:
    try:
        import xgboost
    except ImportError:
        raise missing("xgboost") from None
    data = path.read_bytes()
    if data.startswith(PICKLED):  # it is the user's own, as the model's process is
        try:
            return pickle.loads(data)
        except xgboost.core.XGBoostError:
            data = xgboost_old_files.unpickled(data)
    elif not data.startswith(b"{"):
        data = xgboost_old_files.as_json(data)
    found = xgboost.Booster()
    found.load_model(bytearray(data))
    return found


def _table(body: bytes, content_type: str) -> Table:
    kind, _ = tables.media(content_type or LIBSVM)
    if kind not in (CSV, LIBSVM, RECORDIO):
        raise BadRequest(415, f"Content-type {content_type} is not supported.")
    if kind == LIBSVM:  # the label may be left out
        lines = body.decode(errors="replace").splitlines()
        body = "\n".join(line if ":" not in line.split(" ")[0] else f"0 {line}" for line in lines).encode()
    return replies.parsed(body, kind)


def _told(model: Model, said: np.ndarray, kind: str, recent: bool) -> bytes:
    if chosen := os.environ.get("SAGEMAKER_INFERENCE_OUTPUT"):
        return _selected(model, said, chosen.replace(" ", "").lower().split(","), kind)
    values = said.tolist()
    if os.environ.get("SAGEMAKER_BATCH"):
        return ("\n".join(map(str, values)) + "\n").encode()
    if kind != CSV:
        return replies.encoded([{"score": value} for value in values], kind, "predictions")
    if not recent:
        return ",".join(map(str, values)).encode()
    return replies.encoded([{"score": value} for value in values], kind, "predictions")


def _selected(model: Model, said: np.ndarray, keys: list[str], kind: str) -> bytes:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html"""
    if model.objective not in SELECTABLE:
        raise BadRequest(
            500, f"Objective `{model.objective}` unsupported for selectable inference predictions."
        )
    rows = [_row(model, one, keys) for one in said]
    if kind != CSV:
        return replies.encoded(rows, kind, "predictions")
    lines = [",".join(f'"{v}"' if isinstance(v, list) else str(v) for v in row.values()) for row in rows]
    return ("\n".join(lines) + ("\n" if os.environ.get("SAGEMAKER_BATCH") else "")).encode()


def _row(model: Model, said: Any, keys: list[str]) -> Row:
    several = np.ndim(said) > 0
    score = float(np.max(said))
    pair = [1.0 - score, score]
    found = {
        "predicted_label": _label(model.objective, said),
        "labels": list(range(model.classes)) if model.classes else [0, 1],
        "probability": score,
        "probabilities": said.tolist() if several else pair,
        "raw_score": score,
        "raw_scores": said.tolist() if several else pair,
        "predicted_score": score,
    }
    allowed = SELECTABLE[model.objective]
    return {key: found[key] if key in allowed else float("nan") for key in keys}


def _label(objective: str, said: Any) -> float | int:
    if np.ndim(said) > 0:
        return int(np.argmax(said))
    if objective.startswith("binary:log"):
        return int(said > (0 if objective == "binary:logitraw" else 0.5))
    return float(said)
