from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import refused


def policy(bucket: str, *actions: str, effect: str = "Allow", principal: Any = "*", **more: Any) -> str:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    statement = {
        "Effect": effect,
        "Principal": principal,
        "Action": list(actions),
        "Resource": resources,
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def fetched(address: str) -> bytes | int:
    """What an unsigned GET brings: the body, or the status of the refusal."""
    try:
        with urllib.request.urlopen(address) as answer:
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        return error.code


def test_only_a_policy_lets_the_public_in(s3: Any, server: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"public")
    address = f"{server.endpoint}/{bucket}/a"
    assert fetched(address) == 403
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:GetObject"))
    assert fetched(address) == b"public"
    assert fetched(f"{server.endpoint}/{bucket}/none") == 403
    assert fetched(f"{server.endpoint}/{bucket}") == 403
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"] == {"IsPublic": True}
    s3.delete_bucket_policy(Bucket=bucket)
    assert fetched(address) == 403


def test_a_block_refuses_public_policies_and_no_others(s3: Any, bucket: str) -> None:
    block = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=block)
    with refused("AccessDenied", 403):
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:GetObject"))
    account = {"AWS": "123456789012"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:GetObject", principal=account))
    narrow = {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:GetObject", Condition=narrow))


def test_a_restricted_bucket_keeps_the_public_out_in_spite_of_its_policy(
    s3: Any, server: Any, bucket: str
) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"public")
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, "s3:GetObject"))
    restricted = {"RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=restricted)
    assert fetched(f"{server.endpoint}/{bucket}/a") == 403


def test_strangers_may_do_what_a_policy_grants_them_and_no_more(lake: Any, stranger: Any) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    for attempt in (
        lambda: stranger.get_object(Bucket="lake", Key="a"),
        lambda: stranger.list_objects_v2(Bucket="lake"),
        lambda: stranger.delete_object(Bucket="lake", Key="a"),
        lambda: stranger.delete_bucket(Bucket="lake"),
        lambda: stranger.copy_object(Bucket="lake", Key="b", CopySource="lake/a"),
        lambda: stranger.create_multipart_upload(Bucket="lake", Key="a"),
        lambda: stranger.put_bucket_policy(Bucket="lake", Policy="{}"),
    ):
        with pytest.raises(AwsError, match="AccessDenied"):
            attempt()
    granted = policy("lake", "s3:GetObject", "s3:PutObject", principal={"AWS": stranger.caller.account})
    lake.put_bucket_policy(Bucket="lake", Policy=granted)
    assert stranger.get_object(Bucket="lake", Key="a")["Body"] == b"x"
    stranger.put_object(Bucket="lake", Key="b", Body=b"y")
    failed = stranger.delete_objects(Bucket="lake", Delete={"Objects": [{"Key": "a"}]})["Errors"]
    assert [(item["Key"], item["Code"]) for item in failed] == [("a", "AccessDenied")]


def test_who_may_not_list_is_not_told_what_is_missing(lake: Any, stranger: Any) -> None:
    account = {"AWS": stranger.caller.account}
    lake.put_bucket_policy(Bucket="lake", Policy=policy("lake", "s3:GetObject", principal=account))
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.get_object(Bucket="lake", Key="none")
    lake.put_bucket_policy(
        Bucket="lake", Policy=policy("lake", "s3:GetObject", "s3:ListBucket", principal=account)
    )
    with pytest.raises(AwsError, match="NoSuchKey"):
        stranger.get_object(Bucket="lake", Key="none")


def test_a_deny_holds_for_the_owner_too_but_does_not_lock_root_out(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="a")
    lake.put_bucket_policy(Bucket="lake", Policy=policy("lake", "s3:*", effect="Deny"))
    with pytest.raises(AwsError, match="AccessDenied"):
        lake.get_object(Bucket="lake", Key="a")
    lake.delete_bucket_policy(Bucket="lake")
    lake.get_object(Bucket="lake", Key="a")


def test_a_grant_to_list_may_be_for_a_prefix(lake: Any, stranger: Any) -> None:
    only = {"StringLike": {"s3:prefix": "shared/*"}}
    account = {"AWS": stranger.caller.account}
    lake.put_bucket_policy(
        Bucket="lake", Policy=policy("lake", "s3:ListBucket", principal=account, Condition=only)
    )
    assert stranger.list_objects_v2(Bucket="lake", Prefix="shared/x")["KeyCount"] == 0
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.list_objects_v2(Bucket="lake")


def test_a_policy_that_is_none_is_refused(s3: Any, bucket: str) -> None:
    with refused("NoSuchBucketPolicy", 404):
        s3.get_bucket_policy(Bucket=bucket)
    for text in ("{}", "not json", policy("another", "s3:GetObject"), policy(bucket, "sqs:SendMessage")):
        with refused("MalformedPolicy", 400):
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
    kept = policy(bucket, "s3:GetObject", effect="Deny", principal={"AWS": "123456789012"})
    s3.put_bucket_policy(Bucket=bucket, Policy=kept)
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == kept


def test_unsigned_calls_reach_no_operation_without_a_bucket(client: Callable[..., Any], server: Any) -> None:
    assert fetched(f"{server.endpoint}/") == 403


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("s3:x-amz-server-side-encryption", {"ServerSideEncryption": "AES256"}, {}),
        ("s3:x-amz-storage-class", {"StorageClass": "STANDARD_IA"}, {"StorageClass": "GLACIER"}),
        ("s3:RequestObjectTag/level", {"Tagging": "level=open"}, {"Tagging": "level=closed"}),
    ],
)
def test_a_policy_may_ask_what_a_write_says_of_itself(
    lake: Any, stranger: Any, key: str, good: dict[str, str], bad: dict[str, str]
) -> None:
    value = next(iter(good.values())).rpartition("=")[2]
    allow_if(lake, "s3:PutObject", {"StringEquals": {key: value}})
    stranger.put_object(Bucket="lake", Key="a", **good)
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.put_object(Bucket="lake", Key="a", **bad)


def test_a_policy_may_ask_for_the_tags_of_an_object(lake: Any, stranger: Any) -> None:
    allow_if(lake, "s3:GetObject", {"StringEquals": {"s3:ExistingObjectTag/level": "open"}})
    for level in ("open", "closed"):
        lake.put_object(Bucket="lake", Key=level, Tagging=f"level={level}")
    stranger.get_object(Bucket="lake", Key="open")
    with pytest.raises(AwsError, match="AccessDenied"):
        stranger.get_object(Bucket="lake", Key="closed")


def allow_if(lake: Any, action: str, condition: dict[str, Any]) -> None:
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": "999999999999"},
        "Action": action,
        "Condition": condition,
    }
    statement = {**allow, "Resource": "arn:aws:s3:::lake/*"}
    lake.put_bucket_policy(
        Bucket="lake", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
