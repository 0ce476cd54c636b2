"""Access control lists of buckets and objects, as operations.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/managing-acls.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.s3 import acl_requests, owners
from cumulet.services.s3.granting import check_enforced
from cumulet.services.s3.grants import GROUPS, Acl
from cumulet.services.s3.members import DIGESTS, GRANTS, REQUEST, honours
from cumulet.services.s3.versions import Versions, of_version
from cumulet.wire.errors import AwsError


class Acls(Versions):
    def get_bucket_acl(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """The grants that are in force: the owner's alone, where ACLs are disabled."""
        bucket = self._bucket(Bucket, "s3:GetBucketAcl", owner=ExpectedBucketOwner)
        return _told(owners.bucket_owner(bucket), owners.bucket_acl(bucket))

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
        """Replace the grants on a bucket, where its ObjectOwnership lets ACLs mean anything."""
        asked = {**members, "ACL": ACL, "AccessControlPolicy": AccessControlPolicy}
        bucket = self._bucket(Bucket, "s3:PutBucketAcl", owner=ExpectedBucketOwner, asked=asked)
        _check_told(asked)
        if not owners.acls_on(bucket):
            check_enforced(bucket, asked)
            return {}
        owner = owners.bucket_owner(bucket)
        self._edit_bucket(Bucket, acl=self._asked_acl(bucket, owner, asked, of_bucket=True))
        return {}

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
        """The grants on an object that are in force, and whose it is."""
        action, asked = of_version("s3:GetObject{}Acl", VersionId), {"VersionId": VersionId}
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        detail = self._find(bucket, Key, VersionId).detail
        return _told(owners.owner_of(bucket, detail), owners.object_acl(bucket, detail))

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
        """Replace the grants on one version of an object. Its owner stays who it is."""
        asked = {**members, "ACL": ACL, "AccessControlPolicy": AccessControlPolicy, "VersionId": VersionId}
        action = of_version("s3:PutObject{}Acl", VersionId)
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        _check_told(asked)

        def change() -> None:
            entry = self._find(bucket, Key, VersionId)
            if not owners.acls_on(bucket):
                return check_enforced(bucket, asked)
            owner = owners.owner_of(bucket, entry.detail)
            entry.detail["acl"] = self._asked_acl(bucket, owner, asked)
            return self.store.objects.edit(entry)

        self.store.atomically(change)
        return {}


def _check_told(asked: dict[str, Any]) -> None:
    if asked["AccessControlPolicy"] is None and not acl_requests.tells(asked):
        message = "Your request was missing a required header"
        raise AwsError("MissingSecurityHeader", message, status=400, MissingHeaderName="x-amz-acl")


def _told(owner: str, acl: Acl) -> dict[str, Any]:
    return {
        "Owner": {"ID": owner},
        "Grants": [{"Grantee": _grantee(grantee), "Permission": permission} for permission, grantee in acl],
    }


def _grantee(name: str) -> dict[str, str]:
    return {"Type": "Group", "URI": name} if name in GROUPS else {"Type": "CanonicalUser", "ID": name}
