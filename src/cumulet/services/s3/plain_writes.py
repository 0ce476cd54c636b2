"""A plain write: the PUT of a small object as almost everybody sends it, done without the detours.

No condition, lock, encryption or ACL is asked for, by the request or by its bucket. Then a PUT takes a fraction of
the steps; `None` means that there is more to it, and that the long way has to be gone, which would have come to the
same (`tests/test_short.py` compares the two).
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any

from cumulet.services.s3 import metadata, names
from cumulet.services.s3.access import Bucket
from cumulet.services.s3.objects import Objects
from cumulet.services.s3.receiving import receive
from cumulet.services.s3.versions import new_version_members
from cumulet.store.objects import Entry
from cumulet.wire.message import Body, Response

USUAL_BUCKET = frozenset(
    ("name", "account", "region", "created", "versioning", "policy", "block", "unasked", "ownership", "acl")
)
UNASKED = {"ACL": "", "StorageClass": "", "Tagging": ""}


class PlainWrites(Objects):
    def put_plainly(
        self, name: str, key: str, body: Body, size: int, members: Mapping[str, Any]
    ) -> Awaitable[Response] | None:
        """The answer to come, or None. `members` may say of what type the body is, its digests and metadata."""
        if not self.store.blobs.carries(size):
            return None
        bucket = self.store.records.get("s3.bucket", "", name)
        if bucket is None or not USUAL_BUCKET.issuperset(bucket):
            return None
        if not self._may(bucket, "s3:PutObject", key, {**members, **UNASKED}):
            return None
        names.check_key(key)
        detail = metadata.kept(members) | self._belongings(bucket, {})
        received = receive(self.store.blobs, key, body, members, riding=True)
        entry = self._entry(name, key, received, detail, "STANDARD")
        return self._put_told(bucket, self._publish_soon(entry, {}))

    async def _put_told(self, bucket: Bucket, published: Awaitable[Entry]) -> Response:
        entry = await published
        checksum = entry.detail["checksum"]
        headers = [
            ("ETag", f'"{entry.etag}"'),
            (f"x-amz-checksum-{checksum['algorithm'].lower()}", checksum["value"]),
            ("x-amz-checksum-type", checksum["type"]),
        ]
        headers += [("x-amz-version-id", version) for version in new_version_members(bucket, entry).values()]
        return Response(200, headers)
