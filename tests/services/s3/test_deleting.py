from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .asking import refused

LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


def test_a_delete_can_be_for_an_object_of_a_size_and_time_only(s3: Any, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "a"}
    s3.put_object(**place, Body=b"12")
    time = s3.head_object(**place)["LastModified"]
    for wrong in ({"IfMatchSize": 1}, {"IfMatchLastModifiedTime": LONG_AGO}):
        with refused("PreconditionFailed", 412):
            s3.delete_object(**place, **wrong)
    s3.delete_object(**place, IfMatchSize=2, IfMatchLastModifiedTime=time)
    s3.delete_object(**place, IfMatchSize=9)  # nothing there: nothing to compare


def test_many_deletes_each_have_their_conditions(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "c"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"12")
    wanted = [
        {"Key": "a", "Size": 1},
        {"Key": "b", "LastModifiedTime": LONG_AGO},
        {"Key": "c", "Size": 2},
    ]
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [(error["Key"], error["Code"]) for error in told["Errors"]] == [
        ("a", "PreconditionFailed"),
        ("b", "PreconditionFailed"),
    ]
    assert [item["Key"] for item in told["Deleted"]] == ["c"]


def test_an_upload_can_be_aborted_if_it_was_begun_then(s3: Any, bucket: str) -> None:
    place = {"Bucket": bucket, "Key": "a"}
    place["UploadId"] = s3.create_multipart_upload(**place)["UploadId"]
    (upload,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    with refused("PreconditionFailed", 412):
        s3.abort_multipart_upload(**place, IfMatchInitiatedTime=LONG_AGO)
    s3.abort_multipart_upload(**place, IfMatchInitiatedTime=upload["Initiated"])


def test_mfa_delete_is_refused_and_a_code_for_it_changes_nothing(s3: Any, bucket: str) -> None:
    code = "arn:aws:iam::123456789012:mfa/me 123456"
    asked = {"Status": "Enabled", "MFADelete": "Enabled"}
    with refused("NotImplemented", 501) as told:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=asked, MFA=code)
    assert "MFA delete" in told["Error"]["Message"]
    asked["MFADelete"] = "Disabled"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=asked, MFA=code)
    s3.delete_object(Bucket=bucket, Key="a", MFA=code)
