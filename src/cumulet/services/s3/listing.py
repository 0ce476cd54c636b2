"""Listing objects, versions 1 and 2.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from cumulet.services.s3 import archives, errors, owners
from cumulet.services.s3.access import Access, Bucket
from cumulet.services.s3.members import REQUEST, honours
from cumulet.store import haste
from cumulet.store.objects import Listed, Page
from cumulet.store.sealed import Locked
from cumulet.wire.xml import Written, escape

FEW = 100  # keys that the event loop's thread lists
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
        OptionalObjectAttributes: list[str] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        asked = {"Delimiter": Delimiter, "MaxKeys": MaxKeys}
        bucket = self._bucket(Bucket, "s3:ListBucket", prefix=Prefix, owner=ExpectedBucketOwner, asked=asked)
        shown = encoder(EncodingType)
        after = _after(ContinuationToken) if ContinuationToken is not None else StartAfter
        page = self._page(Bucket, Prefix, Delimiter, after, MaxKeys)
        owner = self._owners(bucket, page) if FetchOwner else None
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
            "Contents": self._contents(
                Bucket, Contents(page.objects, shown, owner), OptionalObjectAttributes
            ),
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
        OptionalObjectAttributes: list[str] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """The first version of the listing: pages go on behind a key, told only with a delimiter."""
        asked = {"Delimiter": Delimiter, "MaxKeys": MaxKeys}
        bucket = self._bucket(Bucket, "s3:ListBucket", prefix=Prefix, owner=ExpectedBucketOwner, asked=asked)
        shown = encoder(EncodingType)
        page = self._page(Bucket, Prefix, Delimiter, Marker, MaxKeys)
        owner = self._owners(bucket, page)
        return {
            "Name": Bucket,
            "Prefix": Prefix,  # never encoded in this version: clients do not decode it
            "Marker": shown(Marker),
            "Delimiter": shown(Delimiter) if Delimiter else None,
            "MaxKeys": MaxKeys,
            "EncodingType": EncodingType,
            "IsTruncated": page.more,
            "NextMarker": shown(page.last) if page.more and Delimiter else None,
            "Contents": self._contents(
                Bucket, Contents(page.objects, shown, owner), OptionalObjectAttributes
            ),
            "CommonPrefixes": [{"Prefix": shown(folder)} for folder in page.folders],
        }

    def files(self, Bucket: str, Prefix: str = "") -> list[LakeFile]:
        """For engines in this house: where the bytes of every object under a prefix lie, in key order.

        The files are immutable (of an encrypted object it is a plain copy, made when asked for). One may go
        away when its object is overwritten or deleted; who then finds it missing asks again.
        """
        bucket, path = self._bucket(Bucket, "s3:ListBucket", prefix=Prefix), self.store.blobs.readable
        try:
            found = [
                LakeFile(str(key, "utf-8"), path(blob), size, etag, modified)
                for key, blob, size, etag, modified in self.store.objects.places(Bucket, Prefix)
            ]
            self.store.settle(Bucket, Prefix)
        except Locked:
            what = f"s3://{Bucket}/{Prefix} holds an object encrypted with a customer's own key (SSE-C)."
            raise errors.invalid_request(
                f"{what} Copy it to one without, so that it can be queried."
            ) from None
        if not self._reads_all(bucket):
            for file in found:
                self._allow(bucket, "s3:GetObject", file.key)
        return found

    def _contents(
        self, bucket: str, contents: Contents, attributes: list[str] | None
    ) -> Contents | list[dict[str, Any]]:
        """The objects of a page; with what is known of restores where that is asked for."""
        if not archives.check_attributes(attributes):
            return contents
        now, found = self.house.clock(), self.store.objects.find
        restores = (
            archives.status(found(bucket, item.key), now) if item.storage in archives.ARCHIVED else {}
            for item in contents.items
        )
        return [{**told, **restore} for told, restore in zip(contents, restores, strict=True)]

    def _page(self, bucket: str, prefix: str, delimiter: str, after: str, most: int) -> Page:
        if most < 0:
            raise errors.invalid_argument(
                "Argument maxKeys must be an integer between 0 and 2147483647", "maxKeys", most
            )
        limit = min(most, FEW if haste.in_haste() else MOST)
        page = self.store.objects.page(bucket, prefix=prefix, after=after, delimiter=delimiter, limit=limit)
        if page.more and limit < min(most, MOST):
            haste.check()  # most listings are short; of a long one so much was read in vain
        return page

    def _owners(self, bucket: Bucket, page: Page) -> Owners:
        """Whose the objects of a page are; where they may be others' than the bucket's owner's, one look at
        the index tells which."""
        owner, objects = owners.bucket_owner(bucket), page.objects
        if not objects or not owners.acls_on(bucket):
            return Owners(owner, {})
        haste.check()  # between two keys many others may lie
        first, last = objects[0].key, objects[-1].key
        return Owners(owner, self.store.objects.details(bucket["name"], first, last, "owner"))


class Owners(NamedTuple):
    """The canonical ids of owners: of most objects, and by their key of the others."""

    usual: str
    others: dict[str, str]


class Contents(Written):
    """The objects of a page, as S3 tells them; written by hand: a page has ten thousand elements."""

    def __init__(self, items: list[Listed], shown: Callable[[str], str], owner: Owners | None) -> None:
        self.items = items
        self.shown = shown
        self.owner = owner

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        found = self.items[index]
        return [self._told(item) for item in found] if isinstance(index, slice) else self._told(found)

    def write(self, tag: str) -> str:
        usual = _owner(self.owner.usual) if self.owner else ""
        others = {key: _owner(name) for key, name in self.owner.others.items()} if self.owner else {}
        shown, checksum, date = self.shown, cache(_checksum), cache(_date)
        return "".join(
            f"<{tag}><Key>{escape(shown(key))}</Key><LastModified>{date(modified)}</LastModified>"
            f"<ETag>&quot;{etag}&quot;</ETag>{checksum(told)}<Size>{size}</Size>{others.get(key, usual)}"
            f"<StorageClass>{storage}</StorageClass></{tag}>"
            for key, size, etag, modified, storage, told in self.items
        )

    def _told(self, item: Listed) -> dict[str, Any]:
        algorithm, _, kind = item.checksum.partition(" ")
        return {
            "Key": self.shown(item.key),
            "LastModified": item.modified,
            "ETag": f'"{item.etag}"',
            "ChecksumAlgorithm": [algorithm] if algorithm else None,
            "ChecksumType": kind or None,
            "Size": item.size,
            "StorageClass": item.storage,
            "Owner": {"ID": self.owner.others.get(item.key, self.owner.usual)} if self.owner else None,
        }


def _owner(canonical_id: str) -> str:
    return f"<Owner><ID>{canonical_id}</ID></Owner>"


def _checksum(told: str) -> str:
    algorithm, _, kind = told.partition(" ")
    if not algorithm:
        return ""
    return f"<ChecksumAlgorithm>{algorithm}</ChecksumAlgorithm><ChecksumType>{kind}</ChecksumType>"


def _date(modified: float) -> str:
    return datetime.fromtimestamp(modified, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def encoder(encoding: str | None) -> Callable[[str], str]:
    """How keys are told: as they are, or percent-encoded (XML cannot hold every character)."""
    if encoding is None:
        return str
    if encoding != "url":
        raise errors.invalid_argument(
            "Invalid Encoding Method specified in Request", "encoding-type", encoding
        )
    return _encoded


UNSAFE = re.compile(r"[^/\-_.~*!'()A-Za-z0-9]+")


def _encoded(text: str) -> str:
    """Percent-encoded. Most keys have little that must be: `quote` would look at every byte."""
    return UNSAFE.sub(lambda found: _quoted(found[0]), text)


@lru_cache(maxsize=1024)
def _quoted(text: str) -> str:
    return quote(text, safe="")


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
