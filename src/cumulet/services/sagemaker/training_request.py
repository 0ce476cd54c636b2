"""What CreateTrainingJob asks for, checked before anything starts: a job that cannot run is never accepted.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.wire.errors import NotImplementedByCumulet

ROOT = "/opt/ml"  # what a job sees of its folder
ALGORITHM = (
    "TrainingImage",
    "TrainingInputMode",
    "MetricDefinitions",
    "ContainerEntrypoint",
    "ContainerArguments",
)


def check_structures(request: dict[str, Any]) -> None:
    """Refuse, by name, what is asked for and not done."""
    _check_algorithm(request.get("AlgorithmSpecification") or {})
    _check_resources(request.get("ResourceConfig") or {})
    _check_output(request["OutputDataConfig"])
    _check_stopping(request.get("StoppingCondition") or {})
    _check_local_path(request.get("CheckpointConfig") or {})
    _check_local_path(request.get("TensorBoardOutputConfig") or {})
    for channel in request.get("InputDataConfig") or []:
        _check_channel(channel)
    _check_names([c["ChannelName"] for c in request.get("InputDataConfig") or []])


def _check_algorithm(algorithm: dict[str, Any]) -> None:
    if not algorithm.get("TrainingImage"):
        raise NotImplementedByCumulet("CreateTrainingJob without AlgorithmSpecification.TrainingImage")
    honour_only("AlgorithmSpecification", algorithm, ALGORITHM)
    _check_mode("AlgorithmSpecification", algorithm["TrainingInputMode"])
    for metric in algorithm.get("MetricDefinitions") or []:
        _check_metric(metric)


def _check_metric(metric: dict[str, str]) -> None:
    try:
        re.compile(metric["Regex"])
    except re.error as error:
        raise invalid(f"The regex of metric {metric['Name']} is not valid: {error}.") from None


def _check_mode(where: str, mode: str | None) -> None:
    if mode not in (None, "File"):
        raise NotImplementedByCumulet(f"{where} with the input mode {mode} (File is done)")


def _check_resources(resources: dict[str, Any]) -> None:
    """The size and encryption of the volume change nothing here: a job writes to the data directory."""
    honour_only("ResourceConfig", resources, ("InstanceType", "InstanceCount", "VolumeSizeInGB"))
    if not resources.get("InstanceType"):
        raise invalid("ResourceConfig needs an InstanceType.")
    if (count := resources.get("InstanceCount", 1)) != 1:
        raise NotImplementedByCumulet(f"ResourceConfig with InstanceCount {count} (1 is done)")


def _check_output(output: dict[str, Any]) -> None:
    honour_only("OutputDataConfig", output, ("S3OutputPath", "CompressionType"))
    split_uri(output["S3OutputPath"])


def _check_stopping(stopping: dict[str, Any]) -> None:
    """MaxPendingTimeInSeconds bounds the wait for capacity; here a job never waits for any."""
    honour_only("StoppingCondition", stopping, ("MaxRuntimeInSeconds", "MaxPendingTimeInSeconds"))


def _check_local_path(synced: dict[str, str]) -> None:
    path = synced.get("LocalPath", f"{ROOT}/")
    if not path.startswith(f"{ROOT}/") or ".." in path:
        raise NotImplementedByCumulet(f"the LocalPath {path} (one under {ROOT} is done)")


def _check_channel(channel: dict[str, Any]) -> None:
    where = f"Channel {channel['ChannelName']}"
    none = {**channel, "CompressionType": channel.get("CompressionType", "None").replace("None", "")}
    record = {**none, "RecordWrapperType": channel.get("RecordWrapperType", "None").replace("None", "")}
    honour_only(where, record, ("ChannelName", "DataSource", "ContentType", "InputMode"))
    _check_mode(where, channel.get("InputMode"))
    honour_only(where, channel["DataSource"], ("S3DataSource",))
    source = channel["DataSource"].get("S3DataSource")
    if not source:
        raise invalid(f"{where} needs an S3DataSource.")
    honour_only(where, source, ("S3DataType", "S3Uri", "S3DataDistributionType"))
    if source["S3DataType"] != "S3Prefix":
        raise NotImplementedByCumulet(f"{where} with S3DataType {source['S3DataType']} (S3Prefix is done)")
    split_uri(source["S3Uri"])


def _check_names(names: list[str]) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid(f"Channel names must be unique; {twice} is named twice.")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an s3:// URI."""
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme != "s3" or not parts.netloc:
        raise invalid(f"{uri} is not an S3 URI: s3://bucket/prefix.")
    return parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").lstrip("/")
