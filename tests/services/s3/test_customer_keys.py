"""SSE-C: what a customer's own key locked is readable with that key, and with no other."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from cumulet.wire.errors import AwsError

from .asking import MIB, body, refused

TEXT = b"only who has the key reads this line. " * 1000


def own(seed: bytes, prefix: str = "") -> dict[str, str]:
    key = hashlib.sha256(seed).digest()
    return {
        f"{prefix}SSECustomerAlgorithm": "AES256",
        f"{prefix}SSECustomerKey": base64.b64encode(key).decode(),
        f"{prefix}SSECustomerKeyMD5": base64.b64encode(hashlib.md5(key).digest()).decode(),
    }


KEY, OTHER = own(b"mine"), own(b"another")
FOR_SOURCE = own(b"mine", "CopySource")


def put(lake: Any, **more: Any) -> Any:
    return lake.put_object(Bucket="lake", Key="a.csv", Body=TEXT, **more)


def read(lake: Any, key: str = "a.csv", **more: Any) -> bytes:
    content: bytes = lake.get_object(Bucket="lake", Key=key, **more)["Body"]
    return content


def test_the_key_opens_what_it_locked_whole_and_in_ranges(lake: Any) -> None:
    put(lake, **KEY)
    assert read(lake, **KEY) == TEXT
    assert read(lake, Range="bytes=17-99", **KEY) == TEXT[17:100]
    head = lake.head_object(Bucket="lake", Key="a.csv", **KEY)
    assert head["SSECustomerKeyMD5"] == KEY["SSECustomerKeyMD5"]
    assert head["ETag"] != f'"{hashlib.md5(TEXT).hexdigest()}"'


@pytest.mark.parametrize("key", [{}, OTHER], ids=["none", "another"])
def test_without_the_key_nothing_is_told(lake: Any, key: dict[str, str]) -> None:
    put(lake, **KEY)
    for ask in (lake.get_object, lake.head_object):
        with pytest.raises(AwsError, match="InvalidRequest"):
            ask(Bucket="lake", Key="a.csv", **key)
    with pytest.raises(AwsError, match="InvalidRequest"):
        lake.copy_object(Bucket="lake", Key="b", CopySource="lake/a.csv")


def test_a_key_for_what_is_not_locked_is_refused(lake: Any) -> None:
    put(lake)
    with pytest.raises(AwsError, match="not applicable"):
        lake.get_object(Bucket="lake", Key="a.csv", **KEY)


@pytest.mark.parametrize(
    "told",
    [
        {**KEY, "SSECustomerKeyMD5": OTHER["SSECustomerKeyMD5"]},
        {**KEY, "SSECustomerKeyMD5": None},
        {**KEY, "SSECustomerKey": None},
        {**KEY, "SSECustomerAlgorithm": None},
        {**KEY, "SSECustomerAlgorithm": "DES"},
        {**KEY, "ServerSideEncryption": "AES256"},
    ],
)
def test_an_incomplete_or_contradictory_key_is_refused(lake: Any, told: dict[str, Any]) -> None:
    with pytest.raises(AwsError):
        put(lake, **told)
    assert lake.list_objects_v2(Bucket="lake")["KeyCount"] == 0


def test_a_copy_opens_with_one_key_and_locks_with_another_or_none(lake: Any) -> None:
    put(lake, **KEY)
    copy = {"Bucket": "lake", "CopySource": "lake/a.csv", **FOR_SOURCE}
    lake.copy_object(Key="same", **copy, **KEY)
    lake.copy_object(Key="other", **copy, **OTHER)
    lake.copy_object(Key="sealed", ServerSideEncryption="AES256", **copy)
    lake.copy_object(Key="plain", **copy)
    assert read(lake, "same", **KEY) == read(lake, "other", **OTHER) == read(lake, "sealed") == TEXT
    plain = lake.get_object(Bucket="lake", Key="plain")
    assert plain["Body"] == TEXT
    assert plain["ETag"] == f'"{hashlib.md5(TEXT).hexdigest()}"'


def test_the_disk_holds_neither_the_bytes_nor_the_key(lake: Any) -> None:
    put(lake, **KEY)
    key = base64.b64decode(KEY["SSECustomerKey"])
    for file in lake.store.blobs.folder.parent.parent.rglob("*"):
        if file.is_file():
            assert TEXT[:30] not in file.read_bytes()
            assert key not in file.read_bytes()


def test_engines_are_told_that_they_cannot_read_it(lake: Any) -> None:
    put(lake, **KEY)
    with pytest.raises(AwsError, match="SSE-C"):
        lake.files("lake")


def test_an_upload_in_parts_is_locked_part_by_part(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "big"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, **KEY)["UploadId"]
    with refused("InvalidRequest", 400):
        s3.upload_part(PartNumber=1, Body=b"x", **upload, **OTHER)
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(PartNumber=number, Body=data, **upload, **KEY)["ETag"]}
        for number, data in ((1, bytes(5 * MIB)), (2, TEXT))
    ]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
    assert body(s3.get_object(Bucket=bucket, Key="big", **KEY)) == bytes(5 * MIB) + TEXT
    assert body(s3.get_object(Bucket=bucket, Key="big", PartNumber=2, **KEY)) == TEXT


def test_parts_with_checksums_are_joined_by_who_has_the_key(s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "summed"}
    begun = s3.create_multipart_upload(**upload, **KEY, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
    upload["UploadId"] = begun["UploadId"]
    part = s3.upload_part(PartNumber=1, Body=TEXT, ChecksumAlgorithm="CRC32", **upload, **KEY)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    for brought in ({}, OTHER):
        with refused("InvalidRequest", 400):
            s3.complete_multipart_upload(MultipartUpload=parts, **upload, **brought)
    s3.complete_multipart_upload(MultipartUpload=parts, **upload, **KEY)
    assert body(s3.get_object(Bucket=bucket, Key="summed", **KEY)) == TEXT


def test_parts_are_not_listed_to_who_brings_another_key(s3: Any, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "a"}
    place["UploadId"] = s3.create_multipart_upload(**place, **KEY)["UploadId"]
    s3.upload_part(**place, PartNumber=1, Body=b"x", **KEY)
    for told in (KEY, {}):
        assert len(s3.list_parts(**place, **told)["Parts"]) == 1
    with refused("InvalidRequest", 400):
        s3.list_parts(**place, **OTHER)
