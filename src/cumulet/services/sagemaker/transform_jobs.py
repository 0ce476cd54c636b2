"""Batch transform jobs: asked for, looked at, stopped. What happens in between is told in `transform.py`.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker import sources
from cumulet.services.sagemaker.courses import TRANSFORM, Courses
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.models import containers_of
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import MODEL, TRANSFORM_JOB, shown, summary
from cumulet.services.sagemaker.tags import TagList
from cumulet.services.sagemaker.transform_request import check_structures
from cumulet.wire.errors import NotImplementedByCumulet

SUMMARY = (
    "TransformJobName",
    "TransformJobArn",
    "CreationTime",
    "TransformEndTime",
    "LastModifiedTime",
    "TransformJobStatus",
    "FailureReason",
)


class TransformJobs(Courses):
    def create_transform_job(
        self,
        *,
        TransformJobName: str,
        ModelName: str,
        TransformInput: dict[str, Any],
        TransformOutput: dict[str, Any],
        TransformResources: dict[str, Any],
        MaxConcurrentTransforms: int | None = None,
        ModelClientConfig: dict[str, int] | None = None,
        MaxPayloadInMB: int | None = None,
        BatchStrategy: str | None = None,
        Environment: dict[str, str] | None = None,
        DataCaptureConfig: dict[str, Any] | None = None,
        DataProcessing: dict[str, str] | None = None,
        ExperimentConfig: dict[str, str] | None = None,
        Tags: TagList | None = None,
    ) -> dict[str, Any]:
        """Promise a transform of a model's; the model may be deleted while it runs.

        The keys of volumes and the machine image of TransformResources change nothing here.
        """
        honour_only("ExperimentConfig", ExperimentConfig or {}, ())
        body = {
            "TransformJobName": TransformJobName,
            "ModelName": ModelName,
            "MaxConcurrentTransforms": MaxConcurrentTransforms,
            "ModelClientConfig": ModelClientConfig,
            "MaxPayloadInMB": MaxPayloadInMB,
            "BatchStrategy": BatchStrategy,
            "Environment": Environment,
            "TransformInput": {"CompressionType": "None", "SplitType": "None", **TransformInput},
            "TransformOutput": {"AssembleWith": "None", **TransformOutput},
            "DataCaptureConfig": DataCaptureConfig,
            "TransformResources": TransformResources,
            "DataProcessing": DataProcessing,
        }
        request = {name: value for name, value in body.items() if value not in (None, {}, [])}
        check_structures(request)
        model = self._found(MODEL, ModelName)
        uri = TransformInput["DataSource"]["S3DataSource"]["S3Uri"]
        if not sources.exists(self.other("s3"), uri):
            raise invalid(f'No S3 objects found under S3 URL "{uri}" given in the transform input.')
        containers = containers_of(model)
        if any(container.get("Mode") == "MultiModel" for container in containers):
            raise NotImplementedByCumulet("CreateTransformJob with a model of many models (Mode MultiModel)")
        kept = {"containers": containers, "role": model["ExecutionRoleArn"]}
        return self._promise(TRANSFORM, {**request, **kept}, Tags)

    def describe_transform_job(self, *, TransformJobName: str) -> dict[str, Any]:
        return shown(self._job(TRANSFORM, TransformJobName))

    def list_transform_jobs(
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
        order = Order("TransformJob", SortBy, SortOrder == "Descending")
        jobs, token = self._page(TRANSFORM_JOB, filters, order, NextToken, MaxResults)
        return {"TransformJobSummaries": [summary(job, SUMMARY) for job in jobs], "NextToken": token}

    def stop_transform_job(self, *, TransformJobName: str) -> dict[str, Any]:
        """End the transform; the files that are done are in S3."""
        self._ask_to_stop(TRANSFORM, TransformJobName)
        return {}
