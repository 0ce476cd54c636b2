"""DeepAR: many time series learnt by one recurrent network, and forecast with what may happen to each.

https://docs.aws.amazon.com/sagemaker/latest/dg/deepar.html
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .errors import BadRequest, ClientError
from .job import Job, qualities
from .replies import Answer, Headers, refusal
from .schema import Schema, choice, integer, real, text
from .series import Series, read, series
from .tables import JSON, JSONLINES, media

METRICS = (
    *qualities(("test",), {"RMSE": "loss", "mean_wQuantileLoss": "loss"}),
    *qualities(("train",), {"final_loss": "loss"}),
)
MODEL = "model_algo-1"
FREQUENCY = re.compile(r"[1-9]?[0-9]*(M|W|D|H|min)")
KINDS = ("mean", "quantiles", "samples")
DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
CONFIGURATION = {"num_samples": 100, "output_types": ["mean", "quantiles"], "quantiles": DECILES}


def _frequency(given: str) -> str:
    if not FREQUENCY.fullmatch(given):
        raise ValueError(given)
    return given


def _counts(given: str) -> list[int] | str:
    """`auto`, `ignore`, or a list of how many values each category has."""
    if given in ("auto", "ignore", ""):
        return given or "ignore"
    found = json.loads(given)
    if not isinstance(found, list) or not all(isinstance(one, int) and one > 0 for one in found):
        raise ValueError(given)
    return found


def _shares(given: str) -> list[float]:
    found = [float(one) for one in json.loads(given)]
    if not found or not all(0 < one < 1 for one in found):
        raise ValueError(given)
    return found


HYPERPARAMETERS = Schema(
    (
        integer("context_length", low=1, required=True),
        integer("epochs", low=1, required=True).but(
            note="in each, as many windows are drawn as lie side by side in the data"
        ),
        integer("prediction_length", low=1, required=True),
        text("time_freq", "M, W, D, H, min, or several of them (5min)", parse=_frequency).but(required=True),
        text("cardinality", "auto, ignore, a list of positive integers", "auto", parse=_counts),
        real("dropout_rate", 0.1, low=0, high=1, edges="[)"),
        integer("early_stopping_patience", low=1),
        integer("embedding_dimension", 10, low=1),
        real("learning_rate", 0.001, low=0, edges="()"),
        choice(
            "likelihood",
            ("gaussian", "beta", "negative-binomial", "student-T", "deterministic-L1"),
            "student-T",
        ),
        integer("mini_batch_size", 128, low=1),
        integer("num_cells", 40, low=1),
        integer("num_dynamic_feat", "auto", low=1, also=("auto", "ignore")),
        integer("num_eval_samples", 100, low=1),
        integer("num_layers", 2, low=1),
        text("test_quantiles", "a list of numbers in (0, 1)", DECILES, parse=_shares),
    )
)


def train(job: Job) -> None:
    values = HYPERPARAMETERS.read(job.hyperparameters)
    channels = job.channels(("train",), ("test",))
    data = read(channels["train"])
    settings = {**values, **_shapes(values, data)}
    check(settings, data, 0)
    from .deep_ar_network import Forecaster

    forecaster, losses = Forecaster(settings), list[float]()

    def tell(epoch: int, loss: float) -> None:
        losses.append(loss)
        job.quality(f"epoch={epoch}, train", "loss", loss)
        job.progress(epoch + 1, settings["epochs"])

    forecaster.train(data, tell)
    job.quality("train", "final_loss", min(losses))
    if test := channels.get("test"):
        _evaluate(job, forecaster, settings, read(test))
    job.model.mkdir(parents=True, exist_ok=True)
    forecaster.save(job.model / MODEL)


def _shapes(values: dict[str, Any], data: list[Series]) -> dict[str, Any]:
    """How many categories and dynamic features there are, where the data is to say it."""
    counts, features = values["cardinality"], values["num_dynamic_feat"]
    if counts == "auto":
        alike = [one.cat for one in data if len(one.cat) == len(data[0].cat)]
        counts = [1 + max(column) for column in zip(*alike, strict=True)]
    if features == "auto":
        features = 0 if data[0].dynamic is None else len(data[0].dynamic)
    return {
        "cardinality": [] if counts == "ignore" else counts,
        "num_dynamic_feat": 0 if features == "ignore" else features,
    }


def check(settings: dict[str, Any], data: list[Series], ahead: int) -> None:
    """That all series have the categories and features of the model, features `ahead` of the target's end."""
    counts, features = settings["cardinality"], settings["num_dynamic_feat"]
    for one in data:
        if counts and len(one.cat) != len(counts):
            raise ClientError(
                f"A time series has {len(one.cat)} categories (cat), and the model {len(counts)}."
            )
        if any(not 0 <= found < count for found, count in zip(one.cat, counts, strict=False)):
            raise ClientError(f"The categories {list(one.cat)} are not below the cardinality {counts}.")
        if not features:
            continue
        length = len(one.target) + ahead
        if one.dynamic is None or one.dynamic.shape != (features, length):
            shape = (
                "none" if one.dynamic is None else f"{one.dynamic.shape[0]} of length {one.dynamic.shape[1]}"
            )
            raise ClientError(
                f"A time series needs {features} dynamic_feat of length {length}, and has {shape}."
            )


def _evaluate(job: Job, forecaster: Any, settings: dict[str, Any], data: list[Series]) -> None:
    """The last prediction_length values of each test series, forecast from those before."""
    check(settings, data, 0)
    ahead = settings["prediction_length"]
    data = [one for one in data if len(one.target) > ahead]
    if not data:
        raise ClientError(f"No time series of the channel test is longer than prediction_length={ahead}.")
    known = [Series(one.start, one.target[:-ahead], one.cat, one.dynamic) for one in data]
    drawn = np.stack(forecaster.samples(known, settings["num_eval_samples"]))
    truth = np.stack([one.target[-ahead:] for one in data])
    there, total = ~np.isnan(truth), np.nansum(np.abs(truth))
    error = (drawn.mean(axis=1) - truth)[there]
    job.quality("test", "RMSE", float(np.sqrt(np.mean(error**2))))
    losses = []
    for share in settings["test_quantiles"]:
        off = (truth - np.quantile(drawn, share, axis=1))[there]
        losses.append(float(2 * np.maximum(share * off, (share - 1) * off).sum() / max(total, 1e-12)))
        job.say(f"#test_score ({job.host}, wQuantileLoss[{share}]): {losses[-1]}")
    job.quality("test", "mean_wQuantileLoss", float(np.mean(losses)))


# Answers


def load(folder: Path, version: str) -> Callable[[bytes, Headers], Answer]:
    from .deep_ar_network import Forecaster

    forecaster = Forecaster.load(folder / MODEL)

    def answer(body: bytes, headers: Headers) -> Answer:
        try:
            kind = media(headers.get("content-type", "") or JSON)[0]
            if kind not in (JSON, JSONLINES):
                raise BadRequest(
                    415, f"Content type {kind} is not supported: this model reads {JSON}, {JSONLINES}."
                )
            given, asked = _asked(body, kind)
            found = _forecasts(forecaster, [series(one) for one in given], asked)
            return 200, {"content-type": kind}, _encoded(found, kind)
        except ClientError as error:
            return refusal(BadRequest(400, str(error)))
        except BadRequest as error:
            return refusal(error)

    return answer


def _asked(body: bytes, kind: str) -> tuple[list[Any], dict[str, Any]]:
    """The series, and what is to be told of them: lines have it from the environment, for all requests alike."""
    try:
        if kind == JSONLINES:
            configuration = json.loads(os.environ.get("DEEPAR_INFERENCE_CONFIG", "{}"))
            return [json.loads(line) for line in body.splitlines() if line.strip()], _configured(
                configuration
            )
        given = json.loads(body)
        return given["instances"], _configured(given.get("configuration", {}))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequest(
            400, f'The JSON has to be {{"instances": [...], "configuration": {{}}}}: {error}'
        ) from None


def _configured(given: dict[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - {*CONFIGURATION, "batch_size"})
    asked = {**CONFIGURATION, **given}
    if unknown or not set(asked["output_types"]) <= set(KINDS):
        raise BadRequest(
            400, f"The configuration takes {', '.join(CONFIGURATION)}, and output_types {KINDS}."
        )
    return asked


def _forecasts(forecaster: Any, data: list[Series], asked: dict[str, Any]) -> list[dict[str, Any]]:
    check(forecaster.settings, data, forecaster.settings["prediction_length"])
    return [_told(drawn, asked) for drawn in forecaster.samples(data, int(asked["num_samples"]))]


def _told(drawn: np.ndarray, asked: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if "mean" in asked["output_types"]:
        told["mean"] = drawn.mean(axis=0).tolist()
    if "quantiles" in asked["output_types"]:
        shares = asked["quantiles"]
        told["quantiles"] = {
            str(share): np.quantile(drawn, float(share), axis=0).tolist() for share in shares
        }
    if "samples" in asked["output_types"]:
        told["samples"] = drawn.tolist()
    return told


def _encoded(found: list[dict[str, Any]], kind: str) -> bytes:
    if kind == JSON:
        return json.dumps({"predictions": found}).encode()
    return b"".join(json.dumps(one).encode() + b"\n" for one in found)
