from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from .asking import folders, names, refused

KEYS = ["asdf", "boo/bar", "boo/baz/xyzzy", "cquux/thud", "cquux/bla"]


@pytest.fixture
def shelf(s3: Any, bucket: str) -> str:
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    return bucket


def test_a_listing_tells_what_a_head_would(s3: Any, shelf: str) -> None:
    listed = s3.list_objects_v2(Bucket=shelf, Prefix="asdf")["Contents"][0]
    head = s3.head_object(Bucket=shelf, Key="asdf")
    assert (listed["ETag"], listed["Size"]) == (head["ETag"], head["ContentLength"])
    assert (listed["LastModified"], listed["StorageClass"]) == (head["LastModified"], "STANDARD")
    assert (listed["ChecksumAlgorithm"], listed["ChecksumType"]) == (["CRC32"], "FULL_OBJECT")


def test_a_delimiter_makes_folders(s3: Any, shelf: str) -> None:
    told = s3.list_objects_v2(Bucket=shelf, Delimiter="/")
    assert (names(told), folders(told), told["KeyCount"]) == (["asdf"], ["boo/", "cquux/"], 3)
    told = s3.list_objects_v2(Bucket=shelf, Delimiter="/", Prefix="boo/")
    assert (names(told), folders(told)) == (["boo/bar"], ["boo/baz/"])


def test_version_1_goes_on_behind_its_marker(s3: Any, shelf: str) -> None:
    seen, marker = [], ""
    for _ in range(3):
        told = s3.list_objects(Bucket=shelf, Delimiter="/", Marker=marker, MaxKeys=1)
        seen += [*names(told), *folders(told)]
        marker = told.get("NextMarker", "")
    assert seen == ["asdf", "boo/", "cquux/"]
    assert not told["IsTruncated"]


def test_version_1_tells_the_next_marker_only_with_a_delimiter(s3: Any, shelf: str) -> None:
    told = s3.list_objects(Bucket=shelf, MaxKeys=2)
    assert told["IsTruncated"]
    assert "NextMarker" not in told


def test_version_2_goes_on_with_its_token(s3: Any, shelf: str) -> None:
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=shelf, PaginationConfig={"PageSize": 2}))
    assert [len(names(page)) for page in pages] == [2, 2, 1]
    assert [key for page in pages for key in names(page)] == sorted(KEYS)
    assert pages[1]["ContinuationToken"] == pages[0]["NextContinuationToken"]


def test_a_token_that_was_never_given_out_is_refused(s3: Any, shelf: str) -> None:
    with refused("InvalidArgument", 400):
        s3.list_objects_v2(Bucket=shelf, ContinuationToken="asdf")


def test_a_listing_starts_behind_a_key_that_need_not_exist(s3: Any, shelf: str) -> None:
    told = s3.list_objects_v2(Bucket=shelf, StartAfter="boo/c")
    assert names(told) == ["cquux/bla", "cquux/thud"]
    assert told["StartAfter"] == "boo/c"


def test_the_owner_is_told_on_request(s3: Any, shelf: str) -> None:
    assert "Owner" not in s3.list_objects_v2(Bucket=shelf)["Contents"][0]
    owner = s3.list_objects_v2(Bucket=shelf, FetchOwner=True)["Contents"][0]["Owner"]
    assert owner == s3.list_buckets()["Owner"]


def test_no_keys_can_be_asked_for(s3: Any, shelf: str) -> None:
    told = s3.list_objects_v2(Bucket=shelf, MaxKeys=0)
    assert (told["KeyCount"], told["IsTruncated"]) == (0, False)


def test_a_negative_page_size_is_refused(s3: Any, shelf: str) -> None:
    with refused("InvalidArgument", 400):
        s3.list_objects(Bucket=shelf, MaxKeys=-1)


def test_a_listing_short_or_long_is_whole(s3: Any, bucket: str) -> None:
    """Short ones are made on the event loop, long ones by a thread."""
    keys = [f"{number:03}/{'x' * (number % 2)}" for number in range(121)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)
    for delimiter, most in product(("", "/"), (99, 100, 101, 120, 121, 1000)):
        told = s3.list_objects_v2(Bucket=bucket, MaxKeys=most, Delimiter=delimiter)
        whole = [f"{key.partition('/')[0]}/" for key in keys] if delimiter else keys
        assert (folders(told) if delimiter else names(told)) == whole[:most]
        assert told["IsTruncated"] == ("NextContinuationToken" in told) == (most < len(whole))


def test_keys_that_xml_cannot_hold_are_told_url_encoded(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a b/\x01+é")
    told = s3.list_objects_v2(Bucket=bucket, EncodingType="url", Delimiter="/")
    assert folders(told) == ["a%20b/"]
    told = s3.list_objects_v2(Bucket=bucket, EncodingType="url")
    assert names(told) == ["a%20b/%01%2B%C3%A9"]
    with refused("InvalidArgument", 400):
        s3.list_objects_v2(Bucket=bucket, EncodingType="base64")


def test_a_page_in_this_process_has_the_same_members_as_over_http(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    told = lake.list_objects_v2(Bucket="lake")
    assert [item["Key"] for item in told["Contents"]] == ["a"]
    assert told["Contents"][0]["Size"] == told["Contents"][-1:][0]["Size"] == 1
