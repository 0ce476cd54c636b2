"""When an object will expire, or an upload be given up: told with every answer about it.

The flag in a bucket's record says whether there are rules, so buckets without any pay nothing for this.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-expire-general-considerations.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cumulet.services.s3.access import Bucket
from cumulet.services.s3.lifecycle_rules import Lifecycle, Standing
from cumulet.store import Store
from cumulet.store.objects import Entry
from cumulet.store.uploads import Upload


def of_object(store: Store, bucket: Bucket, entry: Entry) -> dict[str, str]:
    """The member of answers about a current version."""
    lifecycle = _of(store, bucket)
    if lifecycle is None or not entry.listed:
        return {}
    standing = Standing(entry.key, entry.size, entry.modified, entry.storage, current=True)
    said = lifecycle.expiration(standing, entry.detail.get("tags", {}))
    return {"Expiration": said} if said else {}


def of_upload(store: Store, bucket: Bucket, upload: Upload) -> dict[str, Any]:
    """The members of answers about an upload under way."""
    lifecycle = _of(store, bucket)
    found = lifecycle.abortion(upload.key, upload.begun) if lifecycle else None
    if found is None:
        return {}
    end, rule = found
    return {"AbortDate": datetime.fromtimestamp(end, UTC), "AbortRuleId": rule}


def _of(store: Store, bucket: Bucket) -> Lifecycle | None:
    if not bucket.get("lifecycle"):
        return None
    kept = store.records.get("s3.configuration", bucket["name"], "lifecycle")
    return Lifecycle.of(kept) if kept else None
