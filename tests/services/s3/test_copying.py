from __future__ import annotations

from typing import Any

import pytest

from .asking import MIB, body, refused


@pytest.fixture
def source(s3: Any, bucket: str) -> dict[str, str]:
    s3.put_object(
        Bucket=bucket,
        Key="from",
        Body=b"bytes",
        ContentType="text/csv",
        Metadata={"a": "1"},
        Tagging="team=data",
    )
    return {"Bucket": bucket, "Key": "from"}


def tags(s3: Any, bucket: str, key: str) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}


def test_a_copy_has_the_bytes_the_metadata_and_the_tags(s3: Any, bucket: str, source: dict[str, str]) -> None:
    told = s3.copy_object(Bucket=bucket, Key="to/copy", CopySource=source)["CopyObjectResult"]
    got = s3.get_object(Bucket=bucket, Key="to/copy")
    assert (body(got), got["ETag"]) == (b"bytes", told["ETag"])
    assert (got["ContentType"], got["Metadata"]) == ("text/csv", {"a": "1"})
    assert tags(s3, bucket, "to/copy") == {"team": "data"}


def test_a_copy_may_have_metadata_and_tags_of_its_own(s3: Any, bucket: str, source: dict[str, str]) -> None:
    s3.copy_object(
        Bucket=bucket,
        Key="to",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"b": "2"},
        TaggingDirective="REPLACE",
        Tagging="team=ml",
        StorageClass="GLACIER_IR",
    )
    head = s3.head_object(Bucket=bucket, Key="to")
    assert (head["Metadata"], head["ContentType"]) == ({"b": "2"}, "binary/octet-stream")
    assert head["StorageClass"] == "GLACIER_IR"
    assert tags(s3, bucket, "to") == {"team": "ml"}


def test_a_copy_outlives_its_source(s3: Any, bucket: str, source: dict[str, str]) -> None:
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    s3.delete_object(**source)
    assert body(s3.get_object(Bucket=bucket, Key="to")) == b"bytes"


def test_a_copy_onto_itself_must_change_something(s3: Any, bucket: str, source: dict[str, str]) -> None:
    with refused("InvalidRequest", 400):
        s3.copy_object(Bucket=bucket, Key="from", CopySource=source)
    s3.copy_object(
        Bucket=bucket, Key="from", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"}
    )
    assert s3.head_object(**source)["Metadata"] == {"c": "3"}
    assert body(s3.get_object(**source)) == b"bytes"


def test_a_copy_from_nowhere_is_refused(s3: Any, bucket: str) -> None:
    with refused("NoSuchKey", 404):
        s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "none"})
    with refused("NoSuchBucket", 404):
        s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": f"{bucket}x", "Key": "none"})
    with refused("InvalidArgument", 400):
        s3.copy_object(Bucket=bucket, Key="to", CopySource="just-a-bucket")


def test_awkward_source_keys_are_understood(s3: Any, bucket: str) -> None:
    for key in ("a b+c%20", "é?versionId=x", "//x"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": key})
        assert body(s3.get_object(Bucket=bucket, Key="to")) == key.encode()


def test_parts_are_copied_from_objects_and_ranges_of_them(s3: Any, bucket: str) -> None:
    content = bytes(range(256)) * (24 * 1024)
    s3.put_object(Bucket=bucket, Key="from", Body=content)
    where = {"Bucket": bucket, "Key": "to"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    parts = []
    for number, asked in enumerate((f"bytes=0-{5 * MIB - 1}", f"bytes={5 * MIB}-{5 * MIB + 9}"), 1):
        told = s3.upload_part_copy(
            **where,
            UploadId=upload,
            PartNumber=number,
            CopySource={"Bucket": bucket, "Key": "from"},
            CopySourceRange=asked,
        )
        parts.append({"PartNumber": number, "ETag": told["CopyPartResult"]["ETag"]})
    for wrong in ("bytes=0-", "0-5", f"bytes=0-{len(content)}"):
        with refused("InvalidArgument", 400):
            s3.upload_part_copy(
                **where,
                UploadId=upload,
                PartNumber=3,
                CopySource={"Bucket": bucket, "Key": "from"},
                CopySourceRange=wrong,
            )
    s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    assert body(s3.get_object(**where)) == content[: 5 * MIB + 10]
