"""Who one is, and becoming somebody else for a while."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cumulet.house import House
from cumulet.services import Caller, iam, principals
from cumulet.wire.errors import AwsError

Clients = Callable[..., Any]


def trust(**principal: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def role(client: Clients, document: str, **more: Any) -> dict[str, Any]:
    name = f"r-{uuid.uuid4().hex[:12]}"
    return client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"]


def user(client: Clients) -> tuple[dict[str, Any], dict[str, str]]:
    """A user without policies, and keywords for clients that are that user."""
    name = f"u-{uuid.uuid4().hex[:12]}"
    made = client("iam").create_user(UserName=name)["User"]
    key = client("iam").create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return made, {**keys, "aws_session_token": None}


def keywords(credentials: dict[str, Any]) -> dict[str, str]:
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


def code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response["Error"]["Code"]


class TestIdentity:
    def test_one_is_a_session_of_the_administrator_role(self, client: Clients) -> None:
        found = client("sts").get_caller_identity()
        account = found["Account"]
        assert len(account) == 12
        assert found["Arn"] == f"arn:aws:sts::{account}:assumed-role/CumuletAdministrator/cumulet"
        role = client("iam").get_role(RoleName="CumuletAdministrator")["Role"]
        assert found["UserId"] == f"{role['RoleId']}:cumulet"

    def test_it_is_the_same_in_every_region(self, client: Clients) -> None:
        here, there = client("sts"), client("sts", region_name="ap-southeast-2")
        assert here.get_caller_identity()["Arn"] == there.get_caller_identity()["Arn"]

    def test_an_access_key_tells_its_account(self, client: Clients, server: Any) -> None:
        sts = client("sts")
        account = sts.get_caller_identity()["Account"]
        found = sts.get_access_key_info(AccessKeyId=server.credentials["aws_access_key_id"])
        assert found["Account"] == account

    def test_a_user_is_who_it_is_with_its_own_key_and_with_a_session_token(self, client: Clients) -> None:
        made, keys = user(client)
        sts = client("sts", **keys)
        assert sts.get_caller_identity()["Arn"] == made["Arn"]
        session = sts.get_session_token(DurationSeconds=900)["Credentials"]
        again = client("sts", **keywords(session))
        assert again.get_caller_identity()["UserId"] == made["UserId"]
        assert code(again.get_session_token) == "AccessDenied"

    def test_wrong_keys_are_refused(self, client: Clients, server: Any) -> None:
        wrong = {**server.credentials, "aws_secret_access_key": "x" * 40}
        assert code(client("sts", **wrong).get_caller_identity) == "SignatureDoesNotMatch"
        unknown = {**server.credentials, "aws_access_key_id": "AKIAUNKNOWNUNKNOWN12"}
        assert code(client("sts", **unknown).get_caller_identity) == "InvalidClientTokenId"


class TestAssumeRole:
    def test_the_session_is_the_role(self, client: Clients) -> None:
        account = client("sts").get_caller_identity()["Account"]
        made = role(client, trust(AWS=account))
        found = client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="me", DurationSeconds=900)
        arn = f"arn:aws:sts::{account}:assumed-role/{made['RoleName']}/me"
        assert found["AssumedRoleUser"] == {"AssumedRoleId": f"{made['RoleId']}:me", "Arn": arn}
        session = client("sts", **keywords(found["Credentials"])).get_caller_identity()
        assert (session["Arn"], session["UserId"]) == (arn, f"{made['RoleId']}:me")
        used = client("iam").get_role(RoleName=made["RoleName"])["Role"]["RoleLastUsed"]
        assert used["Region"] == "us-east-1"

    def test_a_role_that_does_not_trust_one_cannot_be_assumed(self, client: Clients) -> None:
        made = role(client, trust(Service="lambda.amazonaws.com"))
        sts = client("sts")
        assert code(lambda: sts.assume_role(RoleArn=made["Arn"], RoleSessionName="me")) == "AccessDenied"
        missing = made["Arn"] + "-missing"
        assert code(lambda: sts.assume_role(RoleArn=missing, RoleSessionName="me")) == "AccessDenied"

    def test_a_role_that_trusts_the_account_leaves_it_to_the_users_policies(self, client: Clients) -> None:
        made, keys = user(client)
        target = role(client, trust(AWS=client("sts").get_caller_identity()["Account"]))
        sts = client("sts", **keys)
        assert code(lambda: sts.assume_role(RoleArn=target["Arn"], RoleSessionName="me")) == "AccessDenied"
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": target["Arn"]}
        document = json.dumps({"Version": "2012-10-17", "Statement": statement})
        client("iam").put_user_policy(UserName=made["UserName"], PolicyName="may", PolicyDocument=document)
        assert sts.assume_role(RoleArn=target["Arn"], RoleSessionName="me")["Credentials"]

    def test_a_role_that_trusts_the_user_by_name_asks_no_further(self, client: Clients) -> None:
        made, keys = user(client)
        target = role(client, trust(AWS=made["Arn"]))
        assert client("sts", **keys).assume_role(RoleArn=target["Arn"], RoleSessionName="me")["Credentials"]

    def test_an_external_id_must_be_the_agreed_one(self, client: Clients) -> None:
        document = json.loads(trust(AWS="*"))
        document["Statement"][0]["Condition"] = {"StringEquals": {"sts:ExternalId": "agreed"}}
        made = role(client, json.dumps(document))
        sts = client("sts")
        asked = {"RoleArn": made["Arn"], "RoleSessionName": "me"}
        assert code(lambda: sts.assume_role(**asked)) == "AccessDenied"
        assert code(lambda: sts.assume_role(**asked, ExternalId="other")) == "AccessDenied"
        assert sts.assume_role(**asked, ExternalId="agreed")["Credentials"]

    def test_a_session_is_no_longer_than_the_role_allows(self, client: Clients) -> None:
        made = role(client, trust(AWS="*"), MaxSessionDuration=3600)
        sts = client("sts")
        asked = {"RoleArn": made["Arn"], "RoleSessionName": "me"}
        assert code(lambda: sts.assume_role(**asked, DurationSeconds=3601)) == "ValidationError"

    def test_a_deleted_role_takes_its_sessions_along(self, client: Clients) -> None:
        made = role(client, trust(AWS="*"))
        found = client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="me")
        client("iam").delete_role(RoleName=made["RoleName"])
        session = client("sts", **keywords(found["Credentials"]))
        assert code(session.get_caller_identity) == "InvalidClientTokenId"


class TestServices:
    """How a service gets the credentials of a user's role, within the house."""

    def test_a_service_assumes_a_role_that_trusts_it(self, house: House, caller: Caller) -> None:
        sagemaker = house.service("sts", principals.service(caller, "sagemaker"))
        arn = iam.bootstrap(house).role_arn
        found = sagemaker.assume_role(RoleArn=arn, RoleSessionName="SageMaker")
        assert found["AssumedRoleUser"]["Arn"].endswith("assumed-role/CumuletAdministrator/SageMaker")

    def test_a_service_has_its_session_for_as_long_as_it_works(self, house: House, caller: Caller) -> None:
        week = 7 * 24 * 3600
        sagemaker = house.service("sts", principals.service(caller, "sagemaker"))
        arn = iam.bootstrap(house).role_arn
        found = sagemaker.assume_role(RoleArn=arn, RoleSessionName="x", DurationSeconds=week)
        assert found["Credentials"]["Expiration"].timestamp() >= house.clock() + week - 5

    def test_a_service_that_the_role_does_not_trust_is_refused(self, house: House, caller: Caller) -> None:
        stranger = house.service("sts", principals.service(caller, "ec2"))
        with pytest.raises(
            AwsError, match=r"ec2\.amazonaws\.com is not authorized to perform: sts:AssumeRole"
        ):
            stranger.assume_role(RoleArn=iam.bootstrap(house).role_arn, RoleSessionName="x")

    def test_another_account_is_a_stranger_until_it_is_trusted(self, house: House, caller: Caller) -> None:
        other = iam.create_account(house, "other")
        them = Caller(other.id, "us-east-1", other.credential.arn, other.credential.user_id)
        ours = house.service("iam", caller)
        arn = ours.create_role(RoleName="lent", AssumeRolePolicyDocument=trust(AWS=caller.account))["Role"][
            "Arn"
        ]
        with pytest.raises(AwsError, match="AccessDenied"):
            house.service("sts", them).assume_role(RoleArn=arn, RoleSessionName="x")
        ours.update_assume_role_policy(RoleName="lent", PolicyDocument=trust(AWS=other.id))
        assert house.service("sts", them).assume_role(RoleArn=arn, RoleSessionName="x")["Credentials"]
