"""Tags on resources of SageMaker."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def tags(studio, arn):
    return {tag["Key"]: tag["Value"] for tag in studio.sagemaker.list_tags(ResourceArn=arn)["Tags"]}


@pytest.fixture
def arn(studio):
    return studio.sagemaker.describe_model(ModelName=studio.model())["ModelArn"]


def test_tags_are_added_overwritten_and_deleted(studio, arn):
    studio.sagemaker.add_tags(
        ResourceArn=arn, Tags=[{"Key": "team", "Value": "one"}, {"Key": "x", "Value": ""}]
    )
    studio.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "two"}])
    assert tags(studio, arn) == {"team": "two", "x": ""}
    studio.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["x", "never"])
    assert tags(studio, arn) == {"team": "two"}


def test_a_resource_is_made_with_its_tags(studio):
    request = {**studio.request(), "Tags": [{"Key": "team", "Value": "one"}]}
    job = studio.train(request)
    assert tags(studio, job["TrainingJobArn"]) == {"team": "one"}


def test_tags_go_with_their_resource(studio, arn):
    studio.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "one"}])
    name = arn.rpartition("/")[2]
    container = studio.sagemaker.describe_model(ModelName=name)["PrimaryContainer"]
    studio.sagemaker.delete_model(ModelName=name)
    with pytest.raises(ClientError, match="Could not find"):
        tags(studio, arn)
    studio.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    assert tags(studio, arn) == {}


def test_a_stranger_arn_is_refused(studio):
    with pytest.raises(ClientError, match="is not the ARN"):
        tags(studio, "arn:aws:sagemaker:us-east-1:123456789012:model/mine")
