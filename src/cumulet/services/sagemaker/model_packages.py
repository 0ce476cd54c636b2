"""Model packages: models in the registry, with what is to be known of them and whether they may be deployed.

A package is a version in a group (`group/3`), or has a name of its own. It is a description: that its images can
be run here and its data is there is looked at when a model is made of it.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.listing import Filters, Order, page
from cumulet.services.sagemaker.model_package_groups import ModelPackageGroups
from cumulet.services.sagemaker.package_request import (
    APPROVED,
    SUMMARY,
    changed,
    check_specifications,
    described,
    inferred,
    source_of,
)
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import MODEL, MODEL_PACKAGE, MODEL_PACKAGE_GROUP, shown, summary
from cumulet.services.sagemaker.state_changes import announce
from cumulet.services.sagemaker.tags import TagList
from cumulet.wire.errors import AwsError

TOKEN = "model-package-token"  # a ClientToken, and the ARN of what was made by it


class ModelPackages(ModelPackageGroups):
    def create_model_package(
        self,
        *,
        ModelPackageName: str | None = None,
        ModelPackageGroupName: str | None = None,
        ModelPackageDescription: str | None = None,
        ModelPackageRegistrationType: str | None = None,
        InferenceSpecification: dict[str, Any] | None = None,
        AdditionalInferenceSpecifications: list[dict[str, Any]] | None = None,
        CertifyForMarketplace: bool = False,
        Tags: TagList | None = None,
        ModelApprovalStatus: str | None = None,
        MetadataProperties: dict[str, str] | None = None,
        ModelMetrics: dict[str, Any] | None = None,
        DriftCheckBaselines: dict[str, Any] | None = None,
        ClientToken: str | None = None,
        Domain: str | None = None,
        Task: str | None = None,
        SamplePayloadUrl: str | None = None,
        CustomerMetadataProperties: dict[str, str] | None = None,
        SkipModelValidation: str | None = None,
        SourceUri: str | None = None,
        SecurityConfig: dict[str, str] | None = None,
        ModelCard: dict[str, str] | None = None,
        ModelLifeCycle: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Register a model: a version of a group, or a package with a name.

        A SourceUri that is the ARN of a model or of a package brings its InferenceSpecification along. Only shown
        again: MetadataProperties, ModelMetrics, DriftCheckBaselines, Domain, Task, SamplePayloadUrl,
        SkipModelValidation (nothing is validated), SecurityConfig, ModelCard and ModelLifeCycle.
        """
        request = described(locals())
        check_specifications(request)
        if Tags and ModelPackageGroupName:
            raise invalid("A model package of a group has the group's tags: it cannot have Tags of its own.")
        if bool(ModelPackageName) == bool(ModelPackageGroupName):
            raise invalid("CreateModelPackage needs either a ModelPackageName or a ModelPackageGroupName.")
        if SourceUri and (found := self._source(SourceUri)):
            request["InferenceSpecification"] = found
        return {"ModelPackageArn": self.store.atomically(lambda: self._register(request, ClientToken, Tags))}

    def _register(self, request: dict[str, Any], token: str | None, tags: TagList | None) -> str:
        """The ARN of a new package, or of what the same token has made before."""
        if token and (made := self._get(TOKEN, token)):
            return str(made["ModelPackageArn"])
        name = request.get("ModelPackageName") or self._next_version(request)
        arn = self._arn_of(MODEL_PACKAGE, name)
        body = {
            **request,
            "ModelPackageArn": arn,
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
            "CreationTime": self._now(),
            "CreatedBy": self._asker(),
        }
        self._create(MODEL_PACKAGE, name, body, tags)
        if token:
            self._put(TOKEN, token, {"ModelPackageArn": arn})
        announce(self, body, MODEL_PACKAGE, "Model Package", arn)
        return arn

    def _next_version(self, request: dict[str, Any]) -> str:
        """The number that a package gets in its group; it waits for approval where nobody says otherwise."""
        given = request["ModelPackageGroupName"]
        group = self._get(MODEL_PACKAGE_GROUP, self._named(MODEL_PACKAGE_GROUP, given))
        if group is None:
            raise invalid(f"Model Package Group {given} does not exist: make it by CreateModelPackageGroup.")
        name, version = group["ModelPackageGroupName"], group["versions"] + 1
        self._put(MODEL_PACKAGE_GROUP, name, {**group, "versions": version})
        request.update(ModelPackageGroupName=name, ModelPackageVersion=version)
        request.setdefault("ModelApprovalStatus", "PendingManualApproval")
        return f"{name}/{version}"

    def _source(self, uri: str) -> dict[str, Any] | None:
        """How what a SourceUri names is served; None where it names neither a model nor a package."""
        kind, name = source_of(uri)
        if kind == MODEL_PACKAGE:
            return self._package(name).get("InferenceSpecification")
        return inferred(self._found(MODEL, name)) if kind == MODEL else None

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:
        return shown(self._package(ModelPackageName))

    def batch_describe_model_package(self, *, ModelPackageArnList: list[str]) -> dict[str, Any]:
        found, missing = {}, {}
        for arn in ModelPackageArnList:
            body = self._get(MODEL_PACKAGE, self._named(MODEL_PACKAGE, arn))
            if body is None:
                reason = f"Model package {arn} does not exist."
                missing[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": reason}
            else:
                found[arn] = summary(body, (*SUMMARY, "InferenceSpecification"))
        return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": missing}

    def update_model_package(
        self,
        *,
        ModelPackageArn: str,
        ModelApprovalStatus: str | None = None,
        ModelPackageRegistrationType: str | None = None,
        ApprovalDescription: str | None = None,
        CustomerMetadataProperties: dict[str, str] | None = None,
        CustomerMetadataPropertiesToRemove: list[str] | None = None,
        AdditionalInferenceSpecificationsToAdd: list[dict[str, Any]] | None = None,
        InferenceSpecification: dict[str, Any] | None = None,
        SourceUri: str | None = None,
        ModelCard: dict[str, str] | None = None,
        ModelLifeCycle: dict[str, str] | None = None,
        ClientToken: str | None = None,
    ) -> dict[str, Any]:
        """Change a package: mostly, say that it may be deployed. Doing it twice changes nothing: ClientToken needs
        no memory."""
        asked = described(locals())
        if InferenceSpecification and SourceUri:
            raise invalid("InferenceSpecification and SourceUri cannot be changed in one request.")
        if SourceUri and (found := self._source(SourceUri)):
            asked["InferenceSpecification"] = found
        check_specifications(asked)

        def change() -> None:
            body = changed(self._package(ModelPackageArn), asked)
            body |= {"LastModifiedTime": self._now(), "LastModifiedBy": self._asker()}
            self._put(MODEL_PACKAGE, self._named(MODEL_PACKAGE, ModelPackageArn), body)
            announce(self, body, MODEL_PACKAGE, "Model Package", body["ModelPackageArn"])

        self.store.atomically(change)
        return {"ModelPackageArn": ModelPackageArn}

    def delete_model_package(self, *, ModelPackageName: str) -> None:
        """Forget a package. Models that were made of it stay as they are."""
        self._package(ModelPackageName)
        self._forget(MODEL_PACKAGE, self._named(MODEL_PACKAGE, ModelPackageName))

    def list_model_packages(
        self,
        *,
        ModelPackageGroupName: str | None = None,
        ModelPackageType: str | None = None,
        ModelApprovalStatus: str | None = None,
        NameContains: str | None = None,
        SortBy: str = "CreationTime",
        SortOrder: str = "Ascending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        CreationTimeBefore: datetime | None = None,
        CreationTimeAfter: datetime | None = None,
    ) -> dict[str, Any]:
        """Packages with names of their own, or the versions of groups: of one, or where ModelPackageType says so."""
        group = ModelPackageGroupName and self._named(MODEL_PACKAGE_GROUP, ModelPackageGroupName)
        kinds = ModelPackageType or ("Versioned" if group else "Unversioned")
        records = self.store.records.list(f"sagemaker.{MODEL_PACKAGE}", self.caller.scope)
        listed = [
            {**body, "ModelPackageName": _sorted_name(body)}
            for _, body in records
            if group in (None, body.get("ModelPackageGroupName"))
            and kinds in ("Both", "Versioned" if "ModelPackageVersion" in body else "Unversioned")
            and ModelApprovalStatus in (None, body.get("ModelApprovalStatus"))
        ]
        filters = Filters(NameContains, None, CreationTimeAfter, CreationTimeBefore)
        order = Order("ModelPackage", SortBy, SortOrder == "Descending")
        found, token = page(listed, filters, order, NextToken, MaxResults)
        return {"ModelPackageSummaryList": [_listed(body) for body in found], "NextToken": token}

    def _package(self, name: str) -> dict[str, Any]:
        """A package by its name, `group/version`, or ARN."""
        return self._found(MODEL_PACKAGE, self._named(MODEL_PACKAGE, name))

    def _deployable(self, name: str) -> dict[str, Any]:
        """A package that a model may be made of: a version only where somebody has approved it."""
        body = self._package(name)
        if "ModelPackageVersion" in body and body.get("ModelApprovalStatus") != APPROVED:
            raise invalid(
                f"The model package {body['ModelPackageArn']} is {body.get('ModelApprovalStatus')}: approve it "
                "by UpdateModelPackage before a model is made of it."
            )
        if not body.get("InferenceSpecification"):
            raise AwsError(
                "ValidationException",
                f"The model package {body['ModelPackageArn']} has no InferenceSpecification.",
            )
        return body


def _sorted_name(body: dict[str, Any]) -> str:
    """A name by which versions are in the order of their numbers."""
    version = body.get("ModelPackageVersion")
    return f"{body['ModelPackageGroupName']}/{version:09}" if version else str(body["ModelPackageName"])


def _listed(body: dict[str, Any]) -> dict[str, Any]:
    told = summary(body, SUMMARY)
    if "ModelPackageVersion" in body:
        told.pop("ModelPackageName")
    return told
