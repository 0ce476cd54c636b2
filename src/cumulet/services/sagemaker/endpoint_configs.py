"""Endpoint configurations: which models an endpoint serves, on how many processes, with which share.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.sagemaker.models import Models
from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import ENDPOINT_CONFIG, MODEL, lists, shown
from cumulet.services.sagemaker.tags import TagList

SUMMARY = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")

# The volume and the download's time limit change nothing here: a model's data is linked, not downloaded. Requests
# always go to the least busy instance, which is what either of RoutingConfig's strategies allows.
HONOURED = (
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstanceType",
    "InitialVariantWeight",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "ServerlessConfig",
    "RoutingConfig",
)


class EndpointConfigs(Models):
    def create_endpoint_config(
        self,
        *,
        EndpointConfigName: str,
        ProductionVariants: list[dict[str, Any]],
        Tags: TagList | None = None,
        KmsKeyId: str | None = None,
        ExecutionRoleArn: str | None = None,
        VpcConfig: dict[str, Any] | None = None,
        EnableNetworkIsolation: bool = False,
        DataCaptureConfig: dict[str, Any] | None = None,
        AsyncInferenceConfig: dict[str, Any] | None = None,
        ShadowProductionVariants: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        """Remember a configuration of models that exist.

        KmsKeyId (encryption of instances' volumes) and VpcConfig change nothing on one machine. Notifications of
        asynchronous inferences are kept and shown, but there is no SNS that would send them.
        """
        off = {"EnableNetworkIsolation": EnableNetworkIsolation, "ExecutionRoleArn": ExecutionRoleArn}
        honour_only("CreateEndpointConfig", off, ())
        self._check_variants(ProductionVariants, ShadowProductionVariants or [])
        if AsyncInferenceConfig:
            check_async(AsyncInferenceConfig)
        arn = self._arn_of(ENDPOINT_CONFIG, EndpointConfigName)
        body = {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": arn,
            "ProductionVariants": [{"InitialVariantWeight": 1.0, **v} for v in ProductionVariants],
            "ShadowProductionVariants": ShadowProductionVariants or None,
            "AsyncInferenceConfig": AsyncInferenceConfig or None,
            "KmsKeyId": KmsKeyId,
            "VpcConfig": VpcConfig or None,
            "DataCaptureConfig": DataCaptureConfig or None,
            "EnableNetworkIsolation": False,
            "CreationTime": self._now(),
        }
        self._create(ENDPOINT_CONFIG, EndpointConfigName, body, Tags)
        return {"EndpointConfigArn": arn}

    def _check_variants(self, variants: list[dict[str, Any]], shadows: list[dict[str, Any]]) -> None:
        names = [variant["VariantName"] for variant in [*variants, *shadows]]
        if len(set(names)) < len(names):
            raise invalid("The names of production variants must be unique within an endpoint configuration.")
        if shadows and len(variants) + len(shadows) > 2:
            raise invalid(
                "With a shadow variant there can be one production variant only, and one shadow of it."
            )
        if not sum(variant.get("InitialVariantWeight", 1.0) for variant in variants):
            raise invalid("At least one production variant needs an InitialVariantWeight above 0.")
        for variant in [*variants, *shadows]:
            self._check_variant(variant)

    def _check_variant(self, variant: dict[str, Any]) -> None:
        name = variant["VariantName"]
        honour_only(f"Production variant {name}", variant, HONOURED)
        if serverless := variant.get("ServerlessConfig"):
            _check_serverless(name, variant, serverless)
        needed = ("ModelName",) if serverless else ("ModelName", "InstanceType", "InitialInstanceCount")
        for member in needed:
            if not variant.get(member):
                raise invalid(f"Production variant {name} needs {member}.")
        self._found(MODEL, variant["ModelName"])

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        return shown(self._found(ENDPOINT_CONFIG, EndpointConfigName))

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        """Forget a configuration. Endpoints made from it go on: they remember what they run."""
        return self._forget(ENDPOINT_CONFIG, EndpointConfigName)

    list_endpoint_configs = lists(ENDPOINT_CONFIG, "EndpointConfig", "EndpointConfigs", SUMMARY)


def check_async(config: dict[str, Any]) -> None:
    output = config["OutputConfig"]
    honour_only(
        "AsyncInferenceConfig.OutputConfig",
        output,
        ("S3OutputPath", "S3FailurePath", "KmsKeyId", "NotificationConfig"),
    )
    if not output.get("S3OutputPath"):
        raise invalid("AsyncInferenceConfig needs an OutputConfig with an S3OutputPath.")


def _check_serverless(name: str, variant: dict[str, Any], config: dict[str, Any]) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html"""
    if variant.get("InstanceType") or variant.get("InitialInstanceCount"):
        raise invalid(f"Production variant {name} has a ServerlessConfig, so it can have no instances.")
    if config["MemorySizeInMB"] not in range(1024, 6145, 1024):
        raise invalid(f"MemorySizeInMB of {name} must be one of 1024, 2048, 3072, 4096, 5120, 6144.")
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise invalid(f"ProvisionedConcurrency of {name} must not be above its MaxConcurrency.")
