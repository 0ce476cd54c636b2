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

# The volume and the download's time limit change nothing here: a model's data is linked, not downloaded.
HONOURED = (
    "VariantName",
    "ModelName",
    "InitialInstanceCount",
    "InstanceType",
    "InitialVariantWeight",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
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
    ) -> dict[str, Any]:
        """Remember a configuration of models that exist.

        KmsKeyId (encryption of instances' volumes) and VpcConfig change nothing on one machine.
        """
        off = {"EnableNetworkIsolation": EnableNetworkIsolation, "ExecutionRoleArn": ExecutionRoleArn}
        capture = bool(DataCaptureConfig and DataCaptureConfig.get("EnableCapture"))
        honour_only("CreateEndpointConfig", {**off, "DataCaptureConfig.EnableCapture": capture}, ())
        self._check_variants(ProductionVariants)
        arn = self._arn_of(ENDPOINT_CONFIG, EndpointConfigName)
        body = {
            "EndpointConfigName": EndpointConfigName,
            "EndpointConfigArn": arn,
            "ProductionVariants": [{"InitialVariantWeight": 1.0, **v} for v in ProductionVariants],
            "KmsKeyId": KmsKeyId,
            "VpcConfig": VpcConfig or None,
            "DataCaptureConfig": DataCaptureConfig or None,
            "EnableNetworkIsolation": False,
            "CreationTime": self._now(),
        }
        self._create(ENDPOINT_CONFIG, EndpointConfigName, body, Tags)
        return {"EndpointConfigArn": arn}

    def _check_variants(self, variants: list[dict[str, Any]]) -> None:
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) < len(names):
            raise invalid("The names of production variants must be unique within an endpoint configuration.")
        if not sum(variant.get("InitialVariantWeight", 1.0) for variant in variants):
            raise invalid("At least one production variant needs an InitialVariantWeight above 0.")
        for variant in variants:
            self._check_variant(variant)

    def _check_variant(self, variant: dict[str, Any]) -> None:
        honour_only(f"Production variant {variant['VariantName']}", variant, HONOURED)
        for member in ("ModelName", "InstanceType", "InitialInstanceCount"):
            if not variant.get(member):
                raise invalid(f"Production variant {variant['VariantName']} needs {member}.")
        self._found(MODEL, variant["ModelName"])

    def describe_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        return shown(self._found(ENDPOINT_CONFIG, EndpointConfigName))

    def delete_endpoint_config(self, *, EndpointConfigName: str) -> dict[str, Any]:
        """Forget a configuration. Endpoints made from it go on: they remember what they run."""
        return self._forget(ENDPOINT_CONFIG, EndpointConfigName)

    list_endpoint_configs = lists(ENDPOINT_CONFIG, "EndpointConfig", "EndpointConfigs", SUMMARY)
