"""A plain read: GET or HEAD of an object as almost everybody sends it, answered without the detours.

No version, condition or key of one's own is asked for, and bucket and object are of the usual kind. Then an
answer takes a tenth of the steps; `None` means that there is more to it, and that the long way has to be gone,
which would have given the same answer (`tests/test_short.py` compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from cumulet.services.s3 import checksums, metadata, ranges
from cumulet.services.s3.objects import Objects
from cumulet.services.s3.versions import version_members
from cumulet.store.objects import Entry
from cumulet.wire import models, rest, times
from cumulet.wire.message import Response
from cumulet.wire.shapes import Shape

ASKED: Mapping[str, Any] = {
    "VersionId": None
}  # what a plain read's members say to the conditions of policies
# What a bucket's record and an object's may hold. (Of the policy, the block and the ACLs it is `_may` that knows.)
USUAL_BUCKET = frozenset(
    {
        *("name", "account", "region", "created", "versioning", "encryption"),
        *("policy", "block", "unasked", "ownership", "acl"),
    }
)
USUAL_OBJECT = frozenset(("headers", "metadata", "checksum", "parts", "owner", "acl"))


class Plain(Objects):
    def plainly(self, name: str, key: str, *, span: str, checksum: bool, bodiless: bool) -> Response | None:
        """The answer, or None. `span` is the Range header; `checksum`: it is to be told; `bodiless`: a HEAD."""
        store, recall = self.store, self.store.database.recall
        bucket = recall(("bucket", name), lambda: store.records.get("s3.bucket", "", name))
        if bucket is None or not USUAL_BUCKET.issuperset(bucket):
            return None
        if not self._may(bucket, "s3:GetObject", key, ASKED):
            return None
        known = recall(("object", name, key), lambda: _known(store.objects.find(name, key)))
        if known is None:
            return None
        try:
            answer = self._told(known, span, checksum=checksum, bodiless=bodiless)
        except FileNotFoundError:
            return None  # overwritten this moment
        versions = version_members(bucket, known.entry).values()
        answer.headers += [("x-amz-version-id", version) for version in versions]
        return answer

    def _told(self, known: Known, span: str, *, checksum: bool, bodiless: bool) -> Response:
        entry = known.entry
        part = ranges.span(span, entry.size) if span else None
        start, length = part or (0, entry.size)
        body = self._bytes(entry, start, length, {}) if length and not bodiless else b""
        headers = [("Content-Length", str(length)), *known.headers]
        if part:
            headers.append(("Content-Range", f"bytes {start}-{start + length - 1}/{entry.size}"))
        elif checksum:
            headers += known.checksum
        return Response(206 if part else 200, headers, body)


class Known(NamedTuple):
    """An object, and what is told of it with every answer."""

    entry: Entry
    headers: list[tuple[str, str]]
    checksum: list[tuple[str, str]]


def _known(entry: Entry | None) -> Known | None:
    if entry is None or not _usual(entry):
        return None
    headers = [
        ("accept-ranges", "bytes"),
        ("Last-Modified", times.to_text(entry.modified, "rfc822")),
        ("ETag", f'"{entry.etag}"'),
        *rest.write_headers(_output(), metadata.shown(entry.detail)),
    ]
    checksum = checksums.members(entry.detail.get("checksum", {}))
    return Known(entry, headers, rest.write_headers(_output(), checksum))


def _usual(entry: Entry) -> bool:
    kept = entry.detail
    if entry.marker or entry.storage != "STANDARD" or not USUAL_OBJECT.issuperset(kept):
        return False
    return "ContentType" in kept.get("headers", ())


@cache
def _output() -> Shape:
    found = models.plan(models.service("s3").operation_model("GetObject")).output
    assert found
    return found
