"""Processing jobs: asked for, looked at, stopped. What happens in between is told in `processing.py`.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker import images, sources
from cumulet.services.sagemaker.courses import PROCESSING, Courses
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.processing_request import check_structures
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import PROCESSING_JOB, shown, summary
from cumulet.services.sagemaker.tags import TagList

SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)
DEFAULT_RUNTIME = 86400


class ProcessingJobs(Courses):
    def create_processing_job(
        self,
        *,
        ProcessingJobName: str,
        ProcessingResources: dict[str, Any],
        AppSpecification: dict[str, Any],
        RoleArn: str,
        ProcessingInputs: list[dict[str, Any]] | None = None,
        ProcessingOutputConfig: dict[str, Any] | None = None,
        StoppingCondition: dict[str, Any] | None = None,
        Environment: dict[str, str] | None = None,
        NetworkConfig: dict[str, Any] | None = None,
        ExperimentConfig: dict[str, str] | None = None,
        Tags: TagList | None = None,
    ) -> dict[str, Any]:
        """Promise a processing job; all that can be known to be wrong with it is refused here.

        Inputs come whole (the mode File). The job's instances are processes of this machine, so the volume's
        size and keys, a VPC and the encryption of traffic between instances change nothing.
        """
        honour_only("ExperimentConfig", ExperimentConfig or {}, ())
        body = {
            "ProcessingJobName": ProcessingJobName,
            "ProcessingInputs": ProcessingInputs,
            "ProcessingOutputConfig": ProcessingOutputConfig,
            "ProcessingResources": ProcessingResources,
            "StoppingCondition": StoppingCondition or {"MaxRuntimeInSeconds": DEFAULT_RUNTIME},
            "AppSpecification": AppSpecification,
            "Environment": Environment,
            "NetworkConfig": NetworkConfig,
            "RoleArn": RoleArn,
        }
        request = {name: value for name, value in body.items() if value not in (None, {}, [])}
        self._check_processing_job(request)
        return self._promise(PROCESSING, request, Tags)

    def _check_processing_job(self, request: dict[str, Any]) -> None:
        check_structures(request)
        application = request["AppSpecification"]
        image = images.find(application["ImageUri"], self.store)
        if not application.get("ContainerEntrypoint") and not image.command:
            raise invalid(
                f"The image {image.uri} is a Python environment here, which runs nothing by itself: set "
                "AppSpecification.ContainerEntrypoint."
            )
        self._check_role(request["RoleArn"])
        for given in request.get("ProcessingInputs", []):
            uri = given.get("S3Input", {}).get("S3Uri")
            if uri and not given.get("AppManaged") and not sources.exists(self.other("s3"), uri):
                raise invalid(
                    f'No S3 objects found under S3 URL "{uri}" given in processing input '
                    f"{given['InputName']}. Please ensure that the bucket and the objects exist."
                )

    def describe_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:
        return shown(self._job(PROCESSING, ProcessingJobName))

    def list_processing_jobs(
        self,
        *,
        CreationTimeAfter: datetime | None = None,
        CreationTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
        NameContains: str | None = None,
        StatusEquals: str | None = None,
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
    ) -> dict[str, Any]:
        times = (CreationTimeAfter, CreationTimeBefore, LastModifiedTimeAfter, LastModifiedTimeBefore)
        filters = Filters(NameContains, StatusEquals, *times)
        order = Order("ProcessingJob", SortBy, SortOrder == "Descending")
        jobs, token = self._page(PROCESSING_JOB, filters, order, NextToken, MaxResults)
        return {"ProcessingJobSummaries": [summary(job, SUMMARY) for job in jobs], "NextToken": token}

    def stop_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:
        """Ask the program to end: it gets SIGTERM and 120 seconds. What it has written is uploaded."""
        self._ask_to_stop(PROCESSING, ProcessingJobName)
        return {}

    def delete_processing_job(self, *, ProcessingJobName: str) -> dict[str, Any]:
        """Forget a job that has ended; what it wrote to S3 and its log stay."""
        self._forget_job(PROCESSING, ProcessingJobName)
        return {}
