from __future__ import annotations

from typing import Any

import pytest

from .asking import body, folders, refused


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    set_versioning(s3, bucket, "Enabled")
    return bucket


def set_versioning(s3: Any, bucket: str, status: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": status})


def put(s3: Any, bucket: str, key: str, *contents: bytes) -> list[str]:
    return [s3.put_object(Bucket=bucket, Key=key, Body=content)["VersionId"] for content in contents]


def history(s3: Any, bucket: str, **asked: Any) -> list[tuple[str, str, bool]]:
    """Key, version and whether it is the latest; a delete marker has "marker" as its version."""
    told = s3.list_object_versions(Bucket=bucket, **asked)
    versions = [(v["Key"], v["VersionId"], v["IsLatest"]) for v in told.get("Versions", [])]
    return [(m["Key"], "marker", m["IsLatest"]) for m in told.get("DeleteMarkers", [])] + versions


def test_a_bucket_is_not_versioned_at_first(s3: Any, bucket: str) -> None:
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert "VersionId" not in s3.put_object(Bucket=bucket, Key="a")


def test_every_version_can_be_read(s3: Any, versioned: str) -> None:
    versions = put(s3, versioned, "a", b"1", b"2", b"3")
    assert [body(s3.get_object(Bucket=versioned, Key="a", VersionId=v)) for v in versions] == [
        b"1",
        b"2",
        b"3",
    ]
    got = s3.get_object(Bucket=versioned, Key="a")
    assert (body(got), got["VersionId"]) == (b"3", versions[2])
    assert history(s3, versioned) == [("a", v, v == versions[2]) for v in versions[::-1]]


def test_a_deleted_object_is_hidden_by_a_marker_and_comes_back_without_it(s3: Any, versioned: str) -> None:
    (version,) = put(s3, versioned, "a", b"1")
    deleted = s3.delete_object(Bucket=versioned, Key="a")
    assert deleted["DeleteMarker"]
    with refused("NoSuchKey", 404) as told:
        s3.get_object(Bucket=versioned, Key="a")
    assert told["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    with refused("MethodNotAllowed", 405):
        s3.get_object(Bucket=versioned, Key="a", VersionId=deleted["VersionId"])
    assert history(s3, versioned) == [("a", "marker", True), ("a", version, False)]
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    s3.delete_object(Bucket=versioned, Key="a", VersionId=deleted["VersionId"])
    assert body(s3.get_object(Bucket=versioned, Key="a")) == b"1"


def test_deleting_the_newest_version_brings_back_the_one_before(s3: Any, versioned: str) -> None:
    versions = put(s3, versioned, "a", b"1", b"2")
    told = s3.delete_object(Bucket=versioned, Key="a", VersionId=versions[1])
    assert told["VersionId"] == versions[1]
    assert body(s3.get_object(Bucket=versioned, Key="a")) == b"1"
    with refused("NoSuchVersion", 404):
        s3.get_object(Bucket=versioned, Key="a", VersionId=versions[1])


def test_what_was_there_before_versioning_is_the_version_null(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"before")
    set_versioning(s3, bucket, "Enabled")
    put(s3, bucket, "a", b"after")
    assert body(s3.get_object(Bucket=bucket, Key="a", VersionId="null")) == b"before"


def test_suspended_versioning_overwrites_only_the_version_null(s3: Any, versioned: str) -> None:
    (version,) = put(s3, versioned, "a", b"kept")
    set_versioning(s3, versioned, "Suspended")
    for content in (b"1", b"2"):
        assert "VersionId" not in s3.put_object(Bucket=versioned, Key="a", Body=content)
    assert [v for _, v, _ in history(s3, versioned)] == ["null", version]
    assert s3.delete_object(Bucket=versioned, Key="a")["VersionId"] == "null"
    assert history(s3, versioned) == [("a", "marker", True), ("a", version, False)]


def test_versions_list_in_pages_that_end_anywhere(s3: Any, versioned: str) -> None:
    made = {key: put(s3, versioned, key, b"1", b"2", b"3")[::-1] for key in ("a", "b")}
    for size in (1, 2, 5):
        seen: list[tuple[str, str]] = []
        latest = []
        pages = s3.get_paginator("list_object_versions").paginate(
            Bucket=versioned, PaginationConfig={"PageSize": size}
        )
        for page in pages:
            seen += [(v["Key"], v["VersionId"]) for v in page["Versions"]]
            latest += [v["VersionId"] for v in page["Versions"] if v["IsLatest"]]
        assert seen == [(key, version) for key in ("a", "b") for version in made[key]]
        assert latest == [made["a"][0], made["b"][0]]


def test_a_page_goes_on_behind_a_version_that_was_deleted_meanwhile(s3: Any, versioned: str) -> None:
    versions = put(s3, versioned, "a", b"1", b"2", b"3")[::-1]
    s3.delete_object(Bucket=versioned, Key="a", VersionId=versions[1])
    assert history(s3, versioned, KeyMarker="a", VersionIdMarker=versions[1]) == [("a", versions[2], False)]


def test_versions_list_in_folders(s3: Any, versioned: str) -> None:
    for key in ("a/1", "a/2", "b"):
        put(s3, versioned, key, b"1", b"2")
    told = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert folders(told) == ["a/"]
    assert [v["Key"] for v in told["Versions"]] == ["b", "b"]
    assert [key for key, _, _ in history(s3, versioned, Prefix="a/")] == ["a/1", "a/1", "a/2", "a/2"]


def test_a_bucket_with_old_versions_is_not_empty(s3: Any, versioned: str) -> None:
    (version,) = put(s3, versioned, "a", b"1")
    marker = s3.delete_object(Bucket=versioned, Key="a")["VersionId"]
    with refused("BucketNotEmpty", 409):
        s3.delete_bucket(Bucket=versioned)
    wanted = [{"Key": "a", "VersionId": v} for v in (version, marker)]
    told = s3.delete_objects(Bucket=versioned, Delete={"Objects": wanted})
    assert [item["VersionId"] for item in told["Deleted"]] == [version, marker]
    s3.delete_bucket(Bucket=versioned)


def test_tags_and_copies_are_of_a_version(s3: Any, versioned: str) -> None:
    old, _ = put(s3, versioned, "a", b"1", b"2")
    tags = [{"Key": "k", "Value": "v"}]
    s3.put_object_tagging(Bucket=versioned, Key="a", VersionId=old, Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=versioned, Key="a")["TagSet"] == []
    assert s3.get_object_tagging(Bucket=versioned, Key="a", VersionId=old)["TagSet"] == tags
    source = {"Bucket": versioned, "Key": "a", "VersionId": old}
    assert s3.copy_object(Bucket=versioned, Key="b", CopySource=source)["CopySourceVersionId"] == old
    assert body(s3.get_object(Bucket=versioned, Key="b")) == b"1"


def test_versioning_is_enabled_or_suspended_and_nothing_else(s3: Any, bucket: str) -> None:
    with refused("MalformedXML", 400):
        set_versioning(s3, bucket, "Maybe")
