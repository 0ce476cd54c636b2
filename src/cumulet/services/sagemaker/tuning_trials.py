"""The trials of a tuning job: one training job each, remembered before it is made and settled once it ended.

A trial is a record of its own, so that a server that is killed between any two steps loses none and makes
none twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cumulet.services.sagemaker.courses import Courses
from cumulet.services.sagemaker.resources import TRAINING_JOB

TRIAL = "tuning-trial"
ENDED = ("Completed", "Failed", "Stopped")

Trial = dict[str, Any]


class Trials(Courses):
    def _trials(self, tuning: str) -> list[Trial]:
        """All trials of a tuning job, by their number."""
        found = self.store.records.list(f"sagemaker.{TRIAL}", self.caller.scope, prefix=f"{tuning}/")
        return [body for _, body in found]

    def _put_trial(self, tuning: str, trial: Trial) -> None:
        self._put(TRIAL, f"{tuning}/{trial['number']:06}", trial)

    def _trial_summary(self, tuning: str, trial: Trial) -> dict[str, Any]:
        """A trial as DescribeHyperParameterTuningJob and the list of training jobs tell it."""
        job = self._get(TRAINING_JOB, trial["job"]) or {}
        times = ("CreationTime", "TrainingStartTime", "TrainingEndTime", "FailureReason")
        summary = {
            "TrainingJobName": trial["job"],
            "TrainingJobArn": self._arn_of(TRAINING_JOB, trial["job"]),
            "TuningJobName": tuning,
            "CreationTime": trial["made"],
            **{member: job[member] for member in times if member in job},
            "TrainingJobStatus": job.get("TrainingJobStatus", trial["status"]),
            "TunedHyperParameters": trial["tuned"],
            "ObjectiveStatus": objective_status(trial),
        }
        if trial["definition"]:
            summary["TrainingJobDefinitionName"] = trial["definition"]
        if "value" in trial:
            metric = {"MetricName": trial["metric"], "Value": trial["value"], "Type": trial["type"]}
            summary["FinalHyperParameterTuningJobObjectiveMetric"] = metric
        return summary


def objective_status(trial: Trial) -> str:
    if trial["status"] not in ENDED:
        return "Pending"
    return "Succeeded" if "value" in trial else "Failed"


def counters(trials: Iterable[Trial]) -> dict[str, dict[str, int]]:
    """How many trials there are of each kind, as AWS counts them."""
    trials = list(trials)
    statuses = Counter(trial["status"] for trial in trials)
    objectives = Counter(objective_status(trial) for trial in trials)
    return {
        "TrainingJobStatusCounters": {
            "Completed": statuses["Completed"],
            "InProgress": statuses["InProgress"],
            "RetryableError": 0,
            "NonRetryableError": statuses["Failed"],
            "Stopped": statuses["Stopped"],
        },
        "ObjectiveStatusCounters": {name: objectives[name] for name in ("Succeeded", "Pending", "Failed")},
    }


def best(trials: Iterable[Trial]) -> Trial | None:
    """The trial with the best objective; the earlier one of two that are equal."""
    found = None
    for trial in trials:
        if "value" in trial and (found is None or better(trial["value"], found["value"], trial["type"])):
            found = trial
    return found


def better(value: float, than: float, kind: str) -> bool:
    return value > than if kind == "Maximize" else value < than
