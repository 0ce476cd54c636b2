"""The catalog's resource policy, and the conditions that keep two writers apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Refusal


@pytest.fixture
def elsewhere(client: Callable[..., Any]) -> Any:
    """A catalog that no other test speaks of: policies are one for a region."""
    return client("glue", region_name="ap-southeast-4")


def policy(account: str, region: str = "ap-southeast-4") -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "glue:GetTable",
        "Resource": f"arn:aws:glue:{region}:{account}:*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_policy_is_kept_under_conditions_and_deleted(
    elsewhere: Any, client: Callable[..., Any], refused: Refusal
) -> None:
    account = client("sts").get_caller_identity()["Account"]
    text, put = policy(account), elsewhere.put_resource_policy
    refused("EntityNotFoundException", elsewhere.get_resource_policy)
    refused("EntityNotFoundException", put, PolicyInJson=text, PolicyExistsCondition="MUST_EXIST")
    digest = put(PolicyInJson=text, PolicyExistsCondition="NOT_EXIST")["PolicyHash"]
    found = elsewhere.get_resource_policy()
    assert (found["PolicyInJson"], found["PolicyHash"]) == (text, digest)
    one = elsewhere.get_resource_policies()["GetResourcePoliciesResponseList"]
    assert [each["PolicyHash"] for each in one] == [digest]
    stale = "ConditionCheckFailureException"
    refused(stale, put, PolicyInJson=text, PolicyExistsCondition="NOT_EXIST")
    refused(stale, put, PolicyInJson=text, PolicyHashCondition="x")
    refused(stale, elsewhere.delete_resource_policy, PolicyHashCondition="x")
    put(PolicyInJson=text, PolicyHashCondition=digest)
    elsewhere.delete_resource_policy(PolicyHashCondition=digest)
    refused("EntityNotFoundException", elsewhere.delete_resource_policy)


def test_what_is_no_policy_is_refused(elsewhere: Any, refused: Refusal) -> None:
    refused("InvalidInputException", elsewhere.put_resource_policy, PolicyInJson="{}")
