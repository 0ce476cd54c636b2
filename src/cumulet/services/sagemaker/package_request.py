"""What CreateModelPackage and UpdateModelPackage ask for: checked, and put together with what is remembered.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModelPackage.html
"""

from __future__ import annotations

import re
from typing import Any

from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.resources import MODEL_PACKAGE
from cumulet.wire.errors import NotImplementedByCumulet

APPROVED = "Approved"
SUMMARY = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "ModelPackageRegistrationType",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
)
RUN = ("ContainerHostname", "Image", "ModelDataUrl", "ModelDataSource", "Environment")
TOLD = (
    *RUN,
    "ImageDigest",
    "ProductId",
    "ModelInput",
    "Framework",
    "FrameworkVersion",
    "NearestModelName",
    "ModelDataETag",
)
NOT_KEPT = ("Tags", "ClientToken", "CertifyForMarketplace")
SOURCE = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:\d{12}:(model|model-package)/(\S+)")

Body = dict[str, Any]


def described(asked: Body) -> Body:
    """A package as it will be shown: what was asked for (a method's arguments)."""
    if asked.get("CertifyForMarketplace"):
        raise NotImplementedByCumulet(
            "CreateModelPackage with CertifyForMarketplace (there is no marketplace)"
        )
    said = {
        name: value for name, value in asked.items() if name[:1].isupper() and value not in (None, {}, [])
    }
    return {name: value for name, value in said.items() if name not in NOT_KEPT}


def check_specifications(request: Body) -> None:
    """Refuse, by name, containers that say more than what a model made of them would do."""
    specifications = [
        *filter(None, [request.get("InferenceSpecification")]),
        *request.get("AdditionalInferenceSpecifications", []),
        *request.get("AdditionalInferenceSpecificationsToAdd", []),
    ]
    for specification in specifications:
        for container in specification["Containers"]:
            honour_only("a model package's Container", container, TOLD)
            if not container.get("Image"):
                raise invalid("A container of a model package needs an Image.")


def source_of(uri: str) -> tuple[str, str]:
    """Which kind of resource a SourceUri names, and its name; "" where it is a note that names none."""
    found = SOURCE.fullmatch(uri)
    if not found:
        return "", ""
    return found[1], uri if found[1] == MODEL_PACKAGE else found[2]


def inferred(model: Body) -> Body:
    """The InferenceSpecification of a model."""
    containers = model.get("containers") or model.get("Containers") or [model["PrimaryContainer"]]
    kept = [{name: value for name, value in one.items() if name in RUN} for one in containers]
    return {"Containers": kept, "SupportedContentTypes": [], "SupportedResponseMIMETypes": []}


def changed(body: Body, asked: Body) -> Body:
    """A package after UpdateModelPackage: lists and maps grow and shrink, all else is put in its place."""
    grown = ("AdditionalInferenceSpecificationsToAdd", "CustomerMetadataPropertiesToRemove")
    after = {**body, **{name: value for name, value in asked.items() if name not in grown}}
    metadata = {**body.get("CustomerMetadataProperties", {}), **asked.get("CustomerMetadataProperties", {})}
    for name in asked.get("CustomerMetadataPropertiesToRemove", []):
        metadata.pop(name, None)
    if card := asked.get("ModelCard"):
        after["ModelCard"] = {**body.get("ModelCard", {}), **card}
    after["CustomerMetadataProperties"] = metadata or None
    after["AdditionalInferenceSpecifications"] = _more(body, asked) or None
    return {name: value for name, value in after.items() if value is not None}


def _more(body: Body, asked: Body) -> list[Body]:
    there: list[Body] = body.get("AdditionalInferenceSpecifications", [])
    added: list[Body] = asked.get("AdditionalInferenceSpecificationsToAdd", [])
    names = [one["Name"] for one in (*there, *added)]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid(f"There is an additional inference specification with the name {twice} already.")
    return [*there, *added]


def containers_in(package: Body, specification: str | None, environment: dict[str, str]) -> list[Body]:
    """What a model of a package runs: of the specification that is named, with the model's own environment over
    the package's."""
    named = {one["Name"]: one for one in package.get("AdditionalInferenceSpecifications", [])}
    if specification and specification not in named:
        raise invalid(f"{package['ModelPackageArn']} has no inference specification named {specification}.")
    chosen = named[specification] if specification else package["InferenceSpecification"]
    return [
        {
            **{name: value for name, value in container.items() if name in RUN},
            "Environment": {**container.get("Environment", {}), **environment},
        }
        for container in chosen["Containers"]
    ]
