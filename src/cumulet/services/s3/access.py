"""Who owns a bucket, and who may do what in it.

The owner's account may do everything that the bucket's policy does not deny; strangers and anonymous
callers only what it grants them. (What IAM's identity policies say comes before this, on the road of a
request.) A policy that asks for TLS is content: the loopback interface is as private as a connection gets.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cumulet.services import Service, policies, principals
from cumulet.services.s3 import condition_keys, errors

# name, account, region, created (epoch seconds), versioning, policy, block, encryption, lock
Bucket = dict[str, Any]

NOTHING: Mapping[str, Any] = MappingProxyType({})
OWN_POLICY = (
    "s3:GetBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:DeleteBucketPolicy",
)  # root cannot lock itself out
CLOSED = ("ListBuckets", "CreateBucket")  # operations that no bucket's policy can open to everybody


class Access(Service):
    """What every operation of S3 begins with: find the bucket, and see whether the caller may go on."""

    validation_code = "InvalidArgument"

    def admits_anonymous(self, operation: str, members: dict[str, Any]) -> bool:
        """Unsigned calls go on wherever a bucket's policy might admit them; `_bucket` then asks it."""
        return operation not in CLOSED

    def _bucket(
        self,
        name: str,
        action: str,
        key: str = "",
        *,
        owner: str = "",
        asked: Mapping[str, Any] = NOTHING,
        **given: Any,
    ) -> Bucket:
        """The bucket, if the caller may do `action` to it (or to its object `key`).

        `asked` are the request's members, for the conditions of policies that ask about them.
        """
        bucket = self._found(name, owner)
        self._allow(bucket, action, key, asked, **given)
        return bucket

    def _found(self, name: str, owner: str = "") -> Bucket:
        bucket = self.store.records.get("s3.bucket", "", name)
        if bucket is None:
            raise errors.no_such_bucket(name)
        if owner and owner != bucket["account"]:
            raise errors.access_denied()
        return bucket

    def _allow(
        self, bucket: Bucket, action: str, key: str = "", asked: Mapping[str, Any] = NOTHING, **given: Any
    ) -> None:
        if not self._may(bucket, action, key, asked, **given):
            who = self.caller.arn or "Anonymous users"
            resource = f"{bucket['name']}/{key}" if key else bucket["name"]
            raise errors.access_denied(f"{who} may not perform {action} on arn:aws:s3:::{resource}")

    def _may(
        self, bucket: Bucket, action: str, key: str = "", asked: Mapping[str, Any] = NOTHING, **given: Any
    ) -> bool:
        """`given` are S3's own condition keys, `prefix=...` for s3:prefix."""
        owns: bool = self.caller.account == bucket["account"]
        if not bucket.get("policy"):
            return owns
        if owns and action in OWN_POLICY and self.caller.arn.endswith(":root"):
            return True
        text = self._policy(bucket["name"]) or ""
        policy = policies.parse(text, "resource")
        if not owns and bucket["block"].get("RestrictPublicBuckets") and policies_public(policy):
            return False
        context = condition_keys.of_request(asked)
        context |= {f"s3:{name.replace('_', '-')}": str(value) for name, value in given.items()}
        if key and condition_keys.EXISTING_TAG in text.lower():
            found = self.store.objects.find(bucket["name"], key, asked.get("VersionId"))
            context |= condition_keys.of_object(found.detail) if found else {}
        said = self._decide(bucket, policy, action, key, context)
        return said.allowed or (owns and not said.denied)

    def _decide(
        self, bucket: Bucket, policy: policies.Policy, action: str, key: str, asked: dict[str, Any]
    ) -> policies.Decision:
        resource = f"arn:aws:s3:::{bucket['name']}/{key}" if key else f"arn:aws:s3:::{bucket['name']}"
        told = principals.context(self.caller, self.house.clock(), secure=True)
        context: dict[str, Any] = {**told, **asked}
        return policies.decide([policy], action, resource, principals.of(self.caller), context)

    def _policy(self, bucket: str) -> str | None:
        found = self.store.records.get("s3.configuration", bucket, "policy")
        return str(found["text"]) if found else None

    def _edit_bucket(self, name: str, **changes: Any) -> None:
        """Change a bucket's record; what is None is taken out."""

        def change(bucket: Bucket) -> Bucket:
            return {key: value for key, value in {**bucket, **changes}.items() if value is not None}

        if self.store.records.update("s3.bucket", "", name, change) is None:
            raise errors.no_such_bucket(name)

    def _owner(self, account: str = "") -> dict[str, str]:
        return {"ID": principals.canonical_id(account or self.caller.account)}


# Conditions that tie a grant to somebody in particular, so that it is not a grant to the public.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
NARROWING = frozenset(
    name.lower()
    for name in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:userid",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
    )
)
EVERYWHERE = ("0.0.0.0/0", "::/0")


def policies_public(policy: policies.Policy) -> bool:
    """Whether a policy grants anything to everybody, as public access blocks understand it."""
    return any(_is_public(statement) for statement in policy.statements if statement.effect == "Allow")


def _is_public(statement: policies.Statement) -> bool:
    named = statement.principal
    accounts = named.get("AWS", []) if isinstance(named, dict) else named
    anybody = (
        statement.other_principals or accounts == "*" or (isinstance(accounts, list) and "*" in accounts)
    )
    return anybody and not any(
        key.lower() in NARROWING and not any("*" in value or value in EVERYWHERE for value in values)
        for operator, key, values in statement.conditions
        if "Not" not in operator and not operator.endswith("IfExists")
    )
