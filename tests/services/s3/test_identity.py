"""What a user's and a role's own policies say decides at S3, beside the bucket's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cumulet.services import Caller, iam
from cumulet.wire.errors import AwsError

Statement = dict[str, Any]
LAKE = ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"]


def allow(*actions: str, effect: str = "Allow", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": effect, "Action": list(actions), "Resource": resource, **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refuses(call: Callable[[], Any]) -> None:
    with pytest.raises(AwsError, match="AccessDenied"):
        call()


@pytest.fixture
def ana(lake: Any) -> Any:
    """S3 as a user of the lake's account calls it, who has no policies yet."""
    lake.other("iam").create_user(UserName="ana")
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    account = lake.caller.account
    user = Caller(account, "us-east-1", f"arn:aws:iam::{account}:user/ana", "AIDAANA")
    return lake.house.service("s3", user)


def give(ana: Any, *statements: Statement) -> None:
    text = document(*statements)
    root = replace(ana.caller, arn=f"arn:aws:iam::{ana.caller.account}:root")
    ana.other("iam", root).put_user_policy(UserName="ana", PolicyName="own", PolicyDocument=text)


def test_a_user_without_a_policy_may_do_nothing(ana: Any) -> None:
    for call in (
        lambda: ana.get_object(Bucket="lake", Key="a"),
        lambda: ana.put_object(Bucket="lake", Key="a"),
        lambda: ana.list_objects_v2(Bucket="lake"),
        lambda: ana.list_buckets(),
        lambda: ana.create_bucket(Bucket="anas"),
    ):
        refuses(call)


def test_a_users_policy_lets_do_what_it_says(ana: Any) -> None:
    give(
        ana,
        allow("s3:GetObject", resource="arn:aws:s3:::lake/*"),
        allow("s3:ListAllMyBuckets", "s3:CreateBucket"),
    )
    ana.get_object(Bucket="lake", Key="a")
    assert [one["Name"] for one in ana.list_buckets()["Buckets"]] == ["lake"]
    ana.create_bucket(Bucket="anas")
    refuses(lambda: ana.put_object(Bucket="lake", Key="b"))
    refuses(lambda: ana.get_object(Bucket="anas", Key="none"))


def test_who_may_not_list_is_not_told_what_is_missing(ana: Any) -> None:
    give(ana, allow("s3:GetObject"))
    refuses(lambda: ana.get_object(Bucket="lake", Key="none"))
    give(ana, allow("s3:GetObject", "s3:ListBucket"))
    with pytest.raises(AwsError, match="NoSuchKey"):
        ana.get_object(Bucket="lake", Key="none")


def test_a_home_of_ones_own_by_variables_and_prefixes(ana: Any) -> None:
    home = {"StringLike": {"s3:prefix": ["${aws:username}/*"]}}
    give(
        ana,
        allow("s3:GetObject", "s3:PutObject", resource="arn:aws:s3:::lake/${aws:username}/*"),
        allow("s3:ListBucket", resource="arn:aws:s3:::lake", Condition=home),
    )
    ana.put_object(Bucket="lake", Key="ana/notes")
    assert ana.list_objects_v2(Bucket="lake", Prefix="ana/")["KeyCount"] == 1
    refuses(lambda: ana.put_object(Bucket="lake", Key="bob/notes"))
    refuses(lambda: ana.list_objects_v2(Bucket="lake"))


def test_either_policy_may_let_in_and_either_may_deny(ana: Any, lake: Any) -> None:
    def policy(principal: Any, *statements: Statement) -> None:
        named = [{**one, "Principal": principal, "Resource": LAKE} for one in statements]
        lake.put_bucket_policy(Bucket="lake", Policy=document(*named))

    policy({"AWS": ana.caller.arn}, allow("s3:GetObject"))
    ana.get_object(Bucket="lake", Key="a")
    policy({"AWS": ana.caller.account}, allow("s3:GetObject"))  # the account may; who in it is its own to say
    refuses(lambda: ana.get_object(Bucket="lake", Key="a"))
    give(ana, allow("s3:*"))
    ana.get_object(Bucket="lake", Key="a")
    policy({"AWS": ana.caller.arn}, allow("s3:GetObject", effect="Deny"))
    refuses(lambda: ana.get_object(Bucket="lake", Key="a"))
    policy({"AWS": ana.caller.arn}, allow("s3:GetObject"))
    give(ana, allow("s3:GetObject", effect="Deny"))
    refuses(lambda: ana.get_object(Bucket="lake", Key="a"))


def test_all_but_those_named(ana: Any, lake: Any) -> None:
    give(ana, {"Effect": "Allow", "NotAction": "s3:Delete*", "Resource": "*"})
    ana.put_object(Bucket="lake", Key="b")
    refuses(lambda: ana.delete_object(Bucket="lake", Key="b"))
    give(ana, {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::lake/private/*"})
    ana.put_object(Bucket="lake", Key="b")
    refuses(lambda: ana.put_object(Bucket="lake", Key="private/b"))
    give(ana, allow("s3:*"))
    but = {"Effect": "Deny", "NotPrincipal": {"AWS": lake.caller.arn}, "Action": "s3:Put*", "Resource": LAKE}
    lake.put_bucket_policy(Bucket="lake", Policy=document(but))
    refuses(lambda: ana.put_object(Bucket="lake", Key="b"))
    lake.put_object(Bucket="lake", Key="b")


def test_what_a_write_brings_along_is_asked_for_too(ana: Any) -> None:
    give(ana, allow("s3:PutObject"))
    ana.put_object(Bucket="lake", Key="b")
    refuses(lambda: ana.put_object(Bucket="lake", Key="b", Tagging="level=open"))
    give(ana, allow("s3:PutObject", "s3:PutObjectTagging"))
    ana.put_object(Bucket="lake", Key="b", Tagging="level=open")


def test_a_version_is_asked_for_apart(ana: Any, lake: Any) -> None:
    lake.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    version = lake.put_object(Bucket="lake", Key="a", Body=b"2")["VersionId"]
    give(ana, allow("s3:GetObject", "s3:GetObjectAcl", "s3:GetObjectTagging", "s3:GetObjectAttributes"))
    for call in (ana.get_object, ana.get_object_acl, ana.get_object_tagging):
        call(Bucket="lake", Key="a")
        refuses(lambda call=call: call(Bucket="lake", Key="a", VersionId=version))
    ana.get_object_attributes(Bucket="lake", Key="a", ObjectAttributes=["ETag"])
    give(ana, allow("s3:GetObjectVersion*"))
    for call in (ana.get_object, ana.get_object_acl, ana.get_object_tagging):
        call(Bucket="lake", Key="a", VersionId=version)


def test_a_group_and_a_boundary_count(ana: Any, lake: Any) -> None:
    users = lake.other("iam")
    users.create_group(GroupName="readers")
    users.add_user_to_group(GroupName="readers", UserName="ana")
    users.attach_group_policy(GroupName="readers", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    ana.get_object(Bucket="lake", Key="a")
    bound = users.create_policy(PolicyName="bound", PolicyDocument=document(allow("s3:ListBucket")))
    users.put_user_permissions_boundary(UserName="ana", PermissionsBoundary=bound["Policy"]["Arn"])
    ana.list_objects_v2(Bucket="lake")
    refuses(lambda: ana.get_object(Bucket="lake", Key="a"))


def test_a_user_may_read_what_anothers_account_shares_if_both_let_her(ana: Any) -> None:
    other = iam.create_account(ana.house, "other")
    root = Caller(other.id, "us-east-1", f"arn:aws:iam::{other.id}:root", other.id)
    theirs = ana.house.service("s3", root)
    theirs.create_bucket(Bucket="pond")
    theirs.put_object(Bucket="pond", Key="a", Body=b"y")
    pond = ["arn:aws:s3:::pond", "arn:aws:s3:::pond/*"]
    grant = {**allow("s3:GetObject", resource=pond), "Principal": {"AWS": ana.caller.account}}
    give(ana, allow("s3:*"))
    refuses(lambda: ana.get_object(Bucket="pond", Key="a"))
    theirs.put_bucket_policy(Bucket="pond", Policy=document(grant))
    ana.get_object(Bucket="pond", Key="a")
    give(ana, allow("s3:GetObject", resource=LAKE))
    refuses(lambda: ana.get_object(Bucket="pond", Key="a"))


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.fixture
def reading(s3: Any, client: Callable[..., Any], bucket: str) -> str:
    """The ARN of a role that may read S3, and a bucket with an object in it."""
    account = client("sts").get_caller_identity()["Account"]
    name = f"reading-{bucket}"
    trust = document({**TRUST, "Principal": {"AWS": account}})
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
    text = document(allow("s3:Get*", "s3:List*"))
    client("iam").put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=text)
    s3.put_object(Bucket=bucket, Key="a", Body=b"x")
    s3.put_object(Bucket=bucket, Key="b", Body=b"x")
    arn: str = role["Arn"]
    return arn


def assumed(client: Callable[..., Any], role: str, **more: Any) -> Any:
    keys = client("sts").assume_role(RoleArn=role, RoleSessionName="test", **more)["Credentials"]
    return client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def denied(call: Callable[..., Any], **members: Any) -> bool:
    with pytest.raises(Exception, match="AccessDenied"):
        call(**members)
    return True


def test_a_session_may_do_what_its_role_may(client: Callable[..., Any], reading: str, bucket: str) -> None:
    session = assumed(client, reading)
    assert session.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"
    assert denied(session.put_object, Bucket=bucket, Key="a")


def test_a_session_may_be_narrowed(client: Callable[..., Any], reading: str, bucket: str) -> None:
    only = document(allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{bucket}/a"))
    session = assumed(client, reading, Policy=only)
    session.get_object(Bucket=bucket, Key="a")
    assert denied(session.get_object, Bucket=bucket, Key="b")
    assert denied(session.put_object, Bucket=bucket, Key="a")  # no session may do more than its role
    administrator = reading.rpartition("/")[0] + "/CumuletAdministrator"
    narrowed = assumed(client, administrator, Policy=only)
    narrowed.put_object(Bucket=bucket, Key="a")
    assert denied(narrowed.put_object, Bucket=bucket, Key="b")


def test_a_bucket_may_let_a_role_in(s3: Any, client: Callable[..., Any], reading: str, bucket: str) -> None:
    grant = {
        **allow("s3:PutObject", resource=f"arn:aws:s3:::{bucket}/*"),
        "Principal": {"AWS": reading},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": reading}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=document(grant))
    assumed(client, reading).put_object(Bucket=bucket, Key="a")
    only = document(allow("s3:GetObject"))
    assert denied(assumed(client, reading, Policy=only).put_object, Bucket=bucket, Key="a")


def test_the_administrator_keeps_what_it_may(client: Callable[..., Any]) -> None:
    role, name = client("iam"), "CumuletAdministrator"
    everything = "arn:aws:iam::aws:policy/AdministratorAccess"
    deny = document(allow("s3:*", effect="Deny"))
    for call in (
        lambda: role.detach_role_policy(RoleName=name, PolicyArn=everything),
        lambda: role.put_role_policy(RoleName=name, PolicyName="deny", PolicyDocument=deny),
        lambda: role.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=everything),
        lambda: role.delete_role(RoleName=name),
    ):
        with pytest.raises(Exception, match="UnmodifiableEntity"):
            call()
    role.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")


def test_engines_read_no_more_than_their_caller_may(ana: Any, lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="open/a", Body=b"x")
    give(ana, allow("s3:ListBucket"), allow("s3:GetObject", resource="arn:aws:s3:::lake/open/*"))
    assert [file.key for file in ana.files("lake", "open/")] == ["open/a"]
    refuses(lambda: ana.files("lake"))
    assert [file.key for file in lake.files("lake")] == ["a", "open/a"]
    deny = {**allow("s3:GetObject", effect="Deny", resource="arn:aws:s3:::lake/a"), "Principal": "*"}
    lake.put_bucket_policy(Bucket="lake", Policy=document(deny))
    refuses(lambda: lake.files("lake"))
    assert [file.key for file in lake.files("lake", "open/")] == ["open/a"]


def test_a_bucket_is_made_as_its_makers_policy_wants_it(ana: Any) -> None:
    enforced = {"StringEqualsIfExists": {"s3:x-amz-object-ownership": "BucketOwnerEnforced"}}
    give(ana, allow("s3:CreateBucket", "s3:PutBucketOwnershipControls", Condition=enforced))
    ana.create_bucket(Bucket="anas", ObjectOwnership="BucketOwnerEnforced")
    refuses(lambda: ana.create_bucket(Bucket="anas2", ObjectOwnership="ObjectWriter"))
    refuses(lambda: ana.create_bucket(Bucket="anas2", ACL="private"))
