from __future__ import annotations

from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import refused


def tag_set(**tags: str) -> dict[str, list[dict[str, str]]]:
    return {"TagSet": [{"Key": key, "Value": value} for key, value in tags.items()]}


def test_tags_of_an_object_are_replaced_and_deleted(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "a"}
    s3.put_object(**where, Tagging="team=data%20science&empty=")
    assert s3.get_object_tagging(**where)["TagSet"] == tag_set(empty="", team="data science")["TagSet"]
    assert s3.head_object(**where)["TagCount"] == 2
    s3.put_object_tagging(**where, Tagging=tag_set(stage="raw"))
    assert s3.get_object_tagging(**where)["TagSet"] == tag_set(stage="raw")["TagSet"]
    s3.delete_object_tagging(**where)
    assert s3.get_object_tagging(**where)["TagSet"] == []
    with refused("NoSuchKey", 404):
        s3.get_object_tagging(Bucket=bucket, Key="none")


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ({f"k{number}": "" for number in range(11)}, "BadRequest"),
        ({"k" * 129: ""}, "InvalidTag"),
        ({"k": "v" * 257}, "InvalidTag"),
        ({"aws:k": ""}, "InvalidTag"),
    ],
)
def test_tags_have_their_limits(lake: Any, tags: dict[str, str], code: str) -> None:
    lake.put_object(Bucket="lake", Key="a")
    with pytest.raises(AwsError, match=code):
        lake.put_object_tagging(Bucket="lake", Key="a", Tagging=tag_set(**tags))


def test_a_tag_comes_once(lake: Any) -> None:
    with pytest.raises(AwsError, match="InvalidTag"):
        lake.put_object(Bucket="lake", Key="a", Tagging="a=1&a=2")


def test_a_tag_without_a_value_is_an_empty_one(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="a", Tagging="a=1&b")
    told = lake.get_object_tagging(Bucket="lake", Key="a")["TagSet"]
    assert told == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]


def test_tags_of_a_bucket(s3: Any, bucket: str) -> None:
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging=tag_set(cost="lab"))
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tag_set(cost="lab")["TagSet"]
    s3.delete_bucket_tagging(Bucket=bucket)
    with refused("NoSuchTagSet", 404):
        s3.get_bucket_tagging(Bucket=bucket)
