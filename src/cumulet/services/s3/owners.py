"""Who owns a bucket, and who may come in."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.principals import canonical_id
from cumulet.services.s3 import errors

Bucket = dict[str, Any]  # name, account, region, created (epoch seconds), versioning, ...


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
