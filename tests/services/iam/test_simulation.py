"""The simulator tells what the stored policies say."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


def allow(action: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def decisions(answer: dict[str, Any]) -> list[str]:
    return [one["EvalDecision"] for one in answer["EvaluationResults"]]


@pytest.fixture
def user(iam: Any) -> dict[str, Any]:
    return iam.create_user(UserName=f"u-{uuid.uuid4().hex[:12]}")["User"]


def test_the_administrator_may_do_everything(iam: Any) -> None:
    """As the sagemaker SDK asks before it trains."""
    arn = iam.get_role(RoleName="CumuletAdministrator")["Role"]["Arn"]
    found = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:PutObject"], ResourceArns=["arn:aws:s3:::sagemaker-bucket/*"]
    )
    assert decisions(found) == ["allowed"]
    matched = found["EvaluationResults"][0]["MatchedStatements"][0]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("AdministratorAccess", "aws-managed")


def test_a_user_without_policies_may_nothing(iam: Any, user: dict[str, Any]) -> None:
    found = iam.simulate_principal_policy(PolicySourceArn=user["Arn"], ActionNames=["s3:GetObject"])
    assert decisions(found) == ["implicitDeny"]
    assert found["EvaluationResults"][0]["MatchedStatements"] == []


def test_own_groups_and_attached_policies_count_and_a_deny_wins(iam: Any, user: dict[str, Any]) -> None:
    name, group = user["UserName"], f"g-{uuid.uuid4().hex[:12]}"
    iam.create_group(GroupName=group)
    iam.add_user_to_group(GroupName=group, UserName=name)
    iam.put_group_policy(GroupName=group, PolicyName="g", PolicyDocument=document(allow("s3:Get*")))
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonAthenaFullAccess")
    deny = {**allow("s3:GetObject", "arn:aws:s3:::secret/*"), "Effect": "Deny"}
    iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(allow("sqs:*"), deny))
    found = iam.simulate_principal_policy(
        PolicySourceArn=user["Arn"],
        ActionNames=["s3:GetObject", "athena:GetWorkGroup", "s3:PutObject"],
        ResourceArns=["arn:aws:s3:::open/a", "arn:aws:s3:::secret/a"],
    )
    assert decisions(found) == [
        "allowed",
        "explicitDeny",
        "allowed",
        "allowed",
        "implicitDeny",
        "implicitDeny",
    ]
    denied = found["EvaluationResults"][1]["MatchedStatements"]
    assert [(one["SourcePolicyId"], one["SourcePolicyType"]) for one in denied] == [
        (f"user_{name}_own", "user")
    ]
    assert denied[0]["StartPosition"]["Line"] > 8
    groups = found["EvaluationResults"][0]["MatchedStatements"]
    assert groups[0]["SourcePolicyType"] == "group"


def test_a_boundary_limits_what_is_allowed(iam: Any, user: dict[str, Any]) -> None:
    iam.put_user_policy(UserName=user["UserName"], PolicyName="all", PolicyDocument=document(allow("*")))
    bound = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    iam.put_user_permissions_boundary(UserName=user["UserName"], PermissionsBoundary=bound)
    found = iam.simulate_principal_policy(
        PolicySourceArn=user["Arn"], ActionNames=["s3:GetObject", "glue:GetTable"]
    )
    assert decisions(found) == ["allowed", "implicitDeny"]
    detail = [one["PermissionsBoundaryDecisionDetail"] for one in found["EvaluationResults"]]
    assert [one["AllowedByPermissionsBoundary"] for one in detail] == [True, False]


def test_conditions_are_asked_of_the_context(iam: Any) -> None:
    condition = {"StringEquals": {"aws:RequestTag/team": "data"}}
    policy = document(allow("glue:CreateJob", Condition=condition))
    asked = {"PolicyInputList": [policy], "ActionNames": ["glue:CreateJob"]}
    found = iam.simulate_custom_policy(**asked)
    assert decisions(found) == ["implicitDeny"]
    assert found["EvaluationResults"][0]["MissingContextValues"] == ["aws:RequestTag/team"]
    entry = {
        "ContextKeyName": "aws:requesttag/Team",
        "ContextKeyValues": ["data"],
        "ContextKeyType": "string",
    }
    assert decisions(iam.simulate_custom_policy(**asked, ContextEntries=[entry])) == ["allowed"]
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"] == [
        "aws:RequestTag/team"
    ]


def test_results_come_in_pages(iam: Any) -> None:
    actions = [f"s3:Get{n}" for n in range(5)]
    pages = iam.get_paginator("simulate_custom_policy").paginate(
        PolicyInputList=[document(allow("s3:*"))], ActionNames=actions, PaginationConfig={"PageSize": 2}
    )
    assert [one["EvalActionName"] for page in pages for one in page["EvaluationResults"]] == actions
