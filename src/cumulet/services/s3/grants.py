"""Access control lists: what was granted to whom on a bucket, or on one version of an object.

An ACL is a list of grants, each a permission and a grantee: the canonical id of an account, or the address of
a group. Where none was ever set, the owner has full control and nobody else has anything.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Grant = Sequence[str]  # permission, grantee
Acl = Sequence[Grant]

FULL_CONTROL, READ, WRITE, READ_ACP, WRITE_ACP = "FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"
PERMISSIONS = (FULL_CONTROL, READ, WRITE, READ_ACP, WRITE_ACP)

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
GROUPS = (ALL_USERS, AUTHENTICATED, LOG_DELIVERY)
PUBLIC = (ALL_USERS, AUTHENTICATED)

ANONYMOUS = "65a011a29cdf8ec533ec3d1ccaae921c"  # owns what an unsigned request has written
EC2_BUNDLES = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"  # whom aws-exec-read means

# What each permission lets one do. To delete takes ownership (of the object, or of the bucket): a grant to
# write is one to put. Source: the mapping table of AWS's page.
ON_BUCKETS = {
    READ: ("s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads"),
    WRITE: ("s3:PutObject",),
    READ_ACP: ("s3:GetBucketAcl",),
    WRITE_ACP: ("s3:PutBucketAcl",),
}
ON_OBJECTS = {
    READ: ("s3:GetObject", "s3:GetObjectVersion"),
    READ_ACP: ("s3:GetObjectAcl", "s3:GetObjectVersionAcl"),
    WRITE_ACP: ("s3:PutObjectAcl", "s3:PutObjectVersionAcl"),
}
NEEDED = {
    action: permission
    for table in (ON_BUCKETS, ON_OBJECTS)
    for permission, actions in table.items()
    for action in actions
}
OF_OBJECTS = frozenset(action for actions in ON_OBJECTS.values() for action in actions)

CANNED: dict[str, Acl] = {
    "private": (),
    "public-read": ((READ, ALL_USERS),),
    "public-read-write": ((READ, ALL_USERS), (WRITE, ALL_USERS)),
    "authenticated-read": ((READ, AUTHENTICATED),),
    "aws-exec-read": ((READ, EC2_BUNDLES),),
}
CANNED_FOR_BUCKETS: dict[str, Acl] = {"log-delivery-write": ((WRITE, LOG_DELIVERY), (READ_ACP, LOG_DELIVERY))}
TO_BUCKET_OWNER = {"bucket-owner-read": READ, "bucket-owner-full-control": FULL_CONTROL}


def by_default(owner: str) -> Acl:
    return ((FULL_CONTROL, owner),)


def canned(name: str, owner: str, bucket_owner: str = "") -> Acl | None:
    """What a canned ACL stands for; None where there is none of that name for such a resource.

    `bucket_owner` is told of objects only: a bucket ignores what is meant for the owner of its bucket.
    """
    if permission := TO_BUCKET_OWNER.get(name):
        more: Acl = ((permission, bucket_owner),) if bucket_owner not in ("", owner) else ()
    elif name in CANNED:
        more = CANNED[name]
    elif name in CANNED_FOR_BUCKETS and not bucket_owner:
        more = CANNED_FOR_BUCKETS[name]
    else:
        return None
    return (*by_default(owner), *more)


def names_public(acl: Acl) -> bool:
    """Whether it grants anything at all to everybody, or to everybody who has an account."""
    return any(grantee in PUBLIC for _, grantee in acl)


def without_public(acl: Acl) -> Acl:
    return [grant for grant in acl if grant[1] not in PUBLIC]


def groups_of(canonical_id: str) -> Iterable[str]:
    """The groups that whoever has this id belongs to."""
    return (ALL_USERS,) if canonical_id == ANONYMOUS else PUBLIC


def allow(acl: Acl, action: str, canonical_id: str) -> bool:
    """Whether an ACL lets an account (or nobody in particular) do this."""
    needed = NEEDED.get(action)
    if needed is None:
        return False
    names = (canonical_id, *groups_of(canonical_id))
    return any(permission in (needed, FULL_CONTROL) and grantee in names for permission, grantee in acl)
