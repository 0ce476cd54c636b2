from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import refused


def fresh() -> str:
    return f"bucket-{secrets.token_hex(6)}"


def test_a_bucket_is_made_found_listed_and_deleted(s3: Any) -> None:
    name = fresh()
    assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
    assert s3.head_bucket(Bucket=name)["BucketRegion"] == "us-east-1"
    assert name in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.delete_bucket(Bucket=name)
    with refused("404"):
        s3.head_bucket(Bucket=name)
    with refused("NoSuchBucket", 404) as told:
        s3.list_objects_v2(Bucket=name)
    assert told["Error"]["BucketName"] == name


def test_making_ones_own_bucket_again_is_no_error_in_us_east_1_only(
    client: Callable[..., Any], s3: Any
) -> None:
    name, elsewhere = fresh(), fresh()
    s3.create_bucket(Bucket=name)
    s3.create_bucket(Bucket=name)
    ireland = client("s3", region_name="eu-west-1")
    location = {"LocationConstraint": "eu-west-1"}
    ireland.create_bucket(Bucket=elsewhere, CreateBucketConfiguration=location)
    with refused("BucketAlreadyOwnedByYou", 409):
        ireland.create_bucket(Bucket=elsewhere, CreateBucketConfiguration=location)


def test_the_location_must_be_told_outside_of_us_east_1(client: Callable[..., Any], s3: Any) -> None:
    name = fresh()
    ireland = client("s3", region_name="eu-west-1")
    with refused("IllegalLocationConstraintException"):
        ireland.create_bucket(Bucket=name)
    with refused("IllegalLocationConstraintException"):
        ireland.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-2"})
    ireland.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert ireland.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    with refused("InvalidLocationConstraint"):
        s3.create_bucket(Bucket=fresh(), CreateBucketConfiguration={"LocationConstraint": "us-east-1"})


def test_the_location_of_a_bucket_in_us_east_1_is_told_as_none(s3: Any, bucket: str) -> None:
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_names_are_global(lake: Any, stranger: Any) -> None:
    with pytest.raises(AwsError, match="BucketAlreadyExists"):
        stranger.create_bucket(Bucket="lake")
    assert stranger.list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    "name", ["ab", "Upper", "a..b", "-a-", "192.168.0.1", "a_b", "xn--x", "x-s3alias", "a" * 64, "a b"]
)
def test_a_name_that_aws_refuses_is_refused(lake: Any, name: str) -> None:
    with pytest.raises(AwsError, match="InvalidBucketName"):
        lake.create_bucket(Bucket=name)


def test_a_bucket_that_holds_anything_is_not_deleted(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=bucket)


def test_uploads_under_way_do_not_keep_a_bucket(lake: Any) -> None:
    upload = lake.create_multipart_upload(Bucket="lake", Key="a")["UploadId"]
    lake.upload_part(Bucket="lake", Key="a", UploadId=upload, PartNumber=1, Body=b"part")
    lake.delete_bucket(Bucket="lake")
    assert list(lake.store.blobs.folder.glob("??/*")) == []


def test_the_expected_owner_is_obeyed(s3: Any, bucket: str) -> None:
    with refused("AccessDenied", 403):
        s3.put_object(Bucket=bucket, Key="a", ExpectedBucketOwner="111111111111")


def test_buckets_list_in_pages(s3: Any) -> None:
    prefix = f"paged-{secrets.token_hex(4)}-"
    made = [f"{prefix}{number}" for number in range(3)]
    for name in made:
        s3.create_bucket(Bucket=name)
    pages = s3.get_paginator("list_buckets").paginate(Prefix=prefix, PaginationConfig={"PageSize": 2})
    assert [bucket["Name"] for page in pages for bucket in page["Buckets"]] == made
