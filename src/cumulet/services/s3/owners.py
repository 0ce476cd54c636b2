"""Whose an object is, and whether access control lists mean anything in its bucket.

Since April 2023 the owner of a bucket owns everything in it (BucketOwnerEnforced): ACLs grant nothing, and only
one that says what holds anyway is taken. Under the other settings who writes an object owns it.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.principals import canonical_id
from cumulet.services.s3 import grants
from cumulet.services.s3.grants import Acl

ENFORCED, PREFERRED, WRITER = "BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"
SETTINGS = (ENFORCED, PREFERRED, WRITER)
UNSET = ""  # the setting was deleted: as ObjectWriter


def ownership(bucket: Mapping[str, Any]) -> str:
    setting: str = bucket.get("ownership", ENFORCED)
    return setting


def acls_on(bucket: Mapping[str, Any]) -> bool:
    return ownership(bucket) != ENFORCED


def bucket_owner(bucket: Mapping[str, Any]) -> str:
    """The canonical id of a bucket's owner."""
    return canonical_id(bucket["account"])


def owner_of(bucket: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    """The canonical id of an object's (or an upload's) owner, by what is remembered of it.

    Who wrote an object comes back as its owner when ACLs are switched on again.
    """
    written_by: str = detail.get("owner", "")
    return written_by if written_by and acls_on(bucket) else bucket_owner(bucket)


def bucket_acl(bucket: Mapping[str, Any]) -> Acl:
    """The grants on a bucket that are in force."""
    owner = bucket_owner(bucket)
    if not acls_on(bucket):
        return grants.by_default(owner)
    return _in_force(bucket, bucket.get("acl"), owner)


def object_acl(bucket: Mapping[str, Any], detail: Mapping[str, Any]) -> Acl:
    """The grants on an object that are in force."""
    owner = owner_of(bucket, detail)
    if not acls_on(bucket):
        return grants.by_default(owner)
    return _in_force(bucket, detail.get("acl"), owner)


def _in_force(bucket: Mapping[str, Any], acl: Acl | None, owner: str) -> Acl:
    """Without what a public access block makes void: an ACL is read back as it is obeyed."""
    if acl is None:
        return grants.by_default(owner)
    return grants.without_public(acl) if bucket["block"].get("IgnorePublicAcls") else acl
