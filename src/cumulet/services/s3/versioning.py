"""Versioning of buckets, and the listing of versions.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cumulet.services.s3 import errors, owners
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.archives import check_attributes, status
from cumulet.services.s3.listing import MOST, encoder
from cumulet.services.s3.members import DIGESTS, HARMLESS, REQUEST, honours
from cumulet.services.s3.versions import ENABLED, SUSPENDED, Versions, rank_in
from cumulet.store.objects import NULL, Entry, behind, folder_of
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

BEHIND_ALL = 2**62  # a rank that no version has


class Versioning(Versions):
    @honours(DIGESTS, HARMLESS)
    def put_bucket_versioning(
        self,
        *,
        Bucket: str,
        VersioningConfiguration: dict[str, str],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Once enabled, versioning can only be suspended: what versions there are stay."""
        bucket = self._bucket(Bucket, "s3:PutBucketVersioning", owner=ExpectedBucketOwner)
        status = VersioningConfiguration.get("Status")
        if VersioningConfiguration.get("MFADelete") == ENABLED:
            raise NotImplementedByCumulet("MFA delete (MFADelete may be Disabled, which it is)")
        if status not in (ENABLED, SUSPENDED):
            raise errors.malformed_xml()
        if status == SUSPENDED and "lock" in bucket:
            message = "An Object Lock configuration is present on this bucket: it stays versioned."
            raise AwsError("InvalidBucketState", message, status=409)
        self._edit_bucket(Bucket, versioning=status)
        return {}

    def get_bucket_versioning(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetBucketVersioning", owner=ExpectedBucketOwner)
        return {"Status": bucket.get("versioning")}

    @honours(REQUEST)
    def list_object_versions(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        KeyMarker: str = "",
        VersionIdMarker: str = "",
        MaxKeys: int = MOST,
        EncodingType: str | None = None,
        OptionalObjectAttributes: list[str] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Versions and delete markers, by key, the newest first."""
        bucket = self._bucket(Bucket, "s3:ListBucketVersions", owner=ExpectedBucketOwner, prefix=Prefix)
        if VersionIdMarker and not KeyMarker:
            message = "A version-id marker cannot be specified without a key marker."
            raise errors.invalid_argument(message, "version-id-marker", VersionIdMarker)
        shown, limit = encoder(EncodingType), min(MaxKeys, MOST)
        walk = self._walk_versions(Bucket, Prefix, Delimiter, (KeyMarker, VersionIdMarker), limit + 1)
        page, last, more = _page(walk, limit)
        restores = check_attributes(OptionalObjectAttributes)
        versions = [(entry, latest) for folder, entry, latest in page if not folder]
        return {
            "Name": Bucket,
            "Prefix": shown(Prefix),
            "Delimiter": shown(Delimiter) if Delimiter else None,
            "KeyMarker": shown(KeyMarker),
            "VersionIdMarker": VersionIdMarker,
            "NextKeyMarker": shown(last[0]) if more else None,
            "NextVersionIdMarker": last[1] if more else None,
            "MaxKeys": MaxKeys,
            "EncodingType": EncodingType,
            "IsTruncated": more,
            "Versions": [
                _version(bucket, e, latest, shown) | (status(e, self.house.clock()) if restores else {})
                for e, latest in versions
                if not e.marker
            ],
            "DeleteMarkers": [_marker(bucket, e, latest, shown) for e, latest in versions if e.marker],
            "CommonPrefixes": [{"Prefix": shown(folder)} for folder, _, _ in page if folder],
        }

    def _walk_versions(
        self, bucket: str, prefix: str, delimiter: str, marker: tuple[str, str], size: int
    ) -> Iterator[tuple[str, Entry, bool]]:
        """Everything behind a marker, with the folder it is rolled up into (each once) and whether it is
        the latest of its key."""
        key, version = marker
        seen = key if version else ""
        start, stop = prefix.encode(), behind(prefix.encode())
        if folder_of(key, prefix, delimiter) == key != "":
            start = behind(key.encode())
        after = (key.encode(), self._rank_of(bucket, key, version))
        while entries := self.store.objects.versions(bucket, max(start, after[0]), stop, after, size):
            for entry in entries:
                if folder := folder_of(entry.key, prefix, delimiter):
                    yield folder, entry, False
                    start = behind(folder.encode())
                    break
                yield "", entry, entry.key != seen
                seen, after = entry.key, (entry.key.encode(), entry.rank)

    def _rank_of(self, bucket: str, key: str, version: str) -> int:
        """Where a version stands among those of its key, even if it has been deleted since."""
        if not version:
            return BEHIND_ALL
        if version == NULL:
            found = self.store.objects.find(bucket, key, NULL)
            return found.rank if found else BEHIND_ALL
        return rank_in(version)


def _page(
    walk: Iterator[tuple[str, Entry, bool]], limit: int
) -> tuple[list[tuple[str, Entry, bool]], tuple[str, str], bool]:
    """At most `limit` of them, where the next page goes on, and whether there is one."""
    page: list[tuple[str, Entry, bool]] = []
    last = ("", "")
    if limit:
        for item in walk:
            if len(page) == limit:
                return page, last, True
            page.append(item)
            folder, entry, _ = item
            last = (folder, "") if folder else (entry.key, entry.version)
    return page, last, False


def _version(bucket: Found, entry: Entry, latest: bool, shown: Callable[[str], str]) -> dict[str, Any]:
    algorithm, _, kind = entry.checksum.partition(" ")
    return {
        **_marker(bucket, entry, latest, shown),
        "ETag": f'"{entry.etag}"',
        "ChecksumAlgorithm": [algorithm] if algorithm else None,
        "ChecksumType": kind or None,
        "Size": entry.size,
        "StorageClass": entry.storage,
    }


def _marker(bucket: Found, entry: Entry, latest: bool, shown: Callable[[str], str]) -> dict[str, Any]:
    return {
        "Key": shown(entry.key),
        "VersionId": entry.version,
        "IsLatest": latest,
        "LastModified": entry.modified,
        "Owner": {"ID": owners.owner_of(bucket, entry.detail)},
    }
