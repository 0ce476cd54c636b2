"""Whose a new object is, and who besides: what a request asks for, as its bucket allows it.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.s3 import acl_requests, errors, grants, owners
from cumulet.services.s3.access import Access, Bucket
from cumulet.services.s3.acl_requests import Owners
from cumulet.services.s3.grants import Acl
from cumulet.wire.errors import AwsError

OWNERS_CONTROL = "bucket-owner-full-control"


class Granting(Access):
    def _belongings(self, bucket: Bucket, members: Mapping[str, Any]) -> dict[str, Any]:
        """What is remembered of whose a new object is: nothing where the bucket's owner has it alone."""
        if not owners.acls_on(bucket):
            check_enforced(bucket, members)
            return {}
        bucket_owner = owners.bucket_owner(bucket)
        handed_over = members.get("ACL") == OWNERS_CONTROL and owners.ownership(bucket) == owners.PREFERRED
        owner = bucket_owner if handed_over else self._me
        detail: dict[str, Any] = {} if owner == bucket_owner else {"owner": owner}
        if acl_requests.tells(members):
            acl = self._asked_acl(bucket, owner, members)
            detail |= {"acl": acl} if acl != grants.by_default(owner) else {}
        return detail

    def _asked_acl(
        self, bucket: Bucket, owner: str, members: Mapping[str, Any], *, of_bucket: bool = False
    ) -> Acl:
        """The grants that a request asks for on an object, or on the bucket itself."""
        bucket_owner = "" if of_bucket else owners.bucket_owner(bucket)
        acl = acl_requests.read(members, Owners(owner, bucket_owner, self._is_account))
        if bucket["block"].get("BlockPublicAcls") and grants.names_public(acl):
            if bucket.get("unasked"):
                self._edit_bucket(bucket["name"], block=opened_to_acls(bucket["block"]))
                return acl
            raise errors.access_denied(
                "The BlockPublicAcls setting of the bucket's public access block prevents public ACLs"
            )
        return acl

    @property
    def _initiator(self) -> str:
        """Who begins an upload, as AWS tells it: an account by its canonical id, others by their ARN."""
        arn = self.caller.arn
        return self._me if arn.endswith(":root") or not arn else arn

    def _is_account(self, canonical_id: str) -> bool:
        known: bool = canonical_id == self._me or self.other("iam").knows(canonical_id)
        return known


def opened_to_acls(block: dict[str, bool]) -> dict[str, bool]:
    """A public access block that leaves ACLs alone."""
    return {**block, "BlockPublicAcls": False, "IgnorePublicAcls": False} if block else block


def check_enforced(bucket: Bucket, members: Mapping[str, Any]) -> None:
    """Where ACLs are off, only what gives the bucket's owner full control is taken: as much holds anyway."""
    canned = members.get("ACL")
    if canned == OWNERS_CONTROL or not (acl_requests.tells(members) or members.get("AccessControlPolicy")):
        return
    owner = owners.bucket_owner(bucket)
    whose = Owners(owner, owner, lambda _: True)
    if canned or acl_requests.read(members, whose) != grants.by_default(owner):
        raise not_supported()


def not_supported() -> AwsError:
    return AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", status=400)


def not_with_enforced() -> AwsError:
    message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    return AwsError("InvalidBucketAclWithObjectOwnership", message, status=400)
