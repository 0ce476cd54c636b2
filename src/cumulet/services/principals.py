"""Who asks, as policies name them: an account, a user, a role's session, a service, or anybody."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cumulet.services import Caller


@dataclass(frozen=True, slots=True)
class Principal:
    """One who asks. An anonymous one has no account, an AWS service only its host name."""

    account: str = ""
    arn: str = ""
    service: str = ""

    @property
    def anonymous(self) -> bool:
        return not (self.account or self.service)

    @property
    def role(self) -> str:
        """The name of the role that this is a session of, else ""."""
        kind, _, rest = self.arn.partition(":assumed-role/")
        return rest.partition("/")[0] if kind.startswith("arn:aws:sts::") else ""


ANYBODY = Principal()


def of(caller: Caller) -> Principal:
    """The principal of a call. A service acting for an account is called by its host name (see sts)."""
    if caller.arn.endswith(".amazonaws.com"):
        return Principal(service=caller.arn)
    return Principal(caller.account, caller.arn)


def service(caller: Caller, name: str) -> Caller:
    """A caller that is an AWS service at work in somebody's account: `service(caller, "sagemaker")`.

    What it may do is what a trust policy grants to `sagemaker.amazonaws.com`.
    """
    host = f"{name}.amazonaws.com"
    return Caller(caller.account, caller.region, arn=host, user_id=host, request_id=caller.request_id)


def canonical_id(account: str) -> str:
    """The 64 hex digits by which S3 names an account.

    https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html
    """
    return hashlib.sha256(f"canonical user {account}".encode()).hexdigest()


def named_by(principal: Principal, element: object) -> bool:
    """Does a statement's Principal element ("*", or lists under AWS, Service, CanonicalUser) name them?"""
    if element == "*":
        return True
    if not isinstance(element, Mapping):
        return False
    return any(
        _is(principal, kind, name)
        for kind, names in element.items()
        for name in ([names] if isinstance(names, str) else names)
    )


def named_itself(principal: Principal, element: object) -> bool:
    """Is it they who are named, and not just the account that they belong to?"""
    if not isinstance(element, Mapping):
        return element == "*"
    root = f"arn:aws:iam::{principal.account}:root"
    own = [name for name in element.get("AWS", ()) if name not in (principal.account, root)]
    if principal.arn == root:
        own = list(element.get("AWS", ()))
    return named_by(principal, {"AWS": own, "Service": element.get("Service", ())})


def _is(principal: Principal, kind: str, name: str) -> bool:
    if kind == "Service":
        return name == principal.service
    if kind == "CanonicalUser":
        return bool(principal.account) and name == canonical_id(principal.account)
    if kind != "AWS":
        return False
    if name == "*":
        return True
    return bool(principal.account) and (
        name in (principal.account, f"arn:aws:iam::{principal.account}:root", principal.arn)
        or (bool(principal.role) and _is_role(name, principal))
    )


def _is_role(arn: str, principal: Principal) -> bool:
    """A role's ARN has its path, its sessions' ARNs do not; the name is unique in the account."""
    prefix = f"arn:aws:iam::{principal.account}:role/"
    return arn.startswith(prefix) and arn.rpartition("/")[2] == principal.role


def context(caller: Caller, now: float, *, secure: bool = False) -> dict[str, list[str]]:
    """The global condition keys of a call.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    moment = datetime.fromtimestamp(now, UTC)
    found = {
        "aws:CurrentTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "aws:EpochTime": str(int(now)),
        "aws:SecureTransport": str(secure).lower(),
        "aws:RequestedRegion": caller.region,
        "aws:SourceIp": caller.source_ip,
        "aws:Referer": caller.referer,
        "aws:UserAgent": caller.user_agent,
        "aws:PrincipalType": _kind(caller),
        "aws:PrincipalArn": _identity_arn(caller),
        "aws:PrincipalAccount": "" if caller.arn.endswith(".amazonaws.com") else caller.account,
        "aws:userid": caller.user_id,
        "aws:username": caller.arn.rpartition("/")[2] if ":user/" in caller.arn else "",
    }
    return {key: [value] for key, value in found.items() if value}


def _kind(caller: Caller) -> str:
    if caller.anonymous:
        return "Anonymous"
    if caller.arn.endswith(":root"):
        return "Account"
    return "AssumedRole" if ":assumed-role/" in caller.arn else "User"


def _identity_arn(caller: Caller) -> str:
    """For a session the role's ARN, as aws:PrincipalArn has it."""
    principal = of(caller)
    return f"arn:aws:iam::{caller.account}:role/{principal.role}" if principal.role else caller.arn
