"""XGBoost, by the library of that name, as SageMaker's container trains and serves it.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html
"""

from __future__ import annotations

import contextlib
import pickle
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np

from . import class_metrics, tables, xgboost_parameters
from .circle import Circle
from .errors import ClientError, missing
from .job import Job
from .tables import CSV, LIBSVM, PARQUET, RECORDIO, Table
from .xgboost_answers import load
from .xgboost_parameters import HYPERPARAMETERS, MAXIMIZED, METRICS

__all__ = ["HYPERPARAMETERS", "METRICS", "load", "train"]

MODEL = "xgboost-model"
CHECKPOINT = "xgboost-checkpoint"
KEPT = 5  # checkpoints
FORMATS = (CSV, LIBSVM, PARQUET, RECORDIO)
PICKLED = (
    "1",
    "latest",
    "0.",
    "1.0",
    "1.1",
    "1.2",
)  # versions whose model is a pickle of the library's object


def train(job: Job) -> None:
    xgboost = library()
    values = HYPERPARAMETERS.read(job.hyperparameters)
    xgboost_parameters.check(values)
    circle = Circle(job)
    with _together(circle, xgboost):
        watched = _watched(job, xgboost, values)
        job.say(f"Train matrix has {watched[0][0].num_row()} rows and {watched[0][0].num_col()} columns")
        try:
            booster = _boosted(job, xgboost, values, watched, circle)
        except (xgboost.core.XGBoostError, ValueError) as error:
            raise ClientError(f"XGB train call failed with exception:\n {_reason(error)}") from error
    if circle.first:
        _save(booster, job)


@contextlib.contextmanager
def _together(circle: Circle, xgboost: Any) -> Iterator[None]:
    """All that is done within is done by all hosts on what each of them has: they build the same trees.

    https://xgboost.readthedocs.io/en/stable/python/python_api.html#module-xgboost.tracker
    """
    if circle.alone:
        yield
        return
    tracker, way = None, None
    if circle.first:
        place = circle.address(circle.job.host)
        tracker = xgboost.tracker.RabitTracker(host_ip=place, n_workers=len(circle.job.hosts))
        tracker.start()
        way = tracker.worker_args()
    way = circle.share(way)[0]
    with xgboost.collective.CommunicatorContext(**way, dmlc_task_id=circle.job.host):
        yield
    if tracker:
        tracker.wait_for()


def library() -> Any:
    try:
        import xgboost
        import xgboost.tracker
    except ImportError:
        raise missing("xgboost") from None
    return xgboost


def _reason(error: Exception) -> str:
    """The library's message without its stack."""
    return str(error).partition("Stack trace:")[0].strip()


def _watched(job: Job, xgboost: Any, values: dict[str, Any]) -> list[tuple[Any, str]]:
    channels = job.channels(("train",), ("validation",))
    found = []
    for name in ("train", "validation"):
        if channel := channels.get(name):
            if channel.pipe and tables.media(channel.content_type or LIBSVM)[0] == LIBSVM:
                raise ClientError("Pipe mode not supported for LibSVM.")
            table = tables.read(channel, FORMATS, LIBSVM, weighted=values["csv_weights"] == 1)
            _check_labels(table, values["objective"] or "", values["num_class"])
            found.append((matrix(xgboost, table), name))
    return found


def _check_labels(table: Table, objective: str, classes: int | None) -> None:
    """What the library says in other words since it guesses the base score."""
    low, high = table.answers.min(), table.answers.max()
    if objective in ("binary:logistic", "reg:logistic") and (low < 0 or high > 1):
        raise ClientError("label must be in [0,1] for logistic regression")
    if objective.startswith("multi:") and classes and (low < 0 or high >= classes):
        raise ClientError("label must be in [0, num_class)")


def matrix(xgboost: Any, table: Table) -> Any:
    return xgboost.DMatrix(table.features, label=table.labels, weight=table.weights, qid=table.groups)


def _boosted(
    job: Job, xgboost: Any, values: dict[str, Any], watched: list[tuple[Any, str]], circle: Circle
) -> Any:
    metrics = _metrics(values)
    ours = [name for name in metrics if name in class_metrics.LABELS or name in class_metrics.VALUES]
    theirs = [name for name in metrics if name not in ours]
    checkpoint, begun = _checkpoint(job)
    return xgboost.train(
        xgboost_parameters.library(values) | ({"eval_metric": theirs} if theirs else {}),
        watched[0][0],
        num_boost_round=max(values["num_round"] - begun, 0),
        evals=watched,
        custom_metric=_figures(ours, values["objective"] or "", circle) if ours else None,
        callbacks=_callbacks(job, xgboost, values, metrics, begun, len(watched)),
        xgb_model=checkpoint,
        verbose_eval=False,
    )


def _metrics(values: dict[str, Any]) -> list[str]:
    """Those that are asked for, and the tuner's: `validation:f1`."""
    asked = list(values["eval_metric"] or ())
    tuned = (values["_tuning_objective_metric"] or "").partition(":")[2]
    return sorted({*asked, tuned}) if tuned else asked


def _figures(names: list[str], objective: str, circle: Circle) -> Any:
    """The container's own metrics, of which several may be asked at once. Of several hosts it is the mean: all
    have to see the same figures, or they would not stop together."""

    def figures(said: np.ndarray, data: Any) -> list[tuple[str, float]]:
        truth = data.get_label()
        labels = labels_of(said, objective)
        found = {
            name: class_metrics.LABELS[name](truth, labels)
            if name in class_metrics.LABELS
            else class_metrics.VALUES[name](truth, said)
            for name in names
        }
        return list((found if circle.alone else circle.mean(found, len(truth))).items())

    return figures


def labels_of(said: np.ndarray, objective: str) -> np.ndarray:
    if said.ndim > 1:
        return np.asarray(said.argmax(axis=1))
    if objective == "multi:softmax":
        return said
    return (said > (0 if objective == "binary:logitraw" else 0.5)).astype(int)


def _callbacks(
    job: Job, xgboost: Any, values: dict[str, Any], metrics: list[str], begun: int, watched: int
) -> list[Any]:
    callback = xgboost.callback
    found = [_teller(xgboost, begun), _saver(job, xgboost, begun)]
    if values["save_model_on_termination"] == "true":
        found.append(_stopper(xgboost))
    if rounds := values["early_stopping_rounds"]:
        name = metrics[-1] if metrics else None
        found.append(
            callback.EarlyStopping(
                rounds=rounds,
                data_name="validation" if watched > 1 else None,
                metric_name=name,
                maximize=name.partition("@")[0] in MAXIMIZED if name else None,
                save_best=True,
            )
        )
    return found


def _teller(xgboost: Any, begun: int) -> Any:
    class Teller(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """A line for each round, its tabs as CloudWatch shows them: the regexes of the metrics want them so."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            figures = [
                f"#011{where}-{name}:{found[-1]:.5f}"
                for where, metrics in evals_log.items()
                for name, found in metrics.items()
            ]
            print(f"[{begun + epoch}]{''.join(figures)}", flush=True)
            return False

    return Teller()


def _saver(job: Job, xgboost: Any, begun: int) -> Any:
    class Saver(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """A checkpoint of each round, where the job has a CheckpointConfig; the last few are kept."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if job.checkpoints.is_dir():
                number = begun + epoch
                written = job.checkpoints / f".{CHECKPOINT}.{number}"
                written.write_bytes(bytes(model.save_raw("ubj")))
                written.rename(job.checkpoints / f"{CHECKPOINT}.{number}")
                (job.checkpoints / f"{CHECKPOINT}.{number - KEPT}").unlink(missing_ok=True)
            return False

    return Saver()


def _stopper(xgboost: Any) -> Any:
    class Stopper(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """A request to stop ends the training after its round, so that the model so far is saved."""

        asked = False

        def before_training(self, model: Any) -> Any:
            signal.signal(signal.SIGTERM, self.ask)
            return model

        def ask(self, *_: Any) -> None:
            self.asked = True

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            return self.asked

    return Stopper()


def _checkpoint(job: Job) -> tuple[Any, int]:
    """The last checkpoint of an earlier run of the job, and how many rounds are in it."""
    found = {int(path.suffix[1:]): path for path in job.checkpoints.glob(f"{CHECKPOINT}.*")}
    if not found:
        return None, 0
    last = max(found)
    job.say(f"Checkpoint loaded from {found[last]}")
    return library().Booster(model_file=bytearray(found[last].read_bytes())), last + 1


def _save(booster: Any, job: Job) -> None:
    job.model.mkdir(parents=True, exist_ok=True)
    place = job.model / MODEL
    pickled = job.version in PICKLED[:2] or job.version.startswith(PICKLED[2:])
    place.write_bytes(pickle.dumps(booster) if pickled else bytes(booster.save_raw("ubj")))
