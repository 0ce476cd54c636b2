"""Who owns the objects of a bucket: its owner, always (BucketOwnerEnforced), so ACLs grant nothing.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.s3.members import DIGESTS, GRANTS, REQUEST, honours
from cumulet.services.s3.versions import Versions
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

ENFORCED = "BucketOwnerEnforced"
HARMLESS = ("", "private", "bucket-owner-full-control")  # canned ACLs that say what holds anyway


class Ownership(Versions):
    @honours(DIGESTS)
    def put_bucket_ownership_controls(
        self, *, Bucket: str, OwnershipControls: dict[str, Any], ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """BucketOwnerEnforced, AWS's default, is the one that there is here."""
        self._bucket(Bucket, "s3:PutBucketOwnershipControls", owner=ExpectedBucketOwner)
        for rule in OwnershipControls["Rules"]:
            check_ownership(rule["ObjectOwnership"])
        return {}

    def get_bucket_ownership_controls(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketOwnershipControls", owner=ExpectedBucketOwner)
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": ENFORCED}]}}

    def get_bucket_acl(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetBucketAcl", owner=ExpectedBucketOwner)
        return self._full_control(bucket["account"])

    @honours(REQUEST)
    def get_object_acl(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        asked = {"VersionId": VersionId}
        bucket = self._bucket(Bucket, "s3:GetObjectAcl", Key, owner=ExpectedBucketOwner, asked=asked)
        self._find(bucket, Key, VersionId)
        return self._full_control(bucket["account"])

    @honours(GRANTS, DIGESTS)
    def put_bucket_acl(
        self,
        *,
        Bucket: str,
        ACL: str = "",
        AccessControlPolicy: dict[str, Any] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Refused, as AWS does, unless it says what holds anyway."""
        self._bucket(Bucket, "s3:PutBucketAcl", owner=ExpectedBucketOwner)
        check_acl("" if AccessControlPolicy else ACL or "none", {**members, "Policy": AccessControlPolicy})
        return {}

    @honours(GRANTS, DIGESTS, REQUEST)
    def put_object_acl(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        ACL: str = "",
        AccessControlPolicy: dict[str, Any] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Refused, as AWS does, unless it says what holds anyway."""
        bucket = self._bucket(Bucket, "s3:PutObjectAcl", Key, owner=ExpectedBucketOwner)
        self._find(bucket, Key, VersionId)
        check_acl("" if AccessControlPolicy else ACL or "none", {**members, "Policy": AccessControlPolicy})
        return {}

    def _full_control(self, account: str) -> dict[str, Any]:
        owner = self._owner(account)
        return {
            "Owner": owner,
            "Grants": [{"Grantee": {**owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}],
        }


def check_acl(acl: str, members: Mapping[str, Any]) -> None:
    """Only the canned ACLs that say what holds anyway are let through; grants to anybody are not."""
    if acl not in HARMLESS or any(members.get(name) for name in (*GRANTS, "Policy")):
        raise AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", status=400)


def check_ownership(ownership: str) -> None:
    if ownership != ENFORCED:
        raise NotImplementedByCumulet(f"ObjectOwnership={ownership}")
