"""Ownership controls: whether the owner of a bucket owns all that is in it, or each object its writer.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors, grants, owners
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.granting import Granting, not_with_enforced
from cumulet.services.s3.members import DIGESTS, honours


class Ownership(Granting):
    @honours(DIGESTS)
    def put_bucket_ownership_controls(
        self, *, Bucket: str, OwnershipControls: dict[str, Any], ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """Say who owns what is written from now on; with BucketOwnerEnforced, what is there already too."""
        self._bucket(Bucket, "s3:PutBucketOwnershipControls", owner=ExpectedBucketOwner)
        rules = OwnershipControls.get("Rules") or []
        if len(rules) != 1 or rules[0].get("ObjectOwnership") not in owners.SETTINGS:
            raise errors.malformed_xml()
        setting = rules[0]["ObjectOwnership"]
        self._change_bucket(Bucket, lambda bucket: _with(bucket, setting))
        return {}

    def get_bucket_ownership_controls(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """The setting; BucketOwnerEnforced is a new bucket's."""
        bucket = self._bucket(Bucket, "s3:GetBucketOwnershipControls", owner=ExpectedBucketOwner)
        if not (setting := owners.ownership(bucket)):
            code, what = "OwnershipControlsNotFoundError", "bucket ownership controls"
            raise errors.no_such_configuration(code, what, Bucket)
        return {"OwnershipControls": {"Rules": [{"ObjectOwnership": setting}]}}

    def delete_bucket_ownership_controls(
        self, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """Without a setting who writes an object owns it, as before there were any."""
        self._bucket(Bucket, "s3:PutBucketOwnershipControls", owner=ExpectedBucketOwner)
        self._change_bucket(Bucket, lambda bucket: {**bucket, "ownership": owners.UNSET})
        return Answer(status=204)


def _with(bucket: Found, setting: str) -> Found:
    """The bucket's record with a setting. ACLs that let others in must go before ACLs can be disabled."""
    if setting != owners.ENFORCED:
        return {**bucket, "ownership": setting}
    owner = owners.bucket_owner(bucket)
    if any(grantee != owner for _, grantee in bucket.get("acl") or grants.by_default(owner)):
        raise not_with_enforced()
    return {name: value for name, value in bucket.items() if name != "ownership"}
