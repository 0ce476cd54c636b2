"""Training jobs: asked for, looked at, stopped. What happens in between is told in `training.py`.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker import images
from cumulet.services.sagemaker.algorithms import catalogue
from cumulet.services.sagemaker.channel_checks import check_channels, check_mode
from cumulet.services.sagemaker.cluster import groups
from cumulet.services.sagemaker.instances import Instances
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.progress import ended, enter
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import TRAINING_JOB, shown, summary
from cumulet.services.sagemaker.roles import Roles
from cumulet.services.sagemaker.tags import TagList, Tags
from cumulet.services.sagemaker.training_request import (
    check_distribution,
    check_structures,
    described,
    split_uri,
)
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)


class TrainingJobs(Tags, Roles):
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
        debugger hook in input/config, as on AWS; ProfilerConfig too, but Cumulet writes no system metrics
        yet and says so by `ProfilingStatus: Disabled`.
        """
        request = described(locals())
        request["TrainingJobArn"] = self._arn_of(TRAINING_JOB, TrainingJobName)
        refuse_on("EnableNetworkIsolation", EnableNetworkIsolation)
        honour_only("RemoteDebugConfig", RemoteDebugConfig or {}, ())
        honour_only("SessionChainingConfig", SessionChainingConfig or {}, ())
        self._check_training_job(request)
        return self._begin_training_job(request, Tags)

    def _check_training_job(self, request: dict[str, Any]) -> None:
        check_structures(request)
        algorithm, resources = request["AlgorithmSpecification"], request["ResourceConfig"]
        check_mode("AlgorithmSpecification", algorithm["TrainingInputMode"])
        names = [group["InstanceGroupName"] for group in groups(resources)]
        check_channels(request.get("InputDataConfig", []), algorithm["TrainingInputMode"], names)
        check_distribution(request.get("HyperParameters", {}))
        Instances(self.store.directory).whole(resources)
        image = images.find(algorithm["TrainingImage"], self.store)
        if image.algorithm and built_in(request):
            algorithm["MetricDefinitions"] = _own_metrics(image, algorithm)
        elif not algorithm.get("ContainerEntrypoint") and not _program(request):
            raise invalid(
                f"The image {image.uri} runs a script, and none is given: set the hyperparameters "
                "sagemaker_program and sagemaker_submit_directory (the SDK's entry_point does), or a "
                "ContainerEntrypoint."
            )
        self._check_role(request["RoleArn"])
        self._check_places(request)

    def _check_places(self, request: dict[str, Any]) -> None:
        """The inputs are there, and the bucket of the output."""
        s3 = self.other("s3")
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            bucket, prefix = split_uri(uri)
            if not _some(s3, bucket, prefix):
                raise invalid(
                    f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                    f"the bucket exists in the selected region ({self.caller.region}), that objects exist "
                    f'under that S3 prefix, and that the role "{request["RoleArn"]}" has "s3:ListBucket" '
                    f'permissions on bucket "{bucket}".'
                )
        output = request["OutputDataConfig"]["S3OutputPath"]
        if not _is_bucket(s3, split_uri(output)[0]):
            raise invalid(f"The S3 bucket of the output path {output} does not exist.")

    def _begin_training_job(self, request: dict[str, Any], tags: TagList | None) -> dict[str, Any]:
        name, arn, now = request["TrainingJobName"], request["TrainingJobArn"], self._now()
        body = {**request, "CreationTime": now, "TrainingJobStatus": "InProgress"}
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
        CreationTimeAfter: datetime | None = None,
        CreationTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
    ) -> dict[str, Any]:
        times = (CreationTimeAfter, CreationTimeBefore, LastModifiedTimeAfter, LastModifiedTimeBefore)
        filters = Filters(NameContains, StatusEquals, *times)
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
            self.house.jobs.stop(body["entry"])

        self._training_job(TrainingJobName)
        self._change(TRAINING_JOB, TrainingJobName, change)
        return {}

    def _training_job(self, name: str) -> dict[str, Any]:
        if body := self._get(TRAINING_JOB, name):
            return body
        raise invalid("Requested resource not found.")


def refuse_on(member: str, value: bool) -> None:
    if value:
        raise NotImplementedByCumulet(f"CreateTrainingJob with {member}")


def built_in(request: dict[str, Any]) -> bool:
    """Whether an image that is a built-in algorithm runs as such: nothing of the user's own is to be run."""
    return not request["AlgorithmSpecification"].get("ContainerEntrypoint") and not _program(request)


def _own_metrics(image: images.Image, algorithm: dict[str, Any]) -> list[dict[str, str]]:
    """An algorithm has metrics of its own, which describing the job shows."""
    if algorithm.get("MetricDefinitions"):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    metrics = catalogue.named(image.algorithm.partition(":")[0]).metrics
    return [{"Name": metric.name, "Regex": metric.regex} for metric in metrics]


def _program(request: dict[str, Any]) -> str:
    """The user's script, as the SDK names it in a hyperparameter, or a person in the environment."""
    named: str = request.get("HyperParameters", {}).get("sagemaker_program", "")
    return named or request.get("Environment", {}).get("SAGEMAKER_PROGRAM", "")


def _some(s3: Any, bucket: str, prefix: str) -> bool:
    try:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))
    except AwsError as error:
        if error.code == "NoSuchBucket":
            return False
        raise


def _is_bucket(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except AwsError as error:
        if error.code in ("NoSuchBucket", "404", "NotFound"):
            return False
        raise
    return True
