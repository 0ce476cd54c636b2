"""What CreateProcessingJob asks for, checked before anything starts: a job that cannot run is never accepted.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from cumulet.engines.run import mounts_refused
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import NotImplementedByCumulet

PLACE = "/opt/ml/processing"
INPUT = ("InputName", "AppManaged", "S3Input", "DatasetDefinition")
OUTPUT = ("OutputName", "AppManaged", "S3Output")
DATASET = ("AthenaDatasetDefinition", "LocalPath", "DataDistributionType", "InputMode")


def check_structures(request: dict[str, Any]) -> None:
    """Refuse, by name, what is asked for and not done."""
    _check_cluster(request["ProcessingResources"]["ClusterConfig"])
    _check_network(request)
    honour_only("ProcessingOutputConfig", request.get("ProcessingOutputConfig", {}), ("Outputs", "KmsKeyId"))
    for given in request.get("ProcessingInputs", []):
        _check_input(given)
    for given in outputs(request):
        _check_output(given)
    _check_names("inputs", [given["InputName"] for given in request.get("ProcessingInputs", [])])
    _check_names("outputs", [given["OutputName"] for given in outputs(request)])
    _check_apart([path for _, path in synced(request)])


def outputs(request: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = request.get("ProcessingOutputConfig", {}).get("Outputs", [])
    return found


def synced(request: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    """The outputs that Cumulet uploads, and where each lies in the job; others are the program's own business."""
    wanted = [given for given in outputs(request) if not given.get("AppManaged")]
    return [(given["S3Output"], given["S3Output"]["LocalPath"]) for given in wanted]


def _check_cluster(cluster: dict[str, Any]) -> None:
    """The volume changes nothing here: a job writes to the data directory."""
    honour_only(
        "ClusterConfig", cluster, ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
    )
    for member in ("InstanceType", "InstanceCount"):
        if not cluster.get(member):
            raise invalid(f"ClusterConfig needs {member}.")


def _check_network(request: dict[str, Any]) -> None:
    """No traffic between instances leaves this machine, and VpcConfig changes nothing on it. One instance can be
    cut off from everything; several would be cut off from each other."""
    network = request.get("NetworkConfig", {})
    honour_only(
        "NetworkConfig",
        network,
        ("EnableInterContainerTrafficEncryption", "EnableNetworkIsolation", "VpcConfig"),
    )
    if not network.get("EnableNetworkIsolation"):
        return
    if refused := mounts_refused():
        raise NotImplementedByCumulet(f"CreateProcessingJob with EnableNetworkIsolation here ({refused})")
    if request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] > 1:
        raise NotImplementedByCumulet("CreateProcessingJob with EnableNetworkIsolation on several instances")


def _check_input(given: dict[str, Any]) -> None:
    where = f"Processing input {given['InputName']}"
    honour_only(where, given, INPUT)
    if bool(given.get("S3Input")) == bool(given.get("DatasetDefinition")):
        raise invalid(f"{where} needs either an S3Input or a DatasetDefinition.")
    source = given.get("S3Input") or given["DatasetDefinition"]
    if "S3Input" in given:
        split_uri(source["S3Uri"])
        _check_mode(where, source.get("S3InputMode"), source.get("S3CompressionType"))
    else:
        _check_dataset(where, source)
    if not given.get("AppManaged"):
        _check_path(where, source.get("LocalPath"))


def _check_mode(where: str, mode: str | None, compression: str | None = None) -> None:
    if mode not in (None, "File"):
        raise NotImplementedByCumulet(f"{where} with the input mode {mode} (File is done)")
    if compression == "Gzip":
        raise invalid(f"{where}: S3CompressionType Gzip is for the input mode Pipe only.")


def _check_dataset(where: str, dataset: dict[str, Any]) -> None:
    honour_only(where, dataset, DATASET)
    _check_mode(where, dataset.get("InputMode"))
    if "AthenaDatasetDefinition" not in dataset:
        raise invalid(f"{where} needs an AthenaDatasetDefinition.")
    split_uri(dataset["AthenaDatasetDefinition"]["OutputS3Uri"])


def _check_output(given: dict[str, Any]) -> None:
    where = f"Processing output {given['OutputName']}"
    honour_only(where, given, OUTPUT)
    if not given.get("S3Output"):
        raise invalid(f"{where} needs an S3Output.")
    split_uri(given["S3Output"]["S3Uri"])
    if not given.get("AppManaged"):
        _check_path(where, given["S3Output"].get("LocalPath"))


def _check_path(where: str, path: str | None) -> None:
    if not path:
        raise invalid(f"{where} needs a LocalPath, since it is not AppManaged.")
    if path.rstrip("/") != PLACE and not path.startswith(f"{PLACE}/"):
        raise invalid(f"{where}: the LocalPath {path} must begin with {PLACE}/.")
    if ".." in path.split("/"):
        raise invalid(f"{where}: the LocalPath {path} leaves {PLACE}.")


def _check_names(what: str, names: list[str]) -> None:
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid(f"The names of processing {what} must be unique; {twice} is named twice.")


def _check_apart(paths: list[str]) -> None:
    for one, other in combinations(paths, 2):
        if one.rstrip("/") == other.rstrip("/"):
            raise invalid(f"Two processing outputs have the LocalPath {one}.")


def overlap(one: str, other: str) -> bool:
    """Whether one path lies in the other."""
    one, other = f"{one.rstrip('/')}/", f"{other.rstrip('/')}/"
    return one.startswith(other) or other.startswith(one)
