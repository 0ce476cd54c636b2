"""Models: an image, the archive of what was trained, and the script that serves it.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
"""

from __future__ import annotations

from typing import Any

from cumulet.engines.run import mounts_refused
from cumulet.services.sagemaker import images
from cumulet.services.sagemaker.model_packages import ModelPackages
from cumulet.services.sagemaker.package_request import containers_in
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import MODEL, lists, shown
from cumulet.services.sagemaker.roles import Roles
from cumulet.services.sagemaker.tags import TagList
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

SUMMARY = ("ModelName", "ModelArn", "CreationTime")
HONOURED = (
    "Image",
    "Mode",
    "ModelDataUrl",
    "ModelDataSource",
    "Environment",
    "ContainerHostname",
    "MultiModelConfig",
)
PACKAGED = ("ModelPackageName", "InferenceSpecificationName", "Environment", "ContainerHostname")
MOST_CONTAINERS = 15


class Models(ModelPackages, Roles):
    def create_model(
        self,
        *,
        ModelName: str,
        PrimaryContainer: dict[str, Any] | None = None,
        Containers: list[dict[str, Any]] | None = None,
        ExecutionRoleArn: str | None = None,
        Tags: TagList | None = None,
        VpcConfig: dict[str, Any] | None = None,
        EnableNetworkIsolation: bool = False,
        InferenceExecutionConfig: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Remember a model whose images are known and whose data is there. Of a ModelPackageName it keeps what
        the package says now.

        VpcConfig is only shown again: a model reaches what this machine reaches.
        """
        given = _either(PrimaryContainer, Containers)
        if EnableNetworkIsolation and (refused := mounts_refused()):
            raise NotImplementedByCumulet(f"CreateModel with EnableNetworkIsolation here ({refused})")
        if not ExecutionRoleArn:
            raise invalid("CreateModel needs an ExecutionRoleArn.")
        containers = [one for container in given for one in self._unpacked(container)]
        for container in containers:
            self._check_container(container)
        self._check_role(ExecutionRoleArn)
        arn = self._arn_of(MODEL, ModelName)
        body = {
            "ModelName": ModelName,
            "ModelArn": arn,
            ("PrimaryContainer" if PrimaryContainer else "Containers"): PrimaryContainer or Containers,
            "ExecutionRoleArn": ExecutionRoleArn,
            "InferenceExecutionConfig": InferenceExecutionConfig or None,
            "VpcConfig": VpcConfig or None,
            "EnableNetworkIsolation": EnableNetworkIsolation,
            "CreationTime": self._now(),
            "containers": None if containers == given else containers,
        }
        self._create(MODEL, ModelName, body, Tags)
        return {"ModelArn": arn}

    def _unpacked(self, container: dict[str, Any]) -> list[dict[str, Any]]:
        """A container itself, or those of the model package that it names."""
        if not (name := container.get("ModelPackageName")):
            return [container]
        honour_only("a Container with a ModelPackageName", container, PACKAGED)
        package, environment = self._deployable(name), container.get("Environment", {})
        return containers_in(package, container.get("InferenceSpecificationName"), environment)

    def _check_container(self, container: dict[str, Any]) -> None:
        honour_only("Container", container, HONOURED)
        if not container.get("Image"):
            raise invalid("The container needs an Image.")
        images.find(container["Image"], self.store)
        uri, archive = model_data(container)
        if uri and container.get("Mode") != "MultiModel":
            self._check_data(uri, archive)
        elif not uri and container.get("Mode") == "MultiModel":
            raise invalid("A container with Mode MultiModel needs a ModelDataUrl: the prefix of its models.")

    def _check_data(self, uri: str, archive: bool) -> None:
        bucket, key = split_uri(uri)
        try:
            found = self.other("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents")
        except AwsError as error:
            if error.code != "NoSuchBucket":
                raise
            found = None
        if not found or (archive and found[0]["Key"] != key):
            raise invalid(f"Could not find model data at {uri}.")

    def describe_model(self, *, ModelName: str) -> dict[str, Any]:
        return shown(self._found(MODEL, ModelName))

    def delete_model(self, *, ModelName: str) -> dict[str, Any]:
        """Forget a model. Endpoints that serve it go on: they have their own copy."""
        return self._forget(MODEL, ModelName)

    list_models = lists(MODEL, "Model", "Models", SUMMARY)


def containers_of(model: dict[str, Any]) -> list[dict[str, Any]]:
    """A model's containers in their order, each with a hostname of its own, and whether it is cut off."""
    containers = model.get("containers") or model.get("Containers") or [model["PrimaryContainer"]]
    shared = {"offline": True} if model.get("EnableNetworkIsolation") else {}
    return [
        {"ContainerHostname": f"container-{number}", **c, **shared} for number, c in enumerate(containers, 1)
    ]


def container_of(model: dict[str, Any]) -> dict[str, Any]:
    """The first, which mostly is the only one."""
    return containers_of(model)[0]


def model_data(container: dict[str, Any]) -> tuple[str, bool]:
    """Where the model's data lies ("" for none), and whether that is one archive or a prefix of files."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if not source:
        return container.get("ModelDataUrl", ""), True
    honour_only("ModelDataSource", source, ("S3Uri", "S3DataType", "CompressionType"))
    return source["S3Uri"], source["CompressionType"] == "Gzip"


def _either(primary: dict[str, Any] | None, containers: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    if bool(primary) == bool(containers):
        raise invalid("CreateModel needs either a PrimaryContainer or Containers.")
    found = [primary] if primary else containers or []
    if len(found) > MOST_CONTAINERS:
        raise invalid(f"A model has at most {MOST_CONTAINERS} containers.")
    named = [container["ContainerHostname"] for container in found if container.get("ContainerHostname")]
    if len(set(named)) < len(named):
        raise invalid("The hostnames of a model's containers must be unique.")
    return found
