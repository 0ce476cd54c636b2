"""What CreateTrainingJob asks for, checked before anything starts: a job that cannot run is never accepted.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from cumulet.engines.run import mounts_refused
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.wire.errors import NotImplementedByCumulet

ROOT = "/opt/ml"  # what a job sees of its folder
ADDRESS = re.compile(
    r"https://(?:(?P<bucket>[^/]+)\.)?s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?/(?P<path>[^/].*)"
)
ALGORITHM = (
    "TrainingImage",
    "TrainingInputMode",
    "MetricDefinitions",
    "ContainerEntrypoint",
    "ContainerArguments",
    "EnableSageMakerMetricsTimeSeries",  # whatever it says: all metrics are series in CloudWatch
)


DISTRIBUTIONS = {
    "sagemaker_mpi_enabled": "mpi",
    "sagemaker_parameter_server_enabled": "parameter_server",
    "sagemaker_pytorch_ddp_enabled": "pytorchddp",
    "sagemaker_distributed_dataparallel_enabled": "smdistributed.dataparallel",
    "sagemaker_multi_worker_mirrored_strategy_enabled": "multi_worker_mirrored_strategy",
    "sagemaker_communication_backend": "pytorchxla",
}
DEFAULT_RUNTIME = 86400
RESOURCES = ("InstanceType", "InstanceCount", "InstanceGroups", "VolumeSizeInGB", "KeepAlivePeriodInSeconds")
STOPPING = ("MaxRuntimeInSeconds", "MaxWaitTimeInSeconds", "MaxPendingTimeInSeconds")
MOST_HOSTS = 254


def described(asked: dict[str, Any]) -> dict[str, Any]:
    """A job's record as it will be shown: what was asked for (a method's arguments), with AWS's defaults."""
    said = {
        name: value for name, value in asked.items() if name[:1].isupper() and value not in (None, {}, [])
    }
    one = {} if said["ResourceConfig"].get("InstanceGroups") else {"InstanceCount": 1}
    defaults = {
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP"},
        "ResourceConfig": one | {"VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_RUNTIME},
    }
    filled = {name: default | said.get(name, {}) for name, default in defaults.items()}
    off = said.get("ProfilerConfig", {}).get("DisableProfiler")
    profiling = {"ProfilingStatus": "Disabled" if off else "Enabled"} if "ProfilerConfig" in said else {}
    unshown = ("Tags", "RemoteDebugConfig", "SessionChainingConfig")
    return {name: value for name, value in (said | filled | profiling).items() if name not in unshown}


def check_structures(request: dict[str, Any]) -> None:
    """Refuse, by name, what is asked for and not done."""
    _check_algorithm(request.get("AlgorithmSpecification") or {})
    _check_resources(request.get("ResourceConfig") or {})
    _check_output(request["OutputDataConfig"])
    _check_stopping(
        request.get("StoppingCondition") or {}, spot=request.get("EnableManagedSpotTraining", False)
    )
    _check_local_path(request.get("CheckpointConfig") or {})
    _check_local_path(request.get("TensorBoardOutputConfig") or {})


def _check_algorithm(algorithm: dict[str, Any]) -> None:
    if not algorithm.get("TrainingImage"):
        raise NotImplementedByCumulet("CreateTrainingJob without AlgorithmSpecification.TrainingImage")
    honour_only("AlgorithmSpecification", algorithm, ALGORITHM)
    for metric in algorithm.get("MetricDefinitions") or []:
        _check_metric(metric)


def _check_metric(metric: dict[str, str]) -> None:
    try:
        re.compile(metric["Regex"])
    except re.error as error:
        raise invalid(f"The regex of metric {metric['Name']} is not valid: {error}.") from None


def _check_resources(resources: dict[str, Any]) -> None:
    """The size and encryption of the volume change nothing here: a job writes to the data directory."""
    honour_only("ResourceConfig", resources, RESOURCES)
    groups = resources.get("InstanceGroups") or []
    if groups and resources.get("InstanceType"):
        raise invalid("ResourceConfig has InstanceGroups, so it cannot have an InstanceType of its own.")
    if not groups and not resources.get("InstanceType"):
        raise invalid("ResourceConfig needs an InstanceType.")
    names = [group["InstanceGroupName"] for group in groups]
    if len(set(names)) < len(names):
        raise invalid("The names of InstanceGroups must be unique.")
    count = sum(g["InstanceCount"] for g in groups) if groups else resources.get("InstanceCount", 1)
    _check_hosts(count)


def _check_hosts(count: int) -> None:
    if not 1 <= count <= MOST_HOSTS:
        raise invalid(f"A training job has 1 to {MOST_HOSTS} instances, not {count}.")
    if count > 1 and (refused := mounts_refused()):
        raise NotImplementedByCumulet(
            f"ResourceConfig with InstanceCount {count} on a machine without mount namespaces ({refused})"
        )


def _check_output(output: dict[str, Any]) -> None:
    honour_only("OutputDataConfig", output, ("S3OutputPath", "CompressionType", "KmsKeyId"))
    split_uri(output["S3OutputPath"])


def _check_stopping(stopping: dict[str, Any], *, spot: bool) -> None:
    honour_only("StoppingCondition", stopping, STOPPING)
    wait, run = stopping.get("MaxWaitTimeInSeconds"), stopping["MaxRuntimeInSeconds"]
    if spot and wait is None:
        raise invalid("MaxWaitTimeInSeconds must be specified when EnableManagedSpotTraining is set to true.")
    if wait is not None and not spot:
        raise invalid(
            "MaxWaitTimeInSeconds can only be specified when EnableManagedSpotTraining is set to true."
        )
    if wait is not None and wait < run:
        raise invalid(
            f"Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
            f"MaxRuntimeInSeconds ({run})."
        )


def check_distribution(hyperparameters: dict[str, str]) -> None:
    """The ways of the SDK's `distribution` that are not done; torch_distributed is."""
    for name, title in DISTRIBUTIONS.items():
        if hyperparameters.get(name, "").strip('"') == "true":
            raise NotImplementedByCumulet(f"CreateTrainingJob with the distribution {title} ({name})")


def _check_local_path(synced: dict[str, str]) -> None:
    path = synced.get("LocalPath", f"{ROOT}/")
    if not path.startswith(f"{ROOT}/") or ".." in path:
        raise NotImplementedByCumulet(f"the LocalPath {path} (one under {ROOT} is done)")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an S3 URI; AWS takes the https:// addresses of S3 for one, too.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
    """
    parts = urlsplit(uri, allow_fragments=False)
    if parts.scheme == "s3" and parts.netloc:
        return parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").lstrip("/")
    if found := ADDRESS.fullmatch(uri):
        bucket, _, key = found["path"].partition("/")
        return (found["bucket"], found["path"]) if found["bucket"] else (bucket, key)
    raise invalid(f"{uri} is not an S3 URI: s3://bucket/prefix.")
