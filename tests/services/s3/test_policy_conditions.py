"""What a bucket's policy may ask of a request before it lets a stranger go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cumulet.services import iam
from cumulet.wire.errors import AwsError

Condition = dict[str, dict[str, Any]]
Call = Callable[[Any], Any]


def grant(lake: Any, action: str | list[str], condition: Condition, principal: str = "999999999999") -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": action,
        "Resource": ["arn:aws:s3:::lake", "arn:aws:s3:::lake/*"],
        "Condition": condition,
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    lake.put_bucket_policy(Bucket="lake", Policy=json.dumps(document))


def put(**more: Any) -> Call:
    return lambda who: who.put_object(Bucket="lake", Key="b", **more)


def listing(**more: Any) -> Call:
    return lambda who: who.list_objects_v2(Bucket="lake", **more)


def copy(**more: Any) -> Call:
    return lambda who: who.copy_object(Bucket="lake", Key="b", **{"CopySource": "lake/a", **more})


def equals(key: str, value: Any) -> Condition:
    return {"StringEquals": {key: value}}


@pytest.mark.parametrize(
    ("actions", "condition", "good", "bad"),
    [
        ("s3:PutObject", equals("s3:x-amz-acl", "bucket-owner-full-control"),
         put(ACL="bucket-owner-full-control"), put()),
        ("s3:PutObject", {"StringLike": {"s3:x-amz-grant-full-control": "*id=*"}},
         put(GrantFullControl="id={me}"), put()),
        ("s3:PutObject", {"Null": {"s3:x-amz-server-side-encryption": "false"}},
         put(ServerSideEncryption="AES256"), put()),
        (["s3:PutObject", "s3:GetObject"], {"StringLikeIfExists": {"s3:x-amz-copy-source": "lake/a*"}},
         copy(), copy(CopySource="lake/other")),
        (["s3:PutObject", "s3:GetObject"], {"StringEqualsIfExists": {"s3:x-amz-metadata-directive": "COPY"}},
         copy(MetadataDirective="COPY"), copy(MetadataDirective="REPLACE")),
        ("s3:PutObject", {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["level"]}},
         put(Tagging="level=1"), put(Tagging="level=1&other=2")),
        ("s3:ListBucket", equals("s3:delimiter", "/"), listing(Delimiter="/"), listing()),
        ("s3:ListBucket", {"NumericLessThanEquals": {"s3:max-keys": "10"}},
         listing(MaxKeys=5), listing(MaxKeys=50)),
        ("s3:ListBucket", equals("s3:prefix", "a/"), listing(Prefix="a/"), listing(Prefix="b/")),
    ],
)  # fmt: skip
def test_a_policy_may_ask_what_a_request_says(
    lake: Any, stranger: Any, actions: Any, condition: Condition, good: Call, bad: Call
) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    lake.put_object(Bucket="lake", Key="other", Body=b"x")
    if "x-amz-grant" in json.dumps(condition):
        me = lake.get_bucket_acl(Bucket="lake")["Owner"]["ID"]
        good = put(GrantFullControl=f'id="{me}"')
    grant(lake, actions, condition)
    good(stranger)
    with pytest.raises(AwsError, match="AccessDenied"):
        bad(stranger)


@pytest.mark.parametrize(
    ("condition", "good", "bad"),
    [
        ({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}, {"source_ip": "10.1.2.3"}, {"source_ip": "10.2.2.3"}),
        ({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}, {"source_ip": "11.2.3.4"}, {"source_ip": "10.2.3.4"}),
        ({"StringLike": {"aws:Referer": "https://notes.example/*"}}, {"referer": "https://notes.example/a"}, {}),
        ({"StringLikeIfExists": {"aws:Referer": "https://notes.example/*"}}, {}, {"referer": "https://else.example/"}),
        ({"StringLike": {"aws:UserAgent": "reader/*"}}, {"user_agent": "reader/1"}, {"user_agent": "writer/1"}),
        (equals("aws:ResourceAccount", "{owner}"), {}, None),
        ({"Bool": {"aws:SecureTransport": "true"}}, {}, None),
    ],
)  # fmt: skip
def test_a_policy_may_ask_where_a_request_comes_from(
    lake: Any, stranger: Any, condition: Condition, good: dict[str, str], bad: dict[str, str] | None
) -> None:
    lake.put_object(Bucket="lake", Key="a")
    text = json.dumps(condition).replace("{owner}", lake.caller.account)
    grant(lake, "s3:GetObject", json.loads(text))

    def get(**asked: str) -> Any:
        caller = replace(stranger.caller, **asked)
        return lake.house.service("s3", caller).get_object(Bucket="lake", Key="a")

    get(**good)
    if bad is not None:
        with pytest.raises(AwsError, match="AccessDenied"):
            get(**bad)


def test_a_policy_may_ask_for_one_version(lake: Any, stranger: Any) -> None:
    lake.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    old, new = (lake.put_object(Bucket="lake", Key="a", Body=b"x")["VersionId"] for _ in range(2))
    grant(lake, "s3:GetObjectVersion", equals("s3:VersionId", old))
    stranger.get_object(Bucket="lake", Key="a", VersionId=old)
    for more in ({"VersionId": new}, {}):
        with pytest.raises(AwsError, match="AccessDenied"):
            stranger.get_object(Bucket="lake", Key="a", **more)


def test_a_policy_may_name_an_account_by_its_canonical_id(lake: Any, stranger: Any) -> None:
    lake.put_object(Bucket="lake", Key="a")
    canonical = stranger.list_buckets()["Owner"]["ID"]
    statement = {
        "Effect": "Allow",
        "Principal": {"CanonicalUser": canonical},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::lake/*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    lake.put_bucket_policy(Bucket="lake", Policy=json.dumps(document))
    stranger.get_object(Bucket="lake", Key="a")


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        ({}, True),
        ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
        ({"IpAddress": {"aws:SourceIp": "16.0.0.0/7"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/32"}}, False),
        ({"IpAddress": {"aws:SourceIp": ["10.0.0.0/32", "0.0.0.0/1"]}}, True),
        ({"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
        ({"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}, False),
        ({"StringEquals": {"aws:PrincipalArn": "${aws:PrincipalArn}"}}, True),
        ({"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-91237329"}}, True),
        ({"ForAllValues:StringEquals": {"aws:SourceVpc": "vpc-91237329"}}, True),
        ({"StringLike": {"aws:Referer": "https://notes.example/*"}}, True),
    ],
)  # fmt: skip
def test_what_makes_a_policy_public(lake: Any, condition: Condition, public: bool) -> None:
    lake.delete_public_access_block(Bucket="lake")
    grant(lake, "s3:GetObject", condition, principal="*")
    assert lake.get_bucket_policy_status(Bucket="lake")["PolicyStatus"] == {"IsPublic": public}


def test_who_may_list_by_a_policy_is_told_what_is_missing_there(lake: Any, stranger: Any) -> None:
    grant(lake, "s3:ListBucket", {"StringLike": {"s3:prefix": "public/*"}})
    with pytest.raises(AwsError, match="NoSuchKey"):
        stranger.head_object(Bucket="lake", Key="public/none")
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.head_object(Bucket="lake", Key="private/none")
    lake.put_object(Bucket="lake", Key="public/a")
    with pytest.raises(AwsError, match="AccessDenied"):  # what is there is for readers
        stranger.head_object(Bucket="lake", Key="public/a")


def test_the_root_user_and_the_administrator_are_not_locked_out_by_a_policy(lake: Any) -> None:
    account = iam.account(lake.house)
    role = f"arn:aws:sts::{account}:assumed-role/CumuletAdministrator/cumulet"
    administrator = lake.house.service("s3", replace(lake.caller, arn=role, access_key="AKIA"))
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::lake"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    for who in (lake, administrator):
        who.put_bucket_policy(Bucket="lake", Policy=text)
        with pytest.raises(AwsError, match="AccessDenied"):
            who.list_objects_v2(Bucket="lake")
        assert who.get_bucket_policy(Bucket="lake") == {"Policy": text}
        who.delete_bucket_policy(Bucket="lake")
