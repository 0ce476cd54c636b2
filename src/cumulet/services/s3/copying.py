"""Copying objects within the lake: the bytes stay where they are, a second object refers to them.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from cumulet.services.s3 import (
    archives,
    checksums,
    conditions,
    customer_keys,
    encryption,
    errors,
    expiry,
    metadata,
    names,
    retention,
    rot,
    tags,
)
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.members import GRANTS, HARMLESS, HEADERS, REQUEST, WRITE_CONDITIONS, honours
from cumulet.services.s3.receiving import digest_again
from cumulet.services.s3.versions import Versions, version_members
from cumulet.store.blobs import suffix_of
from cumulet.store.objects import Entry

SOURCE_CONDITIONS = (
    "CopySourceIfMatch",
    "CopySourceIfNoneMatch",
    "CopySourceIfModifiedSince",
    "CopySourceIfUnmodifiedSince",
)
LARGEST = 5 << 30  # bytes that one copy may have; more is copied in parts


@dataclass(frozen=True, slots=True)
class Source:
    """What x-amz-copy-source names."""

    bucket: str
    key: str
    version: str | None

    @property
    def told(self) -> str:
        """As policies know it."""
        return f"{self.bucket}/{self.key}"

    @classmethod
    def of(cls, told: str | Mapping[str, str]) -> Source:
        """`bucket/key?versionId=...`, percent-encoded; boto3 leaves a leading slash to the caller."""
        if isinstance(told, Mapping):
            return cls(told["Bucket"], told["Key"], told.get("VersionId"))
        path, _, query = told.partition("?versionId=")
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        if not bucket or not key:
            message = "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
            raise errors.invalid_argument(message, "x-amz-copy-source", told)
        return cls(bucket, key, parse_qs(f"versionId={query}").get("versionId", [None])[0] if query else None)


class Copying(Versions):
    @honours(
        HEADERS,
        GRANTS,
        encryption.ENCRYPTION,
        customer_keys.OF_SOURCE,
        retention.ASKED,
        SOURCE_CONDITIONS,
        WRITE_CONDITIONS,
        HARMLESS,
        REQUEST,
    )
    def copy_object(
        self,
        *,
        Bucket: str,
        Key: str,
        CopySource: str | dict[str, str],
        MetadataDirective: str = "",
        TaggingDirective: str = "COPY",
        Metadata: dict[str, str] | None = None,
        Tagging: str = "",
        StorageClass: str = "",
        ChecksumAlgorithm: str = "",
        ACL: str = "",
        ExpectedBucketOwner: str = "",
        ExpectedSourceBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """A new object of an old one's bytes, with its metadata and tags or (REPLACE) with others."""
        source = Source.of(CopySource)
        asked = {**members, "ACL": ACL, "StorageClass": StorageClass, "Tagging": Tagging}
        asked |= {"CopySource": source.told, "MetadataDirective": MetadataDirective}
        bucket = self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=asked)
        names.check_key(Key)
        whose = self._belongings(bucket, asked)
        if (source.bucket, source.key) == (Bucket, Key) and not source.version:
            _check_change(MetadataDirective, StorageClass, members)
        origin, original = self._source(source, ExpectedSourceBucketOwner, members)
        detail = _detail(original, MetadataDirective or "COPY", {**members, "Metadata": Metadata})
        _copy_tags(detail, original, TaggingDirective, Tagging)
        detail |= whose | retention.kept(members, bucket, self.house.clock())
        if sealing := encryption.wanted(members, bucket, self):
            detail["encryption"] = sealing
        entry = self._copied(original, Bucket, Key, detail, ChecksumAlgorithm, members)
        entry.storage = metadata.storage_class(StorageClass)
        self._publish(entry, members)
        return {
            "CopyObjectResult": {
                "ETag": f'"{entry.etag}"',
                "LastModified": entry.modified,
                **checksums.members(entry.detail["checksum"]),
            },
            "CopySourceVersionId": version_members(origin, original).get("VersionId"),
            **version_members(bucket, entry),
            **expiry.of_object(self.store, bucket, entry),
            **sealing,
        }

    def _source(self, source: Source, owner: str, members: Mapping[str, Any]) -> tuple[Found, Entry]:
        """The object to copy from; its conditions speak of it as a read's do, but always with a 412."""
        action = "s3:GetObjectVersion" if source.version else "s3:GetObject"
        asked = {"VersionId": source.version}
        bucket = self._bucket(source.bucket, action, source.key, owner=owner, asked=asked)
        entry = self._find(bucket, source.key, source.version)
        archives.check_readable(entry, self.house.clock())
        encryption.check_readable(entry.detail, self)
        unlocking_source(entry, members)
        told = {name.removeprefix("CopySource"): members.get(name) for name in SOURCE_CONDITIONS}
        conditions.check_read(entry, told, modified_code="PreconditionFailed")
        return bucket, entry

    def _copied(
        self,
        original: Entry,
        bucket: str,
        key: str,
        detail: dict[str, Any],
        algorithm: str,
        members: Mapping[str, Any],
    ) -> Entry:
        """The copy's entry. It is of one piece, whatever the original came in: its ETag is an MD5."""
        if original.size > LARGEST:
            raise errors.invalid_request(
                "The specified copy source is larger than the maximum allowable size for a copy source: "
                f"{LARGEST}"
            )
        lock, unlock = encryption.lock_of(members), unlocking_source(original, members)
        etag, checksum = original.etag, original.detail.get("checksum", {})
        wanted = algorithm or checksum.get("algorithm") or checksums.DEFAULT
        hidden = encryption.hides_md5(encryption.told_of(original.detail))
        afresh = "parts" in original.detail or hidden or wanted != checksum.get("algorithm")
        if afresh:  # damage gets no fresh checksum
            rot.check(self.store.blobs, original, 0, original.size, unlock)
        blob = self.store.blobs.share(
            original.blob, suffix_of(key), sealed="encryption" in detail, lock=lock, unlock=unlock
        )
        if afresh:
            etag, checksum = digest_again(self.store.blobs, blob, wanted, lock)
        return Entry(
            bucket=bucket,
            key=key,
            size=original.size,
            etag=encryption.etag(etag, detail.get("encryption", {})),
            modified=self._now(),
            blob=blob,
            checksum=checksums.label(checksum),
            detail={**detail, "checksum": checksum},
        )


def unlocking_source(original: Entry, members: Mapping[str, Any]) -> bytes:
    """The customer's own key that the source of a copy was stored with."""
    return customer_keys.unlocking(original.detail, members, "CopySource")


def _check_change(directive: str, storage_class: str, members: Mapping[str, Any]) -> None:
    """A copy of an object to itself has to change something about it."""
    told = ("WebsiteRedirectLocation", "ServerSideEncryption", "SSECustomerKey")
    if directive != "REPLACE" and not storage_class and not any(members.get(name) for name in told):
        raise errors.invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without "
            "changing the object's metadata, storage class, website redirect location or encryption "
            "attributes."
        )


def _detail(original: Entry, directive: str, members: Mapping[str, Any]) -> dict[str, Any]:
    if directive not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown metadata directive.", "x-amz-metadata-directive", directive)
    if directive == "REPLACE":
        return metadata.kept(members)
    return {name: original.detail[name] for name in ("headers", "metadata") if name in original.detail}


def _copy_tags(detail: dict[str, Any], original: Entry, directive: str, told: str) -> None:
    if directive not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown tagging directive.", "x-amz-tagging-directive", directive)
    kept = tags.from_header(told) if directive == "REPLACE" and told else original.detail.get("tags")
    if kept and (directive == "COPY" or told):
        detail["tags"] = kept
