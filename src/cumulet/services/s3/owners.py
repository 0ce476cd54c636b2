"""Who owns a bucket, and who may come in."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from cumulet.services import Service
from cumulet.services.s3 import errors

Bucket = dict[str, Any]  # name, account, region, created (epoch seconds), versioning, ...


@cache
def canonical_id(account: str) -> str:
    """The 64 hex digits by which S3 names an account.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/finding-canonical-user-id.html
    """
    return hashlib.sha256(f"canonical user {account}".encode()).hexdigest()


class Owners(Service):
    """What every operation of S3 begins with: find the bucket, and see whether the caller may go on."""

    validation_code = "InvalidArgument"

    def _bucket(self, name: str, expected_owner: str = "") -> Bucket:
        found = self.store.records.get("s3.bucket", "", name)
        if found is None:
            raise errors.no_such_bucket(name)
        if expected_owner and expected_owner != found["account"]:
            raise errors.access_denied()
        if found["account"] != self.caller.account:
            raise errors.access_denied()
        return found

    def _owner(self, account: str = "") -> dict[str, str]:
        return {"ID": canonical_id(account or self.caller.account)}
