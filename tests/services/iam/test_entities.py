"""Users, groups, roles, policies and instance profiles through boto3, as tutorials use them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
DOCUMENT = {"Version": "2012-10-17", "Statement": [ALLOW]}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


def code(call: Callable[..., Any], **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    return raised.value.response["Error"]["Code"]


def a_role(iam: Any, **more: Any) -> dict[str, Any]:
    return iam.create_role(RoleName=fresh("role"), AssumeRolePolicyDocument=json.dumps(TRUST), **more)["Role"]


class TestRoles:
    def test_a_role_is_as_it_was_made(self, iam: Any) -> None:
        tags = [{"Key": "team", "Value": "data"}]
        made = a_role(iam, Path="/jobs/", Description="for jobs", MaxSessionDuration=7200, Tags=tags)
        found = iam.get_role(RoleName=made["RoleName"])["Role"]
        assert found == made | {"RoleLastUsed": {}}
        assert found["AssumeRolePolicyDocument"] == TRUST
        assert found["Arn"].endswith(f":role/jobs/{made['RoleName']}")
        assert found["RoleId"].startswith("AROA")
        assert (found["Tags"], found["MaxSessionDuration"]) == (tags, 7200)

    def test_names_differ_by_more_than_case(self, iam: Any) -> None:
        name = a_role(iam)["RoleName"]
        again = {"RoleName": name.upper(), "AssumeRolePolicyDocument": json.dumps(TRUST)}
        assert code(iam.create_role, **again) == "EntityAlreadyExists"
        assert iam.get_role(RoleName=name.upper())["Role"]["RoleName"] == name

    def test_pages_hold_every_role_of_a_path_once(self, iam: Any) -> None:
        path = f"/{fresh('p')}/"
        made = {a_role(iam, Path=path)["RoleName"] for _ in range(5)}
        pages = list(
            iam.get_paginator("list_roles").paginate(PathPrefix=path, PaginationConfig={"PageSize": 2})
        )
        assert len(pages) == 3
        names = [role["RoleName"] for page in pages for role in page["Roles"]]
        assert names == sorted(made)

    def test_an_update_changes_what_it_names(self, iam: Any) -> None:
        name = a_role(iam)["RoleName"]
        iam.update_role(RoleName=name, Description="new", MaxSessionDuration=3600)
        trust = json.loads(json.dumps(TRUST).replace("sagemaker", "glue"))
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        found = iam.get_role(RoleName=name)["Role"]
        assert (found["Description"], found["AssumeRolePolicyDocument"]) == ("new", trust)

    def test_a_role_with_policies_is_not_deleted(self, iam: Any) -> None:
        name = a_role(iam)["RoleName"]
        iam.attach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
        assert code(iam.delete_role, RoleName=name) == "DeleteConflict"
        iam.detach_role_policy(RoleName=name, PolicyArn=READ_ONLY)
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(DOCUMENT))
        assert code(iam.delete_role, RoleName=name) == "DeleteConflict"
        iam.delete_role_policy(RoleName=name, PolicyName="own")
        iam.delete_role(RoleName=name)
        assert code(iam.get_role, RoleName=name) == "NoSuchEntity"

    @pytest.mark.parametrize(
        "document",
        [
            "{",
            "[]",
            json.dumps(DOCUMENT),
            json.dumps(TRUST).replace("Allow", "Perhaps"),
            '{"Version": "2012-10-17"}',
        ],
    )
    def test_a_trust_policy_must_be_one(self, iam: Any, document: str) -> None:
        members = {"RoleName": fresh("role"), "AssumeRolePolicyDocument": document}
        assert code(iam.create_role, **members) == "MalformedPolicyDocument"

    def test_tags_come_and_go(self, iam: Any) -> None:
        name = a_role(iam, Tags=[{"Key": "a", "Value": "1"}])["RoleName"]
        iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "3"}])
        iam.untag_role(RoleName=name, TagKeys=["b", "c"])
        assert iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "a", "Value": "2"}]

    def test_instance_profiles_hold_one_role(self, iam: Any) -> None:
        role, profile = a_role(iam)["RoleName"], fresh("profile")
        iam.create_instance_profile(InstanceProfileName=profile)
        iam.add_role_to_instance_profile(InstanceProfileName=profile, RoleName=role)
        found = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
        assert [held["RoleName"] for held in found["Roles"]] == [role]
        of_role = iam.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]
        assert [one["InstanceProfileName"] for one in of_role] == [profile]
        again = {"InstanceProfileName": profile, "RoleName": role}
        assert code(iam.add_role_to_instance_profile, **again) == "LimitExceeded"
        assert code(iam.delete_role, RoleName=role) == "DeleteConflict"
        iam.remove_role_from_instance_profile(**again)
        iam.delete_instance_profile(InstanceProfileName=profile)
        iam.delete_role(RoleName=role)


class TestUsers:
    def test_a_key_works_until_it_is_switched_off(self, iam: Any, client: Callable[..., Any]) -> None:
        name = fresh("user")
        user = iam.create_user(UserName=name)["User"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        assert user["UserId"].startswith("AIDA")
        own = client(
            "iam",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=None,
        )
        unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        assert unused == {"ServiceName": "N/A", "Region": "N/A"}
        assert own.get_user()["User"]["Arn"] == user["Arn"]
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
        assert (used["ServiceName"], used["Region"]) == ("iam", "us-east-1")
        assert abs(used["LastUsedDate"].timestamp() - key["CreateDate"].timestamp()) < 60
        assert own.list_access_keys()["AccessKeyMetadata"][0]["Status"] == "Active"
        iam.update_access_key(UserName=name, AccessKeyId=key["AccessKeyId"], Status="Inactive")
        assert code(own.get_user) == "InvalidClientTokenId"
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
        assert iam.list_access_keys(UserName=name)["AccessKeyMetadata"] == []

    def test_a_user_has_two_keys_at_most_and_none_when_deleted(self, iam: Any) -> None:
        name = fresh("user")
        iam.create_user(UserName=name)
        keys = [iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"] for _ in range(2)]
        assert code(iam.create_access_key, UserName=name) == "LimitExceeded"
        assert code(iam.delete_user, UserName=name) == "DeleteConflict"
        for key in keys:
            iam.delete_access_key(UserName=name, AccessKeyId=key)
        iam.delete_user(UserName=name)
        assert code(iam.get_user, UserName=name) == "NoSuchEntity"

    def test_who_is_not_a_user_must_name_one(self, iam: Any) -> None:
        assert code(iam.get_user) == "ValidationError"
        assert code(iam.create_access_key) == "ValidationError"

    def test_groups_hold_users(self, iam: Any) -> None:
        user, group = fresh("user"), fresh("group")
        iam.create_user(UserName=user)
        iam.create_group(GroupName=group)
        iam.add_user_to_group(GroupName=group, UserName=user)
        assert [one["UserName"] for one in iam.get_group(GroupName=group)["Users"]] == [user]
        assert [one["GroupName"] for one in iam.list_groups_for_user(UserName=user)["Groups"]] == [group]
        assert code(iam.delete_group, GroupName=group) == "DeleteConflict"
        iam.remove_user_from_group(GroupName=group, UserName=user)
        iam.delete_group(GroupName=group)


class TestPolicies:
    def test_versions_of_a_policy(self, iam: Any) -> None:
        made = iam.create_policy(PolicyName=fresh("policy"), PolicyDocument=json.dumps(DOCUMENT))["Policy"]
        arn = made["Arn"]
        other = json.loads(json.dumps(DOCUMENT).replace("GetObject", "PutObject"))
        second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(other), SetAsDefault=True)
        assert second["PolicyVersion"]["VersionId"] == "v2"
        assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
        found = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
        assert (found["Document"], found["IsDefaultVersion"]) == (other, True)
        assert code(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == "DeleteConflict"
        assert code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
        iam.delete_policy(PolicyArn=arn)
        assert code(iam.get_policy, PolicyArn=arn) == "NoSuchEntity"

    def test_a_policy_has_five_versions_at_most(self, iam: Any) -> None:
        text = json.dumps(DOCUMENT)
        arn = iam.create_policy(PolicyName=fresh("policy"), PolicyDocument=text)["Policy"]["Arn"]
        for _ in range(4):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text)
        assert code(iam.create_policy_version, PolicyArn=arn, PolicyDocument=text) == "LimitExceeded"

    def test_where_a_policy_is_attached_is_known_from_both_sides(self, iam: Any) -> None:
        arn = iam.create_policy(PolicyName=fresh("policy"), PolicyDocument=json.dumps(DOCUMENT))["Policy"][
            "Arn"
        ]
        role = a_role(iam)["RoleName"]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        assert [one["PolicyArn"] for one in attached] == [arn]
        entities = iam.list_entities_for_policy(PolicyArn=arn)
        assert [one["RoleName"] for one in entities["PolicyRoles"]] == [role]
        assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
        assert code(iam.delete_policy, PolicyArn=arn) == "DeleteConflict"

    @pytest.mark.parametrize(
        "name",
        [
            "AdministratorAccess",
            "AmazonS3FullAccess",
            "AmazonSageMakerFullAccess",
            "AmazonAthenaFullAccess",
            "service-role/AWSGlueServiceRole",
            "service-role/AWSLambdaBasicExecutionRole",
            "CloudWatchFullAccess",
            "IAMFullAccess",
        ],
    )
    def test_amazons_own_policies_are_there(self, iam: Any, name: str) -> None:
        arn = f"arn:aws:iam::aws:policy/{name}"
        role = a_role(iam)["RoleName"]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        assert document["Version"] == "2012-10-17"
        assert code(iam.delete_policy, PolicyArn=arn) == "InvalidInput"

    def test_a_policy_that_is_not_there_cannot_be_attached(self, iam: Any) -> None:
        role = a_role(iam)["RoleName"]
        for arn in ("arn:aws:iam::aws:policy/NoSuchPolicy", "arn:aws:iam::123456789012:policy/other"):
            assert code(iam.attach_role_policy, RoleName=role, PolicyArn=arn) == "NoSuchEntity"

    def test_inline_policies(self, iam: Any) -> None:
        role = a_role(iam)["RoleName"]
        for name in ("b", "a"):
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(DOCUMENT))
        assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["a", "b"]
        assert iam.get_role_policy(RoleName=role, PolicyName="a")["PolicyDocument"] == DOCUMENT
        iam.delete_role_policy(RoleName=role, PolicyName="a")
        assert code(iam.get_role_policy, RoleName=role, PolicyName="a") == "NoSuchEntity"
        assert code(iam.delete_role_policy, RoleName=role, PolicyName="a") == "NoSuchEntity"
