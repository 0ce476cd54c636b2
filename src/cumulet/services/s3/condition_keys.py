"""What a policy's conditions can ask about a request: S3's own condition keys.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.s3 import tags
from cumulet.wire.errors import AwsError

KEYS = {
    "ACL": "s3:x-amz-acl",
    "GrantFullControl": "s3:x-amz-grant-full-control",
    "GrantRead": "s3:x-amz-grant-read",
    "GrantReadACP": "s3:x-amz-grant-read-acp",
    "GrantWrite": "s3:x-amz-grant-write",
    "GrantWriteACP": "s3:x-amz-grant-write-acp",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "SSECustomerAlgorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "CopySource": "s3:x-amz-copy-source",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "StorageClass": "s3:x-amz-storage-class",
    "WebsiteRedirectLocation": "s3:x-amz-website-redirect-location",
    "ObjectLockMode": "s3:object-lock-mode",
    "ObjectLockLegalHoldStatus": "s3:object-lock-legal-hold",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "VersionId": "s3:VersionId",
    "Delimiter": "s3:delimiter",
    "MaxKeys": "s3:max-keys",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Location": "s3:LocationConstraint",
}
# What a write may bring along, and the action that is asked for it besides s3:PutObject.
ALONG = {
    "Tagging": "s3:PutObjectTagging",
    "ACL": "s3:PutObjectAcl",
    "GrantFullControl": "s3:PutObjectAcl",
    "GrantRead": "s3:PutObjectAcl",
    "GrantReadACP": "s3:PutObjectAcl",
    "GrantWriteACP": "s3:PutObjectAcl",
    "ObjectLockMode": "s3:PutObjectRetention",
    "ObjectLockLegalHoldStatus": "s3:PutObjectLegalHold",
}
EXISTING_TAG = "s3:existingobjecttag/"  # policies spell condition keys as they like


def of_request(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the request says of itself, where it says it: an absent header is an absent key."""
    context: dict[str, Any] = {key: str(asked[name]) for name, key in KEYS.items() if asked.get(name)}
    if told := asked.get("Tagging"):
        context |= _tags("RequestObjectTag", _read(told))
    return context


def of_resource(bucket: Mapping[str, Any]) -> dict[str, Any]:
    """What the bucket says."""
    return {"aws:ResourceAccount": bucket["account"], "s3:ResourceAccount": bucket["account"]}


def of_object(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What the object that is meant says."""
    return _tags("ExistingObjectTag", detail.get("tags", {}))


def _tags(kind: str, found: Mapping[str, str]) -> dict[str, Any]:
    context: dict[str, Any] = {f"s3:{kind}/{name}": value for name, value in found.items()}
    if found and kind == "RequestObjectTag":
        context["s3:RequestObjectTagKeys"] = list(found)
    return context


def _read(told: str | Mapping[str, Any]) -> dict[str, str]:
    """Tags as a header or as a document; what is wrong with them is said later, to who may ask at all."""
    try:
        return tags.from_header(told) if isinstance(told, str) else tags.from_set(dict(told), tags.OF_BUCKET)
    except AwsError:
        return {}
