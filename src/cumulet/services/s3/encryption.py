"""Server-side encryption: asked for by a request or by its bucket, done by the store, told with the object.

Plain is what Cumulet keeps where nobody asks for more, so that other tools and the engines can read the lake
in place; AWS encrypts everything with SSE-S3. What an answer says is what was done.

An object's data key is wrapped by the data directory's own master key (`store/sealed.py`), whichever method
was asked for. With SSE-KMS the KMS key governs: who writes or reads must be allowed it, and it must be
enabled. Its material is not mixed in, so that engines read such objects without a call to KMS for each; to
destroy the KMS key closes the objects, but is no shredding of their bytes on disk.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cumulet.services import Service
from cumulet.services.s3 import customer_keys, errors
from cumulet.services.s3.access import Access, Bucket
from cumulet.wire.errors import AwsError, NotImplementedByCumulet
from cumulet.wire.message import Headers

ASKED = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
ENCRYPTION = (*ASKED, *customer_keys.CUSTOMER)
KMS, DUAL_LAYER = "aws:kms", "aws:kms:dsse"
MANAGED = "alias/aws/s3"  # the key that AWS manages for S3, one for each account and region


def wanted(members: Mapping[str, Any], bucket: Bucket, service: Service) -> dict[str, Any]:
    """What to do with new bytes, as the members of an answer say it; nothing for plain ones."""
    told = {name: members.get(name) for name in ASKED}
    if own := customer_keys.told(members):
        if told["ServerSideEncryption"]:
            message = (
                "Server Side Encryption with Customer provided key is incompatible with the encryption method"
            )
            raise errors.invalid_argument(
                f"{message} specified", "x-amz-server-side-encryption", told["ServerSideEncryption"]
            )
        return own.members()
    if not told["ServerSideEncryption"]:
        if told["SSEKMSKeyId"]:
            message = "The header x-amz-server-side-encryption must be aws:kms for a KMS key to be used."
            raise errors.invalid_argument(
                message, "x-amz-server-side-encryption-aws-kms-key-id", told["SSEKMSKeyId"]
            )
        told = {**bucket.get("encryption", {}), **{k: v for k, v in told.items() if v is not None}}
    if not told.get("ServerSideEncryption"):
        return {}
    check_method(told)
    if told["ServerSideEncryption"] == KMS:
        return _with_key(told, bucket["region"], service)
    return {"ServerSideEncryption": told["ServerSideEncryption"]}


def told_of(detail: Mapping[str, Any]) -> dict[str, Any]:
    """An object's encryption as members of an answer."""
    return dict(detail.get("encryption", {}))


def etag(md5: str, encryption: Mapping[str, Any]) -> str:
    """With a KMS key or the customer's own the ETag is no digest of the bytes, as on AWS."""
    return uuid.uuid4().hex if hides_md5(encryption) else md5


def hides_md5(encryption: Mapping[str, Any]) -> bool:
    return encryption.get("ServerSideEncryption") == KMS or "SSECustomerKeyMD5" in encryption


def lock_of(members: Mapping[str, Any]) -> bytes:
    """The customer's own key that a request brings for new bytes."""
    brought = customer_keys.told(members)
    return brought.key if brought else customer_keys.NO_KEY


def check_readable(detail: Mapping[str, Any], service: Service) -> None:
    """What a KMS key protects is readable only by who may use the key, and only while it is enabled."""
    if not (key := detail.get("encryption", {}).get("SSEKMSKeyId")):
        return
    if service.caller.anonymous:
        message = (
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature "
            "Version 4."
        )
        raise errors.invalid_argument(message, "Authorization", "null")
    _usable(key, key.split(":")[3], service)


def check_method(told: Mapping[str, Any]) -> None:
    """The methods that there are, and a key's name with that of KMS only."""
    method = told["ServerSideEncryption"]
    if method == "AES256":
        if told.get("SSEKMSKeyId"):
            message = "A KMS key was named, but the encryption method is AES256. Use aws:kms."
            raise errors.invalid_argument(message, "x-amz-server-side-encryption", method)
    elif method not in (KMS, DUAL_LAYER):
        message = "The encryption method specified is not supported"
        raise errors.invalid_argument(message, "x-amz-server-side-encryption", method)
    elif method == DUAL_LAYER:
        raise NotImplementedByCumulet(f"server-side encryption with {method}")


def _with_key(told: Mapping[str, Any], region: str, service: Service) -> dict[str, Any]:
    # BucketKeyEnabled saves calls to KMS; there are none here to save, so it is only repeated.
    enabled = {"BucketKeyEnabled": True} if told.get("BucketKeyEnabled") else {}
    key = _usable(told.get("SSEKMSKeyId") or MANAGED, region, service)
    return {"ServerSideEncryption": KMS, "SSEKMSKeyId": key, **enabled}


def _usable(key: str, region: str, service: Service) -> str:
    """The ARN of a key that the caller may use now; S3 passes KMS's refusals on under its own codes.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    kms = service.other("kms", replace(service.caller, region=region))
    try:
        found = kms.describe_key(KeyId=key)["KeyMetadata"]
    except AwsError as error:
        if error.code == "AccessDeniedException":
            raise errors.access_denied(error.message) from None
        raise AwsError(f"KMS.{error.code}", error.message, status=400) from None
    arn, state = str(found["Arn"]), found["KeyState"]
    if state == "Disabled":
        raise AwsError("KMS.DisabledException", f"{arn} is disabled.", status=400)
    if state != "Enabled":
        raise AwsError("KMS.KMSInvalidStateException", f"{arn} is pending deletion.", status=400)
    return arn


METHOD = "x-amz-server-side-encryption"


class Encryption(Access):
    """The default of a bucket, obeyed for every object that is put without a method of its own."""

    @classmethod
    def check_headers(cls, operation: str, headers: Headers) -> None:
        """Who reads says nothing of encryption, unless the key is the reader's own (SSE-C).

        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html (Encryption)
        """
        if METHOD in headers and operation in ("GetObject", "HeadObject"):
            text = f"{METHOD} header is not supported for this operation."
            raise errors.invalid_argument(text, METHOD, headers.get(METHOD))

    def put_bucket_encryption(
        self,
        *,
        Bucket: str,
        ServerSideEncryptionConfiguration: dict[str, Any],
        ContentMD5: str | None = None,
        ChecksumAlgorithm: str | None = None,
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Encrypt what is put into the bucket from now on. Whether the key is usable shows when it is used."""
        self._bucket(Bucket, "s3:PutEncryptionConfiguration", owner=ExpectedBucketOwner)
        rules = ServerSideEncryptionConfiguration["Rules"]
        if len(rules) != 1:
            raise errors.malformed_xml()
        told = _default(rules[0])
        check_method(told)
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
