"""Listing objects, versions 1 and 2.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cumulet.services.s3 import errors
from cumulet.services.s3.access import Access
from cumulet.services.s3.members import REQUEST, honours
from cumulet.store.objects import Listed, Page

MOST = 1000  # keys on one page, whatever is asked for


@dataclass(frozen=True, slots=True)
class LakeFile:
    """An object as the engines read it: in place, at `path`. `modified` is epoch seconds."""

    key: str
    path: Path
    size: int
    etag: str
    modified: float


class Listing(Access):
    @honours(REQUEST)
    def list_objects_v2(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        StartAfter: str = "",
        ContinuationToken: str | None = None,
        MaxKeys: int = MOST,
        EncodingType: str | None = None,
        FetchOwner: bool = False,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:ListBucket", prefix=Prefix, owner=ExpectedBucketOwner)
        shown = encoder(EncodingType)
        after = _after(ContinuationToken) if ContinuationToken is not None else StartAfter
        page = self._page(Bucket, Prefix, Delimiter, after, MaxKeys)
        owner = self._owner(bucket["account"]) if FetchOwner else None
        return {
            "Name": Bucket,
            "Prefix": shown(Prefix),
            "Delimiter": shown(Delimiter) if Delimiter else None,
            "StartAfter": shown(StartAfter) if StartAfter else None,
            "MaxKeys": MaxKeys,
            "KeyCount": len(page.objects) + len(page.folders),
            "EncodingType": EncodingType,
            "IsTruncated": page.more,
            "ContinuationToken": ContinuationToken,
            "NextContinuationToken": _token(page.last) if page.more else None,
            "Contents": [contents(item, shown, owner) for item in page.objects],
            "CommonPrefixes": [{"Prefix": shown(folder)} for folder in page.folders],
        }

    @honours(REQUEST)
    def list_objects(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        Marker: str = "",
        MaxKeys: int = MOST,
        EncodingType: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """The first version of the listing: pages go on behind a key, told only with a delimiter."""
        bucket = self._bucket(Bucket, "s3:ListBucket", prefix=Prefix, owner=ExpectedBucketOwner)
        shown = encoder(EncodingType)
        page = self._page(Bucket, Prefix, Delimiter, Marker, MaxKeys)
        owner = self._owner(bucket["account"])
        return {
            "Name": Bucket,
            "Prefix": shown(Prefix),
            "Marker": shown(Marker),
            "Delimiter": shown(Delimiter) if Delimiter else None,
            "MaxKeys": MaxKeys,
            "EncodingType": EncodingType,
            "IsTruncated": page.more,
            "NextMarker": shown(page.last) if page.more and Delimiter else None,
            "Contents": [contents(item, shown, owner) for item in page.objects],
            "CommonPrefixes": [{"Prefix": shown(folder)} for folder in page.folders],
        }

    def files(self, Bucket: str, Prefix: str = "") -> list[LakeFile]:
        """For engines in this house: where the bytes of every object under a prefix lie, in key order.

        The files are immutable. One may go away when its object is overwritten or deleted; who then finds
        it missing asks again.
        """
        self._bucket(Bucket, "s3:ListBucket")
        path = self.store.blobs.path
        return [
            LakeFile(entry.key, path(entry.blob), entry.size, entry.etag, entry.modified)
            for entry in self.store.objects.walk(Bucket, Prefix)
        ]

    def _page(self, bucket: str, prefix: str, delimiter: str, after: str, most: int) -> Page:
        if most < 0:
            raise errors.invalid_argument(
                "Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", most
            )
        limit = min(most, MOST)
        return self.store.objects.page(bucket, prefix=prefix, after=after, delimiter=delimiter, limit=limit)


def contents(item: Listed, shown: Callable[[str], str], owner: dict[str, str] | None) -> dict[str, Any]:
    algorithm, _, kind = item.checksum.partition(" ")
    return {
        "Key": shown(item.key),
        "LastModified": item.modified,
        "ETag": f'"{item.etag}"',
        "ChecksumAlgorithm": [algorithm] if algorithm else None,
        "ChecksumType": kind or None,
        "Size": item.size,
        "StorageClass": item.storage,
        "Owner": owner,
    }


def encoder(encoding: str | None) -> Callable[[str], str]:
    """How keys are told: as they are, or percent-encoded (XML cannot hold every character)."""
    if encoding is None:
        return str
    if encoding != "url":
        raise errors.invalid_argument(
            "Invalid Encoding Method specified in Request", "encoding-type", encoding
        )
    return lambda text: quote(text, safe="/-_.~*!'()")


def _token(last: str) -> str:
    """Where the next page goes on, in a form that nobody takes for a key."""
    return base64.urlsafe_b64encode(b"1" + last.encode()).decode()


def _after(token: str) -> str:
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith("1"):
        raise errors.invalid_argument(
            "The continuation token provided is incorrect", "continuation-token", token
        )
    return text[1:]
