from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from .asking import refused

CONTROL = "bucket-owner-full-control"


def setting(s3: Any, bucket: str) -> str:
    (rule,) = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    found: str = rule["ObjectOwnership"]
    return found


def choose(s3: Any, bucket: str, ownership: str) -> None:
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)


def owner(s3: Any, bucket: str, key: str) -> str:
    found: str = s3.get_object_acl(Bucket=bucket, Key=key)["Owner"]["ID"]
    return found


def let_write(s3: Any, bucket: str, account: str) -> None:
    actions = ["s3:PutObject", "s3:GetObject", "s3:GetObjectAcl", "s3:ListBucket"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": actions,
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def test_the_owner_of_a_new_bucket_owns_all_that_is_in_it(
    s3: Any, theirs: Any, bucket: str, neighbour: dict[str, str]
) -> None:
    assert setting(s3, bucket) == "BucketOwnerEnforced"
    me = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    let_write(s3, bucket, neighbour["AccountId"])
    theirs.put_object(Bucket=bucket, Key="a", Body=b"x")
    theirs.put_object(Bucket=bucket, Key="b", Body=b"x", ACL=CONTROL)
    theirs.put_object(Bucket=bucket, Key="c", Body=b"x", GrantFullControl=f'id="{me}"')
    for key in "abc":
        assert owner(s3, bucket, key) == me
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"x"


@pytest.mark.parametrize("acl", ["private", "public-read", "bucket-owner-read"])
def test_an_acl_is_refused_where_acls_are_off(s3: Any, bucket: str, acl: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    for attempt in (
        lambda: s3.put_object(Bucket=bucket, Key="a", ACL=acl),
        lambda: s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a", ACL=acl),
        lambda: s3.create_multipart_upload(Bucket=bucket, Key="b", ACL=acl),
        lambda: s3.put_object_acl(Bucket=bucket, Key="a", ACL=acl),
        lambda: s3.put_bucket_acl(Bucket=bucket, ACL=acl),
    ):
        with refused("AccessControlListNotSupported", 400):
            attempt()


def test_an_acl_that_says_what_holds_anyway_is_taken(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    s3.put_object_acl(Bucket=bucket, Key="a", ACL=CONTROL)
    told = s3.get_object_acl(Bucket=bucket, Key="a")
    policy = {"Owner": told["Owner"], "Grants": told["Grants"]}
    s3.put_object_acl(Bucket=bucket, Key="a", AccessControlPolicy=policy)
    s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy=policy)


def test_who_writes_an_object_may_own_it(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    bucket, them = open_bucket, neighbour["CanonicalUserId"]
    let_write(s3, bucket, neighbour["AccountId"])
    theirs.put_object(Bucket=bucket, Key="a", Body=b"x")
    theirs.put_object(Bucket=bucket, Key="b", Body=b"x", ACL=CONTROL)
    s3.put_object(Bucket=bucket, Key="c")
    assert owner(theirs, bucket, "a") == them == owner(theirs, bucket, "b")
    listed = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
    me = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    assert [one["Owner"]["ID"] for one in listed] == [them, them, me]
    assert [one["Owner"]["ID"] for one in s3.list_objects(Bucket=bucket)["Contents"]] == [them, them, me]
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [one["Owner"]["ID"] for one in versions] == [them, them, me]


def test_what_others_have_written_is_not_the_bucket_owners_to_read_but_to_delete(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    bucket = open_bucket
    let_write(s3, bucket, neighbour["AccountId"])
    theirs.put_object(Bucket=bucket, Key="a", Body=b"x")
    theirs.put_object(Bucket=bucket, Key="b", Body=b"x", ACL=CONTROL)
    with refused("AccessDenied", 403):
        s3.get_object(Bucket=bucket, Key="a")
    with refused("AccessDenied", 403):
        s3.put_object_acl(Bucket=bucket, Key="a", ACL="public-read")
    assert s3.get_object(Bucket=bucket, Key="b")["Body"].read() == b"x"
    s3.delete_object(Bucket=bucket, Key="a")


def test_a_preferred_owner_gets_what_is_handed_over(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    bucket, them = open_bucket, neighbour["CanonicalUserId"]
    me = s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    choose(s3, bucket, "BucketOwnerPreferred")
    let_write(s3, bucket, neighbour["AccountId"])
    theirs.put_object(Bucket=bucket, Key="a", ACL=CONTROL)
    theirs.put_object(Bucket=bucket, Key="b", ACL="private")
    theirs.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/b", ACL=CONTROL)
    assert [owner(s3, bucket, "a"), owner(theirs, bucket, "b"), owner(s3, bucket, "c")] == [me, them, me]
    assert s3.get_object_acl(Bucket=bucket, Key="a")["Grants"] == s3.get_bucket_acl(Bucket=bucket)["Grants"]


def test_an_upload_tells_who_began_it_and_whose_the_object_will_be(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    bucket, them = open_bucket, neighbour["CanonicalUserId"]
    let_write(s3, bucket, neighbour["AccountId"])
    upload = theirs.create_multipart_upload(Bucket=bucket, Key="a", ACL="public-read")["UploadId"]
    part = theirs.upload_part(Bucket=bucket, Key="a", PartNumber=1, UploadId=upload, Body=b"x")
    (listed,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    parts = theirs.list_parts(Bucket=bucket, Key="a", UploadId=upload)
    for told in (listed, parts):
        assert told["Owner"]["ID"] == them
        assert f"::{neighbour['AccountId']}:" in told["Initiator"]["ID"]
    done = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    theirs.complete_multipart_upload(Bucket=bucket, Key="a", UploadId=upload, MultipartUpload=done)
    assert owner(theirs, bucket, "a") == them
    assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"x"


def test_an_upload_may_be_given_up_by_whoever_began_it(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    let_write(s3, open_bucket, neighbour["AccountId"])
    upload = theirs.create_multipart_upload(Bucket=open_bucket, Key="a")["UploadId"]
    mine = s3.create_multipart_upload(Bucket=open_bucket, Key="a")["UploadId"]
    theirs.abort_multipart_upload(Bucket=open_bucket, Key="a", UploadId=upload)
    with refused("AccessDenied", 403):
        theirs.abort_multipart_upload(Bucket=open_bucket, Key="a", UploadId=mine)


def test_acls_go_before_they_can_be_disabled_and_those_of_objects_come_back(
    s3: Any, theirs: Any, open_bucket: str, neighbour: dict[str, str]
) -> None:
    bucket, them = open_bucket, neighbour["CanonicalUserId"]
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read-write")
    theirs.put_object(Bucket=bucket, Key="a", ACL="public-read")
    with refused("InvalidBucketAclWithObjectOwnership", 400):
        choose(s3, bucket, "BucketOwnerEnforced")
    s3.put_bucket_acl(Bucket=bucket, ACL="private")
    choose(s3, bucket, "BucketOwnerEnforced")
    assert owner(s3, bucket, "a") == s3.get_bucket_acl(Bucket=bucket)["Owner"]["ID"]
    assert len(s3.get_object_acl(Bucket=bucket, Key="a")["Grants"]) == 1
    with refused("AccessDenied", 403):
        theirs.get_object(Bucket=bucket, Key="a")
    s3.put_object(Bucket=bucket, Key="b")
    choose(s3, bucket, "ObjectWriter")
    assert owner(theirs, bucket, "a") == them
    assert len(theirs.get_object_acl(Bucket=bucket, Key="a")["Grants"]) == 2
    assert owner(s3, bucket, "b") != them


def test_without_a_setting_who_writes_owns(s3: Any, bucket: str) -> None:
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    with refused("OwnershipControlsNotFoundError", 404):
        s3.get_bucket_ownership_controls(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="a", ACL="private")
    s3.delete_bucket_ownership_controls(Bucket=bucket)


def test_a_setting_that_is_none_is_refused(s3: Any, bucket: str) -> None:
    with refused("MalformedXML", 400):
        choose(s3, bucket, "Everybody")
    with refused("InvalidArgument", 400):
        s3.create_bucket(Bucket=f"{bucket}-2", ObjectOwnership="Everybody")


def test_a_bucket_begins_with_the_acl_that_its_setting_allows(s3: Any) -> None:
    name = f"bucket-{secrets.token_hex(6)}"
    with refused("InvalidBucketAclWithObjectOwnership", 400):
        s3.create_bucket(Bucket=name, ACL="public-read", ObjectOwnership="BucketOwnerEnforced")
    s3.create_bucket(Bucket=name, ACL="log-delivery-write", ObjectOwnership="BucketOwnerPreferred")
    assert [one["Permission"] for one in s3.get_bucket_acl(Bucket=name)["Grants"]] == [
        "FULL_CONTROL",
        "WRITE",
        "READ_ACP",
    ]


def test_the_block_that_nobody_asked_for_gives_way_to_the_first_thing_public(s3: Any) -> None:
    name = f"bucket-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name, ACL="public-read")  # AWS wants two calls more for this
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert (block["BlockPublicAcls"], block["BlockPublicPolicy"]) == (False, True)
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
    s3.put_bucket_policy(Bucket=name, Policy=policy)
    block = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    assert not any(block.values())
    s3.delete_bucket_policy(Bucket=name)
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration={"BlockPublicPolicy": True})
    with refused("AccessDenied", 403):
        s3.put_bucket_policy(Bucket=name, Policy=policy)
