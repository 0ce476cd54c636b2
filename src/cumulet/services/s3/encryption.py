"""Server-side encryption: asked for by a request or by its bucket, done by the store, told with the object.

Plain is what Cumulet keeps where nobody asks for more, so that other tools and the engines can read the lake
in place; AWS encrypts everything with SSE-S3. What an answer says is what was done.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from cumulet.services import Caller
from cumulet.services.s3 import errors
from cumulet.services.s3.access import Access, Bucket
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

ENCRYPTION = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
KMS = "aws:kms"


def wanted(members: Mapping[str, Any], bucket: Bucket, caller: Caller) -> dict[str, Any]:
    """What to do with new bytes, as the members of an answer say it; nothing for plain ones."""
    told = {name: members.get(name) for name in ENCRYPTION}
    if not told["ServerSideEncryption"]:
        if told["SSEKMSKeyId"]:
            message = "The header x-amz-server-side-encryption must be aws:kms for a KMS key to be used."
            raise errors.invalid_argument(
                message, "x-amz-server-side-encryption-aws-kms-key-id", told["SSEKMSKeyId"]
            )
        told = {**bucket.get("encryption", {}), **{k: v for k, v in told.items() if v is not None}}
    return _resolved(told, caller) if told.get("ServerSideEncryption") else {}


def told_of(detail: Mapping[str, Any]) -> dict[str, Any]:
    """An object's encryption as members of an answer."""
    return dict(detail.get("encryption", {}))


def etag(md5: str, encryption: Mapping[str, Any]) -> str:
    """With a KMS key the ETag is no digest of the bytes, as on AWS."""
    return uuid.uuid4().hex if encryption.get("ServerSideEncryption") == KMS else md5


def _resolved(told: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    method, key = told["ServerSideEncryption"], told.get("SSEKMSKeyId")
    if method == "AES256":
        if key:
            message = "A KMS key was named, but the encryption method is AES256. Use aws:kms."
            raise errors.invalid_argument(message, "x-amz-server-side-encryption", method)
        return {"ServerSideEncryption": method}
    if method != KMS:
        raise NotImplementedByCumulet(f"server-side encryption with {method}")
    managed = managed_key(caller)
    if key not in (None, "", managed, "alias/aws/s3"):
        raise AwsError("KMS.NotFoundException", f"Key '{key}' does not exist", status=400)
    # BucketKeyEnabled saves calls to KMS; there are none here to save, so it is only repeated.
    enabled = {"BucketKeyEnabled": True} if told.get("BucketKeyEnabled") else {}
    return {"ServerSideEncryption": KMS, "SSEKMSKeyId": managed, **enabled}


def managed_key(caller: Caller) -> str:
    """The key that AWS manages for S3 (alias/aws/s3), one for each account and region."""
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{caller.scope}/aws/s3")
    return f"arn:aws:kms:{caller.region}:{caller.account}:key/{key}"


class Encryption(Access):
    """The default of a bucket, obeyed for every object that is put without a method of its own."""

    def put_bucket_encryption(
        self,
        *,
        Bucket: str,
        ServerSideEncryptionConfiguration: dict[str, Any],
        ContentMD5: str | None = None,
        ChecksumAlgorithm: str | None = None,
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Encrypt what is put into the bucket from now on."""
        self._bucket(Bucket, "s3:PutEncryptionConfiguration", owner=ExpectedBucketOwner)
        rules = ServerSideEncryptionConfiguration["Rules"]
        if len(rules) != 1:
            raise errors.malformed_xml()
        told = _default(rules[0])
        _resolved(told, self.caller)
        self._set_encryption(Bucket, told)
        return {}

    def get_bucket_encryption(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetEncryptionConfiguration", owner=ExpectedBucketOwner)
        if not (told := bucket.get("encryption")):
            message = "The server side encryption configuration was not found"
            code = "ServerSideEncryptionConfigurationNotFoundError"
            raise AwsError(code, message, status=404, BucketName=Bucket)
        by_default = {"SSEAlgorithm": told["ServerSideEncryption"], "KMSMasterKeyID": told.get("SSEKMSKeyId")}
        rule = {
            "ApplyServerSideEncryptionByDefault": by_default,
            "BucketKeyEnabled": bool(told.get("BucketKeyEnabled")),
        }
        return {"ServerSideEncryptionConfiguration": {"Rules": [rule]}}

    def delete_bucket_encryption(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """Back to plain for what is put from now on."""
        self._bucket(Bucket, "s3:PutEncryptionConfiguration", owner=ExpectedBucketOwner)
        self._set_encryption(Bucket, {})
        return {}

    def _set_encryption(self, name: str, told: dict[str, Any]) -> None:
        self.store.records.update("s3.bucket", "", name, lambda bucket: {**bucket, "encryption": told})


def _default(rule: Mapping[str, Any]) -> dict[str, Any]:
    by_default = rule.get("ApplyServerSideEncryptionByDefault") or {}
    if not by_default:
        raise errors.malformed_xml()
    told = {
        "ServerSideEncryption": by_default["SSEAlgorithm"],
        "SSEKMSKeyId": by_default.get("KMSMasterKeyID"),
        "BucketKeyEnabled": rule.get("BucketKeyEnabled"),
    }
    return {name: value for name, value in told.items() if value}
