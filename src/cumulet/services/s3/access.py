"""Finding a bucket, and whether its caller may go on: what every operation of S3 begins with.

Who may do what is decided in `authority.py`. A policy that asks for TLS is content: the loopback interface is
as private as a connection gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cumulet.services import principals
from cumulet.services.s3 import errors
from cumulet.services.s3.authority import NOTHING, Authority, Bucket

# A bucket's record: name, account, region, created (epoch seconds), versioning, policy, block, encryption,
# lock, ownership, acl, lifecycle (there are rules), payer (if it is the requester)
CLOSED = ("ListBuckets", "CreateBucket")  # operations that no bucket's policy can open to everybody


class Access(Authority):
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
        if "payer" in bucket and self.caller.account != bucket["account"]:
            self._check_payer()

    def _check_payer(self) -> None:
        """Where the requester pays, strangers must say that they know, and anonymous callers cannot."""
        if self.caller.anonymous or self.said.get("RequestPayer") != "requester":
            what = "This bucket's requests are paid by the requester: send x-amz-request-payer: requester."
            raise errors.access_denied(what)

    def _edit_bucket(self, name: str, **changes: Any) -> None:
        """Change a bucket's record; what is None is taken out."""

        def change(bucket: Bucket) -> Bucket:
            return {key: value for key, value in {**bucket, **changes}.items() if value is not None}

        self._change_bucket(name, change)

    def _change_bucket(self, name: str, change: Callable[[Bucket], Bucket]) -> None:
        if self.store.records.update("s3.bucket", "", name, change) is None:
            raise errors.no_such_bucket(name)

    def _owner(self, account: str = "") -> dict[str, str]:
        """An account as owner. AWS tells no display names any more, since November 2025."""
        return {"ID": principals.canonical_id(account or self.caller.account)}


__all__ = ["Access", "Bucket"]
