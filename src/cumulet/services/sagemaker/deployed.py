"""What DescribeEndpoint shows of a configuration that is in service.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantSummary.html
"""

from __future__ import annotations

from typing import Any

from cumulet.jobs import Job


def beginning(definition: dict[str, Any]) -> int:
    """Instances at the beginning: of a serverless variant those that are provisioned."""
    if serverless := definition.get("ServerlessConfig"):
        return int(serverless.get("ProvisionedConcurrency", 0))
    return int(definition["InitialInstanceCount"])


def describe(job: Job, body: dict[str, Any]) -> None:
    """DescribeEndpoint's view; weights and counts that were changed by hand survive a restart."""
    again = job.attempt > 1 and body.get("EndpointConfigName") == job.payload["config"]
    present = {v["VariantName"]: v for v in body.get("ProductionVariants", [])} if again else {}
    body["ProductionVariants"] = [_summary(v, present) for v in job.payload["variants"]]
    shadows = [_summary(v, {}) for v in job.payload.get("shadows", [])]
    captured, asynchronous = job.payload.get("capture"), job.payload.get("asynchronous")
    told = {
        "ShadowProductionVariants": shadows or None,
        "AsyncInferenceConfig": asynchronous,
        "DataCaptureConfig": captured and _capture_summary(captured),
    }
    for member, value in told.items():
        body.pop(member, None)
        if value:
            body[member] = value


def _capture_summary(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "EnableCapture": bool(config.get("EnableCapture")),
        "CaptureStatus": "Started" if config.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _summary(variant: dict[str, Any], present: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = variant["VariantName"]
    before = present.get(name, {})
    images = [container["Image"] for container in variant["containers"]]
    weight = before.get("CurrentWeight", variant["InitialVariantWeight"])
    told = {
        "VariantName": name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image} for image in images],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if serverless := variant.get("ServerlessConfig"):
        return {**told, "CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    count = variant["InitialInstanceCount"]
    wanted = before.get("DesiredInstanceCount", count)
    return {**told, "CurrentInstanceCount": count, "DesiredInstanceCount": wanted}
