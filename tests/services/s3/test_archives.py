from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import body, refused
from .clock import Clock

PLACE = {"Bucket": "lake", "Key": "a"}
QUERY = {
    "Expression": "SELECT * FROM s3object",
    "ExpressionType": "SQL",
    "InputSerialization": {"CSV": {}},
    "OutputSerialization": {"CSV": {}},
}


@pytest.fixture
def archived(calm: Any) -> Any:
    calm.put_object(**PLACE, Body=b"cold", StorageClass="GLACIER")
    return calm


def restore(s3: Any, days: int = 2) -> int:
    return int(s3.restore_object(**PLACE, RestoreRequest={"Days": days, "Tier": "Bulk"}).status)


def told(reading: Callable[[], Any]) -> str:
    with pytest.raises(AwsError) as caught:
        reading()
    return caught.value.code


def test_an_archived_object_is_seen_but_not_read(archived: Any) -> None:
    assert archived.head_object(**PLACE)["StorageClass"] == "GLACIER"
    assert told(lambda: archived.get_object(**PLACE)) == "InvalidObjectState"
    assert told(lambda: archived.select_object_content(**PLACE, **QUERY)) == "InvalidObjectState"
    assert (
        told(lambda: archived.copy_object(Bucket="lake", Key="b", CopySource="lake/a"))
        == "InvalidObjectState"
    )


def test_a_restored_object_can_be_read_until_the_midnight_after_its_days(archived: Any, clock: Clock) -> None:
    assert restore(archived) == 202
    said = 'ongoing-request="false", expiry-date="Fri, 18 Jan 2030 00:00:00 GMT"'
    assert archived.head_object(**PLACE)["Restore"] == said
    assert archived.get_object(**PLACE)["ContentLength"] == 4
    assert archived.head_object(**PLACE)["StorageClass"] == "GLACIER"
    clock.pass_days(3)
    assert told(lambda: archived.get_object(**PLACE)) == "InvalidObjectState"
    assert "Restore" not in archived.head_object(**PLACE)


def test_restoring_again_gives_other_days(archived: Any, clock: Clock) -> None:
    restore(archived)
    assert restore(archived, 10) == 200
    clock.pass_days(5)
    assert archived.get_object(**PLACE)["ContentLength"] == 4


def test_listings_tell_of_restores_where_they_are_asked_to(archived: Any) -> None:
    archived.put_object(Bucket="lake", Key="b", Body=b"warm")
    restore(archived)
    asked = {"Bucket": "lake", "OptionalObjectAttributes": ["RestoreStatus"]}
    for found in (
        archived.list_objects_v2(**asked)["Contents"],
        archived.list_objects(**asked)["Contents"],
        archived.list_object_versions(**asked)["Versions"],
    ):
        assert [item.get("RestoreStatus", {}).get("IsRestoreInProgress") for item in found] == [False, None]
    assert "RestoreStatus" not in archived.list_objects_v2(Bucket="lake")["Contents"][0]
    assert (
        told(lambda: archived.list_objects_v2(Bucket="lake", OptionalObjectAttributes=["Size"]))
        == "InvalidArgument"
    )


def test_what_is_not_archived_needs_no_restore(calm: Any) -> None:
    calm.put_object(**PLACE, Body=b"warm", StorageClass="GLACIER_IR")
    assert calm.get_object(**PLACE)["ContentLength"] == 4
    assert told(lambda: restore(calm)) == "InvalidObjectState"


def test_a_restore_says_for_how_long(archived: Any) -> None:
    assert told(lambda: restore(archived, 0)) == "InvalidArgument"
    assert told(lambda: archived.restore_object(**PLACE, RestoreRequest={})) == "MalformedXML"
    asked = {"Days": 1, "Type": "SELECT"}
    assert told(lambda: archived.restore_object(**PLACE, RestoreRequest=asked)) == "NotImplemented"


def test_clients_restore_what_they_have_archived(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"cold", StorageClass="DEEP_ARCHIVE")
    with refused("InvalidObjectState", 403) as error:
        s3.get_object(Bucket=bucket, Key="a")
    assert error["Error"]["StorageClass"] == "DEEP_ARCHIVE"
    made = s3.restore_object(Bucket=bucket, Key="a", RestoreRequest={"Days": 1})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert body(s3.get_object(Bucket=bucket, Key="a")) == b"cold"
    asked = {"Bucket": bucket, "OptionalObjectAttributes": ["RestoreStatus"]}
    (listed,) = s3.list_objects_v2(**asked)["Contents"]
    assert listed["RestoreStatus"]["IsRestoreInProgress"] is False
