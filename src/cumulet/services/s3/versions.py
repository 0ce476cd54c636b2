"""The one place where objects become current or cease to be, with and without versioning.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from __future__ import annotations

import binascii
import os
import re
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Any

from cumulet.services.s3 import conditions, errors, retention
from cumulet.services.s3.access import Bucket
from cumulet.services.s3.granting import Granting
from cumulet.store.database import Full
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError

VERSION = re.compile(r"null|[A-Za-z0-9_-]{32}")
ENABLED, SUSPENDED = "Enabled", "Suspended"


class Versions(Granting):
    def _find(self, bucket: Bucket, key: str, version: str | None = None) -> Entry:
        """The object that a read means; AWS's errors where there is none, or a delete marker."""
        check_version(version)
        entry = self.store.objects.find(bucket["name"], key, version)
        if entry is None and not self._may(bucket, "s3:ListBucket", prefix=key):
            raise errors.access_denied()  # who may not list is not told what is missing
        if entry is None:
            raise errors.no_such_version(key, version) if version else errors.no_such_key(key)
        if entry.marker:
            raise _marker_in_the_way(entry, by_version=bool(version))
        return entry

    def _publish(
        self, entry: Entry, wanted: Mapping[str, Any], *, also: Callable[[], list[str]] = list
    ) -> Entry:
        """Make an object current, if the conditions hold, together with what `also` changes in the store.

        What is lost by it (the version that it replaces) is deleted afterwards; where it cannot be made
        current, its own blob is.
        """
        riding = self.store.blobs.rides(entry.blob)
        try:
            lost = self.store.atomically(lambda: [*self._put(entry, wanted), *also()])
        except (
            AwsError,
            Full,
        ):  # of other failures nobody knows whether the commit came through: the checkup will
            self.store.blobs.delete(entry.blob)
            raise
        if not riding:
            self._follow_up(entry.bucket, [entry.key], lost)
        return entry

    def _publish_soon(self, entry: Entry, wanted: Mapping[str, Any]) -> Awaitable[Entry]:
        """The same for who must not wait, of an entry whose blob rides in the commit."""
        try:
            committed = self.store.soon(lambda: self._put(entry, wanted))
        except BaseException:  # it takes time: whoever has some begins anew
            self.store.blobs.delete(entry.blob)
            raise
        return self._published(entry, committed)

    async def _published(self, entry: Entry, committed: Awaitable[list[str]]) -> Entry:
        try:
            await committed
        except (AwsError, Full):
            self.store.blobs.delete(entry.blob)
            raise
        return entry

    def _put(self, entry: Entry, wanted: Mapping[str, Any]) -> list[str]:
        """Inside a change of the store: make an entry current; the blobs that are lost by it."""
        bucket = self._found(entry.bucket)
        before = self.store.objects.find(entry.bucket, entry.key)
        conditions.check_write(before, entry.key, wanted)
        self._name_version(bucket, entry, before)
        lost = self.store.objects.put_after(before, entry)
        if self.store.blobs.rides(entry.blob):
            place = (entry.bucket, entry.key)
            self.store.database.after_commit(lambda: self.store.settler.follow(place, entry.blob, lost))
        return lost

    def _withdraw(
        self,
        bucket: Bucket,
        key: str,
        version: str | None,
        wanted: Mapping[str, Any],
        *,
        bypass: bool = False,
    ) -> tuple[dict[str, Any], list[str]]:
        """Delete inside a change of the store; what to answer, and the blobs that are lost by it."""
        action = "s3:DeleteObject" if version is None else "s3:DeleteObjectVersion"
        self._allow(bucket, action, key, {"VersionId": version})
        check_version(version)
        found = self.store.objects.find(bucket["name"], key, version)
        _check_delete(found, key, wanted)
        if version is not None:
            self._check_lock(bucket, found, bypass=bypass)
            lost = self.store.objects.remove(found) if found else []
            return {"VersionId": version, "DeleteMarker": True if found and found.marker else None}, lost
        if bucket.get("versioning"):
            whose = self._belongings(bucket, {})
            marker = Entry(bucket["name"], key, modified=self._now(), marker=True, detail=whose)
            self._name_version(bucket, marker, found)
            return {"VersionId": marker.version, "DeleteMarker": True}, self.store.objects.put(marker)
        return {}, self.store.objects.remove(found) if found else []

    def _check_lock(self, bucket: Bucket, found: Entry | None, *, bypass: bool) -> None:
        """A version that is locked stays; a delete marker can always be laid over it."""
        if found is not None and "lock" in bucket:
            bypass = bypass and self._may_bypass(bucket, found.key)
            retention.check_deletable(found.detail, self.house.clock(), bypass=bypass)

    def _may_bypass(self, bucket: Bucket, key: str) -> bool:
        return self._may(bucket, "s3:BypassGovernanceRetention", key)

    def _follow_up(self, bucket: str, keys: Iterable[str], lost: Iterable[str]) -> None:
        """After the commit: the tree shows the new state, and blobs without an object go."""
        for key in keys:
            self.store.tree.follow(bucket, key, lambda key=key: self._blob_of(bucket, key))  # type: ignore[misc]
        self.store.leftovers.remove(lost)

    def _blob_of(self, bucket: str, key: str) -> Path | None:
        blob = self.store.objects.blob_of(bucket, key)
        return self.store.blobs.filed(blob) if blob else None

    def _now(self) -> float:
        """S3 keeps whole seconds."""
        return float(int(self.house.clock()))

    def _name_version(self, bucket: Bucket, entry: Entry, before: Entry | None) -> None:
        """Give a new version its place before all others of its key, and a name that tells the place."""
        rank = -int(self.house.clock() * 1e6)
        entry.rank = min(rank, before.rank - 1) if before else rank
        if bucket.get("versioning") == ENABLED:
            entry.version = urlsafe_b64encode((-entry.rank).to_bytes(8, "big") + os.urandom(16)).decode()


def check_version(version: str | None) -> None:
    """Names of versions are told in headers: what cannot be one is not repeated."""
    if version is not None and not VERSION.fullmatch(version):
        raise errors.invalid_argument("Invalid version id specified", "versionId", version)


def of_version(action: str, version: str | None) -> str:
    """The action on a version that is named, which policies know apart: `s3:GetObject{}Tagging`."""
    return action.format("Version" if version else "")


def rank_in(version: str) -> int:
    """The place that a version's name tells."""
    try:
        return -int.from_bytes(b64decode(version, altchars=b"-_", validate=True)[:8], "big")
    except (binascii.Error, ValueError):
        raise errors.invalid_argument("Invalid version id specified", "version-id-marker", version) from None


def version_members(bucket: Bucket, entry: Entry) -> dict[str, Any]:
    """Versions are told once a bucket has been versioned."""
    return {"VersionId": entry.version} if bucket.get("versioning") else {}


def new_version_members(bucket: Bucket, entry: Entry) -> dict[str, Any]:
    """What a write says of the version it made: nothing where versioning is suspended."""
    return {"VersionId": entry.version} if bucket.get("versioning") == ENABLED else {}


def _check_delete(found: Entry | None, key: str, wanted: Mapping[str, Any]) -> None:
    if found is None:
        return
    conditions.check_same(found, wanted)
    if found.marker:
        return
    if (match := wanted.get("IfMatch")) is not None and not conditions.matches(match, found.etag):
        raise errors.precondition_failed("If-Match")


def _marker_in_the_way(marker: Entry, *, by_version: bool) -> AwsError:
    """What a delete marker answers to a read: gone, and where it was asked for itself, that one cannot."""
    headers = {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version}
    if not by_version:
        return errors.no_such_key(marker.key, headers)
    headers["Last-Modified"] = formatdate(marker.modified, usegmt=True)
    return AwsError(
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
        status=405,
        headers=headers,
        Method="GET",
        ResourceType="DeleteMarker",
    )
