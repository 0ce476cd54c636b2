"""The model registry: packages and their groups, and the models that are made of them."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .studio import INFERENCE, SKLEARN, Studio, archive
from .test_transform_jobs import request as transform
from .test_transform_jobs import transform_ended


def named(what: str) -> str:
    return f"{what}-{uuid.uuid4().hex[:10]}"


def specification(studio: Studio, factor: float = 2, **container: Any) -> dict[str, Any]:
    """How a model that multiplies is served."""
    files = {"model.json": json.dumps({"factor": factor}), "code/inference.py": INFERENCE}
    data = studio.put(f"{named('package')}/model.tar.gz", archive(files))
    environment = {"SAGEMAKER_PROGRAM": "inference.py"}
    return {
        "Containers": [{"Image": SKLEARN, "ModelDataUrl": data, "Environment": environment, **container}],
        "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"],
    }


@pytest.fixture
def group(studio: Studio) -> str:
    name = named("group")
    studio.sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="g")
    return name


def version(studio: Studio, group: str, **more: Any) -> str:
    """The ARN of a new version in a group."""
    given = {"InferenceSpecification": specification(studio), **more}
    return studio.sagemaker.create_model_package(ModelPackageGroupName=group, **given)["ModelPackageArn"]


def model_of(studio: Studio, package: str, **more: Any) -> str:
    name = named("model")
    container = {"ModelPackageName": package, **more}
    studio.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    return name


def test_a_group_is_described_by_name_and_by_arn(studio, group):
    described = studio.sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert described["ModelPackageGroupDescription"] == "g"
    again = studio.sagemaker.describe_model_package_group(
        ModelPackageGroupName=described["ModelPackageGroupArn"]
    )
    assert again["ModelPackageGroupName"] == group
    with pytest.raises(ClientError, match="Cannot create already existing model package group"):
        studio.sagemaker.create_model_package_group(ModelPackageGroupName=group)


def test_versions_are_numbered_and_no_number_comes_twice(studio, group):
    first, second = version(studio, group), version(studio, group)
    assert [arn.rsplit("/", 2)[1:] for arn in (first, second)] == [[group, "1"], [group, "2"]]
    studio.sagemaker.delete_model_package(ModelPackageName=second)
    third = version(studio, group)
    assert third.endswith(f"model-package/{group}/3")
    listed = studio.sagemaker.list_model_packages(ModelPackageGroupName=group, SortBy="Name")
    assert [one["ModelPackageVersion"] for one in listed["ModelPackageSummaryList"]] == [1, 3]
    assert "ModelPackageName" not in listed["ModelPackageSummaryList"][0]
    with pytest.raises(ClientError, match="it still has model packages") as refused:
        studio.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    for arn in (first, third):
        studio.sagemaker.delete_model_package(ModelPackageName=arn)
    studio.sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="Could not find model package group"):
        studio.sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_a_group_that_nobody_made_has_no_versions_and_gets_none(studio):
    name = named("nobody")
    assert not studio.sagemaker.list_model_packages(ModelPackageGroupName=name)["ModelPackageSummaryList"]
    with pytest.raises(ClientError, match="does not exist"):
        version(studio, name)


def test_a_version_waits_for_approval_before_a_model_is_made_of_it(studio, group):
    arn = version(studio, group)
    described = studio.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert described["ModelPackageStatus"] == "Completed"
    with pytest.raises(ClientError, match="is PendingManualApproval: approve it"):
        model_of(studio, arn)
    studio.sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="looked at"
    )
    approved = studio.sagemaker.list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    assert [one["ModelPackageArn"] for one in approved["ModelPackageSummaryList"]] == [arn]
    described = studio.sagemaker.describe_model(ModelName=model_of(studio, arn))
    assert described["PrimaryContainer"] == {"ModelPackageName": arn}


def test_an_endpoint_and_a_transform_run_what_a_package_says(studio, group):
    arn = version(studio, group, ModelApprovalStatus="Approved")
    model = model_of(studio, arn, Environment={"EXTRA": "1"})
    studio.sagemaker.delete_model_package(ModelPackageName=arn)
    endpoint = studio.endpoint(studio.config(model))
    assert json.loads(studio.ask(endpoint, b"[4]")["Body"]) == [8.0]
    studio.put(f"{model}/in/data.json", b"[5]")
    asked = transform(studio, model, f"{model}/in/")
    asked["TransformInput"]["ContentType"] = "application/json"
    studio.sagemaker.create_transform_job(**asked)
    job = transform_ended(studio, asked["TransformJobName"])
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert float(studio.read(f"{job['TransformOutput']['S3OutputPath']}/data.json.out")) == 10


def test_a_package_with_a_name_of_its_own_needs_no_approval(studio):
    name, tags = named("alone"), [{"Key": "team", "Value": "reviews"}]
    arn = studio.sagemaker.create_model_package(
        ModelPackageName=name, InferenceSpecification=specification(studio), Tags=tags
    )["ModelPackageArn"]
    assert studio.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    model_of(studio, name)
    listed = studio.sagemaker.list_model_packages(NameContains=name)["ModelPackageSummaryList"]
    assert [one["ModelPackageName"] for one in listed] == [name]
    with pytest.raises(ClientError, match="Cannot create already existing model package"):
        studio.sagemaker.create_model_package(
            ModelPackageName=name, InferenceSpecification=specification(studio)
        )


def test_a_client_token_makes_one_package_however_often_it_comes(studio, group):
    asked = {"ClientToken": named("token"), "InferenceSpecification": specification(studio)}
    assert version(studio, group, **asked) == version(studio, group, **asked)
    listed = studio.sagemaker.list_model_packages(ModelPackageGroupName=group)
    assert len(listed["ModelPackageSummaryList"]) == 1


def test_a_package_of_a_model_or_of_a_package_is_served_as_that_is(studio, group):
    arn = studio.sagemaker.describe_model(ModelName=studio.model())["ModelArn"]
    given = {"ModelPackageGroupName": group}
    first = studio.sagemaker.create_model_package(SourceUri=arn, **given)["ModelPackageArn"]
    second = studio.sagemaker.create_model_package(SourceUri=first, **given)["ModelPackageArn"]
    found = [
        studio.sagemaker.describe_model_package(ModelPackageName=one)["InferenceSpecification"]["Containers"]
        for one in (first, second)
    ]
    assert found[0] == found[1]
    assert found[0][0]["Image"] == SKLEARN
    noted = studio.sagemaker.create_model_package(SourceUri="a note", **given)["ModelPackageArn"]
    studio.sagemaker.update_model_package(ModelPackageArn=noted, ModelApprovalStatus="Approved")
    with pytest.raises(ClientError, match="has no InferenceSpecification"):
        model_of(studio, noted)


def test_metadata_and_specifications_are_added_and_taken_away(studio, group):
    arn = version(studio, group, CustomerMetadataProperties={"a": "1", "b": "2"})
    more = {"Name": "other", **specification(studio, 3)}
    studio.sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
        AdditionalInferenceSpecificationsToAdd=[more],
        ModelApprovalStatus="Approved",
    )
    described = studio.sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert described["LastModifiedBy"]["IamIdentity"]["Arn"]
    with pytest.raises(ClientError, match="with the name other already"):
        studio.sagemaker.update_model_package(
            ModelPackageArn=arn, AdditionalInferenceSpecificationsToAdd=[more]
        )
    model_of(studio, arn, InferenceSpecificationName="other")
    with pytest.raises(ClientError, match="no inference specification named another"):
        model_of(studio, arn, InferenceSpecificationName="another")


def test_search_finds_packages_and_groups(studio, group):
    arn = version(studio, group, CustomerMetadataProperties={"stage": "late"})

    def found(resource: str, name: str, value: str) -> list[dict[str, Any]]:
        filters = {"Filters": [{"Name": name, "Operator": "Equals", "Value": value}]}
        answer = studio.sagemaker.search(Resource=resource, SearchExpression=filters)
        return [one[resource] for one in answer["Results"]]

    assert [one["ModelPackageArn"] for one in found("ModelPackage", "ModelPackageGroupName", group)] == [arn]
    assert len(found("ModelPackageGroup", "ModelPackageGroupName", group)) == 1


def test_many_packages_are_described_at_once(studio, group):
    arn = version(studio, group)
    answer = studio.sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, f"{arn}0"])
    assert answer["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert "does not exist" in answer["BatchDescribeModelPackageErrorMap"][f"{arn}0"]["ErrorResponse"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({}, "needs either a ModelPackageName or a ModelPackageGroupName"),
        ({"CertifyForMarketplace": True}, "there is no marketplace"),
        ({"ModelPackageGroupName": "g", "Tags": [{"Key": "a", "Value": "b"}]}, "has the group's tags"),
        ({"ValidationSpecification": {"ValidationRole": "r" * 30, "ValidationProfiles": []}}, "Validation"),
    ],
)
def test_what_cannot_be_registered_is_refused(studio, asked, reason):
    with pytest.raises(ClientError, match=reason):
        studio.sagemaker.create_model_package(**asked)
