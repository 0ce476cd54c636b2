"""An access control list as a request tells it: a canned one, grants in headers, or a document.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cumulet.services.s3 import errors, grants
from cumulet.services.s3.grants import Acl, Grant
from cumulet.wire.errors import AwsError

HEADERS = {
    "GrantFullControl": ("x-amz-grant-full-control", grants.FULL_CONTROL),
    "GrantRead": ("x-amz-grant-read", grants.READ),
    "GrantWrite": ("x-amz-grant-write", grants.WRITE),
    "GrantReadACP": ("x-amz-grant-read-acp", grants.READ_ACP),
    "GrantWriteACP": ("x-amz-grant-write-acp", grants.WRITE_ACP),
}
GRANTEE = re.compile(r'\s*(id|uri|emailAddress)\s*=\s*(?:"([^"]*)"|([^",]*?))\s*', re.IGNORECASE)
MOST = 100  # grants in one ACL


@dataclass(frozen=True, slots=True)
class Owners:
    """Whom an ACL is for: the owner of the resource and, for an object, the owner of its bucket.

    `knows` says whether there is an account with a canonical id.
    """

    owner: str
    bucket_owner: str
    knows: Callable[[str], bool]


def tells(members: Mapping[str, Any]) -> bool:
    """Whether a request says anything of an ACL in its headers."""
    return bool(members.get("ACL")) or any(members.get(name) for name in HEADERS)


def opens(members: Mapping[str, Any]) -> bool:
    """Whether it asks for more than the owner has anyway."""
    return members.get("ACL") not in ("", "private", "bucket-owner-full-control", None) or any(
        members.get(name) for name in HEADERS
    )


def read(members: Mapping[str, Any], whose: Owners) -> Acl:
    """What a request asks for: AWS takes one way of saying it at a time."""
    document, canned = members.get("AccessControlPolicy"), members.get("ACL")
    headers = any(members.get(name) for name in HEADERS)
    if document is not None and (canned or headers):
        raise AwsError("UnexpectedContent", "This request does not support content", status=400)
    if canned and headers:
        raise errors.invalid_request("Specifying both Canned ACLs and Header Grants is not allowed")
    if document is not None:
        return _of_document(document, whose)
    return _of_headers(members, whose) if headers else _canned(canned or "private", whose)


def _canned(name: str, whose: Owners) -> Acl:
    acl = grants.canned(name, whose.owner, whose.bucket_owner)
    if acl is None:
        raise errors.invalid_argument("Unknown canned ACL", "x-amz-acl", name)
    return acl


def _of_headers(members: Mapping[str, Any], whose: Owners) -> Acl:
    told = [
        (permission, grantee)
        for name, (header, permission) in HEADERS.items()
        for grantee in _grantees(header, members.get(name) or "", whose)
    ]
    return _within_limit(told)


def _grantees(header: str, text: str, whose: Owners) -> Iterator[str]:
    """`id="...", uri="..."`: grantees as a header lists them."""
    for item in text.split(",") if text else ():
        found = GRANTEE.fullmatch(item)
        if not found:
            raise errors.invalid_argument("Argument format not recognized", header, text)
        kind, value = found[1].lower(), found[2] or found[3] or ""
        yield {"id": _account, "uri": _group, "emailaddress": _address}[kind](value, header, whose)


def _of_document(document: Mapping[str, Any], whose: Owners) -> Acl:
    owner = document.get("Owner") or {}
    if not owner.get("ID"):
        raise malformed()
    if owner["ID"] != whose.owner:
        raise errors.access_denied("The owner of a bucket or an object cannot be changed by its ACL.")
    return _within_limit([_grant(told, whose) for told in document.get("Grants") or ()])


def _grant(told: Mapping[str, Any], whose: Owners) -> Grant:
    grantee, permission = told.get("Grantee") or {}, told.get("Permission")
    kinds = {
        "CanonicalUser": ("ID", _account),
        "Group": ("URI", _group),
        "AmazonCustomerByEmail": ("EmailAddress", _address),
    }
    if permission not in grants.PERMISSIONS or grantee.get("Type") not in kinds:
        raise malformed()
    member, meant = kinds[grantee["Type"]]
    if not grantee.get(member):
        raise malformed()
    return (permission, meant(grantee[member], f"{grantee['Type']}/{member}", whose))


def _account(value: str, name: str, whose: Owners) -> str:
    known = value in (whose.owner, whose.bucket_owner, grants.EC2_BUNDLES, grants.ANONYMOUS)
    if not (known or whose.knows(value)):
        raise errors.invalid_argument("Invalid id", name, value)
    return value


def _group(value: str, name: str, whose: Owners) -> str:
    if value not in grants.GROUPS:
        raise errors.invalid_argument("Invalid group uri", name, value)
    return value


def _address(value: str, name: str, whose: Owners) -> str:
    """Accounts have no e-mail addresses here."""
    message = "The e-mail address you provided does not match any account on record."
    raise AwsError("UnresolvableGrantByEmailAddress", message, status=400, ArgumentName=name)


def _within_limit(acl: Acl) -> Acl:
    if len(acl) > MOST:
        raise malformed()
    return tuple(acl)


def malformed() -> AwsError:
    message = "The XML you provided was not well-formed or did not validate against our published schema"
    return AwsError("MalformedACLError", message, status=400)
