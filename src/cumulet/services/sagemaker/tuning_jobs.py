"""Hyperparameter tuning jobs: asked for, looked at, stopped. The search itself is told in `tuning.py`.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker import tuning_request
from cumulet.services.sagemaker.courses import TUNING
from cumulet.services.sagemaker.listing import Filters, Order, page
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import TUNING_JOB, shown, summary
from cumulet.services.sagemaker.tags import TagList
from cumulet.services.sagemaker.training_jobs import TrainingJobs
from cumulet.services.sagemaker.training_request import described
from cumulet.services.sagemaker.tuning_request import (
    OBJECTIVE,
    check_metric,
    definitions,
    objective,
    with_own_metrics,
)
from cumulet.services.sagemaker.tuning_trials import TRIAL, Trials, best, counters

SUMMARY = (
    "HyperParameterTuningJobName",
    "HyperParameterTuningJobArn",
    "HyperParameterTuningJobStatus",
    "CreationTime",
    "HyperParameterTuningEndTime",
    "LastModifiedTime",
)
AUTOTUNED = 20  # trials, where neither the request nor AWS says how many
PROBE = "cumulet-checks-this-definition"


class TuningJobs(TrainingJobs, Trials):
    def create_hyper_parameter_tuning_job(
        self,
        *,
        HyperParameterTuningJobName: str,
        HyperParameterTuningJobConfig: dict[str, Any],
        TrainingJobDefinition: dict[str, Any] | None = None,
        TrainingJobDefinitions: list[dict[str, Any]] | None = None,
        WarmStartConfig: dict[str, Any] | None = None,
        Tags: TagList | None = None,
        Autotune: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Promise a search; its training jobs are checked as if they were asked for.

        Autotune makes ranges of the hints in AutoParameters (a tenth to ten times of a number), gives up bad
        training jobs early, and takes 20 of them where MaxNumberOfTrainingJobs is left out.
        """
        body = {
            "HyperParameterTuningJobName": HyperParameterTuningJobName,
            "HyperParameterTuningJobConfig": _filled(HyperParameterTuningJobConfig, bool(Autotune)),
            "TrainingJobDefinition": TrainingJobDefinition,
            "TrainingJobDefinitions": TrainingJobDefinitions,
            "WarmStartConfig": WarmStartConfig,
            "Autotune": Autotune,
        }
        request = {name: value for name, value in body.items() if value not in (None, {}, [])}
        tuning_request.check_structures(request)
        for definition in definitions(request):
            self._check_definition(request, definition)
        self._check_parents(WarmStartConfig or {})
        for definition in definitions(request):
            _complete(definition, objective(request, definition)["MetricName"])
        return self._promise(TUNING, request, Tags)

    def _check_definition(self, request: dict[str, Any], definition: dict[str, Any]) -> None:
        """What is wrong with the training jobs is told now, with the words of CreateTrainingJob."""
        tuned = dict.fromkeys(tuning_request.space(request, definition), "0")
        training = described(tuning_request.training_request(definition, PROBE, tuned))
        self._check_training_job(training)
        check_metric(objective(request, definition), training["AlgorithmSpecification"])

    def _check_parents(self, warm: dict[str, Any]) -> None:
        for parent in warm.get("ParentHyperParameterTuningJobs", []):
            body = self._job(TUNING, parent["HyperParameterTuningJobName"])
            if not TUNING.ended(body):
                raise invalid(f"The parent tuning job {body[TUNING.name]} is still {body[TUNING.status]}.")

    def describe_hyper_parameter_tuning_job(self, *, HyperParameterTuningJobName: str) -> dict[str, Any]:
        body = self._job(TUNING, HyperParameterTuningJobName)
        trials = self._trials(HyperParameterTuningJobName)
        end = body.get("HyperParameterTuningEndTime", self._now())
        found = {
            **with_own_metrics(shown(body)),
            **counters(trials),
            "ConsumedResources": {"RuntimeInSeconds": int(end - body["CreationTime"])},
        }
        if chosen := best(trials):
            found["BestTrainingJob"] = self._trial_summary(HyperParameterTuningJobName, chosen)
        overall = self._overall_best(body, HyperParameterTuningJobName)
        return {**found, **({"OverallBestTrainingJob": overall} if overall else {})}

    def _overall_best(self, body: dict[str, Any], name: str) -> dict[str, Any] | None:
        """The best of this job and of the parents that searched the same: told for that kind of warm start."""
        warm = body.get("WarmStartConfig", {})
        if warm.get("WarmStartType") != "IdenticalDataAndAlgorithm":
            return None
        parents = [parent["HyperParameterTuningJobName"] for parent in warm["ParentHyperParameterTuningJobs"]]
        found = [(tuning, trial) for tuning in (name, *parents) for trial in self._trials(tuning)]
        if (chosen := best(trial for _, trial in found)) is None:
            return None
        return self._trial_summary(next(tuning for tuning, trial in found if trial is chosen), chosen)

    def list_hyper_parameter_tuning_jobs(
        self,
        *,
        NextToken: str | None = None,
        MaxResults: int | None = None,
        SortBy: str = "Name",
        SortOrder: str = "Ascending",
        NameContains: str | None = None,
        CreationTimeAfter: datetime | None = None,
        CreationTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
        StatusEquals: str | None = None,
    ) -> dict[str, Any]:
        times = (CreationTimeAfter, CreationTimeBefore, LastModifiedTimeAfter, LastModifiedTimeBefore)
        filters = Filters(NameContains, StatusEquals, *times)
        order = Order("HyperParameterTuningJob", SortBy, SortOrder == "Descending")
        jobs, token = self._page(TUNING_JOB, filters, order, NextToken, MaxResults)
        return {"HyperParameterTuningJobSummaries": list(map(self._tuning_summary, jobs)), "NextToken": token}

    def _tuning_summary(self, body: dict[str, Any]) -> dict[str, Any]:
        config = body["HyperParameterTuningJobConfig"]
        return {
            **summary(body, SUMMARY),
            "Strategy": config["Strategy"],
            "ResourceLimits": config["ResourceLimits"],
            **counters(self._trials(body["HyperParameterTuningJobName"])),
        }

    def list_training_jobs_for_hyper_parameter_tuning_job(
        self,
        *,
        HyperParameterTuningJobName: str,
        NextToken: str | None = None,
        MaxResults: int | None = None,
        StatusEquals: str | None = None,
        SortBy: str = "Name",
        SortOrder: str = "Ascending",
    ) -> dict[str, Any]:
        """Sorted by FinalObjectiveMetricValue, jobs without such a value are left out, as on AWS."""
        self._job(TUNING, HyperParameterTuningJobName)
        trials = self._trials(HyperParameterTuningJobName)
        rows = [self._trial_summary(HyperParameterTuningJobName, trial) for trial in trials]
        if SortBy == "FinalObjectiveMetricValue":
            measured = ((row, row.get("FinalHyperParameterTuningJobObjectiveMetric")) for row in rows)
            rows = [{**row, "value": metric["Value"]} for row, metric in measured if metric]
        order = TrialOrder("TrainingJob", SortBy, SortOrder == "Descending")
        found, token = page(rows, Filters(StatusEquals=StatusEquals), order, NextToken, MaxResults)
        return {"TrainingJobSummaries": [shown(row) for row in found], "NextToken": token}

    def stop_hyper_parameter_tuning_job(self, *, HyperParameterTuningJobName: str) -> dict[str, Any]:
        """Stop the search and the training jobs that it has under way; what they have saved is kept."""
        self._ask_to_stop(TUNING, HyperParameterTuningJobName)
        return {}

    def delete_hyper_parameter_tuning_job(self, *, HyperParameterTuningJobName: str) -> dict[str, Any]:
        """Forget a tuning job that has ended; its training jobs stay."""

        def delete() -> None:
            self._forget_job(TUNING, HyperParameterTuningJobName)
            scope, prefix = self.caller.scope, f"{HyperParameterTuningJobName}/"
            self.store.records.delete_under(f"sagemaker.{TRIAL}", scope, prefix)

        self.store.atomically(delete)
        return {}


class TrialOrder(Order):
    """The order of training jobs of a search, which may go by their objective too."""

    def key(self, body: dict[str, Any]) -> list[Any]:
        if self.by == "FinalObjectiveMetricValue":
            return [body["value"], body["TrainingJobName"]]
        return Order.key(self, body)


def _complete(definition: dict[str, Any], metric: str) -> None:
    """What AWS adds, and its SDK reads when it attaches to a search: the metric, and the instances in either
    of their two places."""
    static = definition.get("StaticHyperParameters", {})
    definition["StaticHyperParameters"] = {**static, OBJECTIVE: metric}
    definition["ResourceConfig"] = tuning_request.resources(definition)


def _filled(config: dict[str, Any], autotune: bool) -> dict[str, Any]:
    """A configuration with its defaults, which AWS shows too."""
    strategy, limits = config.get("Strategy"), config["ResourceLimits"]
    stopping = "Auto" if autotune and strategy != "Hyperband" else "Off"
    if autotune and strategy != "Grid":
        limits = {"MaxNumberOfTrainingJobs": AUTOTUNED, **limits}
    return {"TrainingJobEarlyStoppingType": stopping, **config, "ResourceLimits": limits}
