"""Training jobs: asked for, looked at, stopped. What happens in between is told in `training.py`.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.debugger_rules import waiting
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.progress import ended, enter
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import TRAINING_JOB, shown, summary
from cumulet.services.sagemaker.search import Search
from cumulet.services.sagemaker.state_changes import announce
from cumulet.services.sagemaker.tags import TagList
from cumulet.services.sagemaker.training_checks import TrainingChecks
from cumulet.services.sagemaker.training_request import described
from cumulet.services.sagemaker.warm_pools import WarmPools
from cumulet.wire.errors import AwsError

SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
    "WarmPoolStatus",
)


class TrainingJobs(Search, TrainingChecks, WarmPools):
    def create_training_job(
        self,
        *,
        TrainingJobName: str,
        AlgorithmSpecification: dict[str, Any],
        RoleArn: str,
        OutputDataConfig: dict[str, Any],
        ResourceConfig: dict[str, Any],
        HyperParameters: dict[str, str] | None = None,
        InputDataConfig: list[dict[str, Any]] | None = None,
        StoppingCondition: dict[str, Any] | None = None,
        Environment: dict[str, str] | None = None,
        Tags: TagList | None = None,
        CheckpointConfig: dict[str, str] | None = None,
        TensorBoardOutputConfig: dict[str, str] | None = None,
        DebugHookConfig: dict[str, Any] | None = None,
        ProfilerConfig: dict[str, Any] | None = None,
        DebugRuleConfigurations: list[dict[str, Any]] | None = None,
        ProfilerRuleConfigurations: list[dict[str, Any]] | None = None,
        RetryStrategy: dict[str, int] | None = None,
        VpcConfig: dict[str, Any] | None = None,
        InfraCheckConfig: dict[str, bool] | None = None,
        RemoteDebugConfig: dict[str, bool] | None = None,
        SessionChainingConfig: dict[str, bool] | None = None,
        EnableNetworkIsolation: bool = False,
        EnableInterContainerTrafficEncryption: bool = False,
        EnableManagedSpotTraining: bool = False,
    ) -> dict[str, Any]:
        """Promise a training job; all that can be known to be wrong with it is refused here.

        Four members change nothing on one machine and are only shown again: VpcConfig (a job reaches what
        this machine reaches), EnableInterContainerTrafficEncryption (no traffic leaves it), InfraCheckConfig
        (no GPU fleet to check) and the volume of ResourceConfig. DebugHookConfig is handed to the script's
        debugger hook in input/config, as on AWS. Of ProfilerConfig the system's metrics are done; what its
        ProfilingParameters ask of the framework is left to the script. Rules are judged as `debugger_rules` says.
        """
        request = described(locals())
        request["TrainingJobArn"] = self._arn_of(TRAINING_JOB, TrainingJobName)
        honour_only("RemoteDebugConfig", RemoteDebugConfig or {}, ())
        honour_only("SessionChainingConfig", SessionChainingConfig or {}, ())
        self._check_training_job(request)
        return self._begin_training_job(request, Tags)

    def _begin_training_job(self, request: dict[str, Any], tags: TagList | None) -> dict[str, Any]:
        name, arn, now = request["TrainingJobName"], request["TrainingJobArn"], self._now()
        body = {**request, "CreationTime": now, "TrainingJobStatus": "InProgress"}
        body |= waiting(body, now)
        enter(body, "Starting", now)

        def begin() -> None:
            if self._get(TRAINING_JOB, name) is not None:
                raise AwsError(
                    "ResourceInUse",
                    "Training job names must be unique within an AWS account and region, and a training job "
                    f"with this name already exists ({arn})",
                )
            body["entry"] = self.house.jobs.add("sagemaker.run_training_job", self.caller, name=name)
            self._put(TRAINING_JOB, name, body)
            announce(self, body)
            self._tag(f"{TRAINING_JOB}/{name}", tags)

        self.store.atomically(begin)
        return {"TrainingJobArn": arn}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        body = self._training_job(TrainingJobName)
        return {"ModelArtifacts": {"S3ModelArtifacts": ""}, **shown(body)} if ended(body) else shown(body)

    def list_training_jobs(
        self,
        *,
        NextToken: str | None = None,
        MaxResults: int | None = None,
        SortBy: str = "CreationTime",
        SortOrder: str = "Ascending",
        NameContains: str | None = None,
        StatusEquals: str | None = None,
        WarmPoolStatusEquals: str | None = None,
        CreationTimeAfter: datetime | None = None,
        CreationTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
    ) -> dict[str, Any]:
        times = (CreationTimeAfter, CreationTimeBefore, LastModifiedTimeAfter, LastModifiedTimeBefore)
        filters = Filters(NameContains, StatusEquals, *times, WarmPoolStatus=WarmPoolStatusEquals)
        order = Order("TrainingJob", SortBy, SortOrder == "Descending")
        jobs, token = self._page(TRAINING_JOB, filters, order, NextToken, MaxResults)
        return {"TrainingJobSummaries": [summary(job, SUMMARY) for job in jobs], "NextToken": token}

    def stop_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:
        """Ask the script to end: it gets SIGTERM and 120 seconds to save its model, which is kept."""
        now = self._now()

        def change(body: dict[str, Any]) -> None:
            if ended(body):
                raise invalid(
                    "The request was rejected because the training job is in status "
                    f"{body['TrainingJobStatus']}."
                )
            if body["TrainingJobStatus"] != "Stopping":
                enter(body, "Stopping", now)
                announce(self, body)
            self.house.jobs.stop(body["entry"])

        self._training_job(TrainingJobName)
        self._change(TRAINING_JOB, TrainingJobName, change)
        return {}

    def update_training_job(
        self,
        *,
        TrainingJobName: str,
        ResourceConfig: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        """Change for how long a warm pool waits; what a job is profiled by is settled when it is made."""
        body = self._training_job(TrainingJobName)
        if ResourceConfig:
            self._keep_pool(TrainingJobName, ResourceConfig["KeepAlivePeriodInSeconds"])
        return {"TrainingJobArn": body["TrainingJobArn"]}

    def delete_training_job(self, *, TrainingJobName: str) -> None:
        """Forget a job that has ended. Its model and its logs stay."""

        def delete() -> None:
            if not ended(body := self._training_job(TrainingJobName)):
                raise AwsError(
                    "ResourceInUse",
                    f"The training job is in status {body['TrainingJobStatus']}: stop it first.",
                )
            if body.get("WarmPoolStatus", {}).get("Status") == "Available":
                raise AwsError("ResourceInUse", f"The warm pool of {TrainingJobName} is still available.")
            self._delete(TRAINING_JOB, TrainingJobName)
            self._untag(f"{TRAINING_JOB}/{TrainingJobName}")

        self.store.atomically(delete)

    def _training_job(self, name: str) -> dict[str, Any]:
        if body := self._get(TRAINING_JOB, name):
            return body
        raise invalid("Requested resource not found.")
