"""What tests of processing, tuning and transform jobs work with, beside the studio."""

from __future__ import annotations

import time
import uuid
from typing import Any

from botocore.exceptions import ClientError

from .studio import INSTANCE, SKLEARN, Studio

ENDED = ("Completed", "Failed", "Stopped")


def named(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:10]}"


def until(what: Any) -> Any:
    """Ask again and again until the answer is not empty."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it never came about")


def processing(studio: Studio, script: str = "pass", **more: Any) -> dict[str, Any]:
    """A valid CreateProcessingJob request for a Python script."""
    name = named("processing")
    studio.put(f"{name}/code/script.py", script.encode())
    inputs = [s3_input(studio, "code", f"{name}/code/"), *more.pop("ProcessingInputs", [])]
    cluster = {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1}
    command = ["python3", "/opt/ml/processing/code/script.py"]
    return {
        "ProcessingJobName": name,
        "AppSpecification": {"ImageUri": SKLEARN, "ContainerEntrypoint": command},
        "ProcessingInputs": inputs,
        "RoleArn": studio.role,
        "ProcessingResources": {"ClusterConfig": cluster},
        **more,
    }


def s3_input(studio: Studio, name: str, prefix: str, **more: Any) -> dict[str, Any]:
    source = {
        "S3Uri": f"s3://{studio.bucket}/{prefix}",
        "LocalPath": f"/opt/ml/processing/{name}",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        **more,
    }
    return {"InputName": name, "S3Input": source}


def s3_output(studio: Studio, prefix: str, mode: str = "EndOfJob", name: str = "output") -> dict[str, Any]:
    place = {
        "S3Uri": f"s3://{studio.bucket}/{prefix}",
        "LocalPath": f"/opt/ml/processing/{name}",
        "S3UploadMode": mode,
    }
    return {"Outputs": [{"OutputName": name, "S3Output": place}]}


def processed(studio: Studio, request: dict[str, Any]) -> dict[str, Any]:
    """Run a processing job to its end, and describe it."""
    studio.sagemaker.create_processing_job(**request)
    return processing_ended(studio, request["ProcessingJobName"])


def processing_ended(studio: Studio, name: str) -> dict[str, Any]:
    def look() -> Any:
        job = studio.sagemaker.describe_processing_job(ProcessingJobName=name)
        return job if job["ProcessingJobStatus"] in ENDED else None

    return until(look)


def processing_prints(studio: Studio, name: str, line: str) -> None:
    """Until a running job has printed a line."""
    until(lambda: line in printed(studio, name, "/aws/sagemaker/ProcessingJobs"))


def printed(studio: Studio, name: str, group: str) -> list[str]:
    try:
        return studio.log(f"{name}/", group)
    except studio.logs.exceptions.ResourceNotFoundException:
        return []


def keys(studio: Studio, prefix: str) -> list[str]:
    found = studio.s3.list_objects_v2(Bucket=studio.bucket, Prefix=prefix).get("Contents", [])
    return [one["Key"] for one in found]


def refusal(operation: Any, request: dict[str, Any]) -> tuple[str, str]:
    try:
        operation(**request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


def tuned(studio: Studio, request: dict[str, Any]) -> dict[str, Any]:
    """Run a tuning job to its end, and describe it."""
    studio.sagemaker.create_hyper_parameter_tuning_job(**request)
    return tuning_ended(studio, request["HyperParameterTuningJobName"])


def tuning_ended(studio: Studio, name: str) -> dict[str, Any]:
    def look() -> Any:
        job = studio.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        return job if job["HyperParameterTuningJobStatus"] in ENDED else None

    return until(look)
