"""Objects: put, get and head.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/uploading-downloading-objects.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cumulet.services import Answer, Later
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
    ranges,
    retention,
    rot,
    tags,
)
from cumulet.services.s3.access import Bucket
from cumulet.services.s3.members import (
    BODY,
    CHECKSUMS,
    GRANTS,
    HEADERS,
    READ_CONDITIONS,
    REQUEST,
    RESPONSE_HEADERS,
    WRITE_CONDITIONS,
    honours,
)
from cumulet.services.s3.receiving import receive
from cumulet.services.s3.versions import Versions, new_version_members, version_members
from cumulet.store import haste
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body as Stream
from cumulet.wire.message import FileSpan

ATTEMPTS = 100  # a blob may go between its look-up and its opening only if somebody overwrote it meanwhile


class Objects(Versions):
    @honours(
        HEADERS, CHECKSUMS, BODY, GRANTS, encryption.ENCRYPTION, retention.ASKED, WRITE_CONDITIONS, REQUEST
    )
    def put_object(
        self,
        *,
        Bucket: str,
        Key: str,
        Body: Stream | bytes | Path = b"",
        ACL: str = "",
        Metadata: dict[str, str] | None = None,
        StorageClass: str = "",
        Tagging: str = "",
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any] | Later:
        """Keep an object whole, or not at all. A `Path` as body is taken over: the file is moved, not copied.

        ContentLength has no effect of its own: the wire has counted the bytes.
        """
        asked = {**members, "ACL": ACL, "StorageClass": StorageClass, "Tagging": Tagging}
        bucket = self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=asked)
        names.check_key(Key)
        whose = self._belongings(bucket, asked)
        detail = metadata.kept({**members, "Metadata": Metadata}) | whose
        detail |= retention.kept(members, bucket, self.house.clock())
        storage = metadata.storage_class(StorageClass)
        if Tagging:
            detail["tags"] = tags.from_header(Tagging)
        if sealing := encryption.wanted(members, bucket, self):
            detail["encryption"] = sealing
        self._check_early(Bucket, Key, members)
        lock = encryption.lock_of(members)
        received = receive(self.store.blobs, Key, Body, members, sealed=bool(sealing), lock=lock, riding=True)
        entry = self._entry(Bucket, Key, received, detail, storage)
        if haste.in_haste():
            return Later(self._told_soon(bucket, self._publish_soon(entry, members)))
        self._publish(entry, members)
        rot.trust(self.store.blobs, entry)
        return self._put_answer(bucket, entry)

    async def _told_soon(self, bucket: Bucket, published: Awaitable[Entry]) -> dict[str, Any]:
        return self._put_answer(bucket, await published)

    def _put_answer(self, bucket: Bucket, entry: Entry) -> dict[str, Any]:
        return {
            "ETag": f'"{entry.etag}"',
            **checksums.members(entry.detail["checksum"]),
            **new_version_members(bucket, entry),
            **expiry.of_object(self.store, bucket, entry),
            **entry.detail.get("encryption", {}),
        }

    @honours(READ_CONDITIONS, RESPONSE_HEADERS, customer_keys.CUSTOMER, REQUEST)
    def get_object(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        Range: str = "",
        PartNumber: int | None = None,
        ChecksumMode: str = "",
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """An object's bytes, or a range of them, as they were at one moment."""
        for _ in range(ATTEMPTS):
            entry, answer, (start, length) = self._read(
                Bucket, Key, VersionId, Range, PartNumber, ChecksumMode, ExpectedBucketOwner, members
            )
            archives.check_readable(entry, self.house.clock())
            encryption.check_readable(entry.detail, self)
            try:
                answer["Body"] = self._bytes(entry, start, length, members) if length else b""
            except FileNotFoundError:
                continue
            return answer
        raise AwsError("InternalError", f"The bytes of {Key} are missing on disk.", status=500)

    @honours(READ_CONDITIONS, RESPONSE_HEADERS, customer_keys.CUSTOMER, REQUEST)
    def head_object(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        Range: str = "",
        PartNumber: int | None = None,
        ChecksumMode: str = "",
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """What a GET would say, without the bytes."""
        return self._read(
            Bucket, Key, VersionId, Range, PartNumber, ChecksumMode, ExpectedBucketOwner, members
        )[1]

    def _entry(self, bucket: str, key: str, received: Any, detail: dict[str, Any], storage: str) -> Entry:
        """The index entry of bytes that have just arrived."""
        return Entry(
            bucket=bucket,
            key=key,
            size=received.size,
            etag=encryption.etag(received.etag, detail.get("encryption", {})),
            modified=self._now(),
            blob=received.blob,
            storage=storage,
            checksum=checksums.label(received.checksum),
            detail={**detail, "checksum": received.checksum},
        )

    def _bytes(
        self, entry: Entry, start: int, length: int, members: Mapping[str, Any]
    ) -> bytes | FileSpan | Iterator[bytes]:
        """A range of an object, verified: from memory, of the file as it lies there, or deciphered."""
        blobs, lock = self.store.blobs, encryption.lock_of(members)
        if "encryption" in entry.detail:
            haste.check()
        if entry.size <= rot.SMALL:
            return rot.read(blobs, entry, lock)[start : start + length]
        rot.check(blobs, entry, start, length, lock)
        if "encryption" in entry.detail:
            return blobs.read(entry.blob, start, length, lock)
        if length <= rot.SMALL:
            return haste.read(str(blobs.path(entry.blob)), start, length)
        return FileSpan(blobs.open(entry.blob), start, length)

    def _check_early(self, bucket: str, key: str, wanted: Mapping[str, Any]) -> None:
        """Refuse before the body is read what would be refused behind it anyway."""
        if wanted.get("IfMatch") or wanted.get("IfNoneMatch"):
            conditions.check_write(self.store.objects.find(bucket, key), key, wanted)

    def _read(
        self,
        name: str,
        key: str,
        version: str | None,
        byte_range: str,
        part: int | None,
        checksum_mode: str,
        owner: str,
        members: Mapping[str, Any],
    ) -> tuple[Entry, Answer, tuple[int, int]]:
        """The object, what to say about it, and which of its bytes are meant (first, how many)."""
        action, asked = (
            "s3:GetObjectVersion" if version else "s3:GetObject",
            {**members, "VersionId": version},
        )
        bucket = self._bucket(name, action, key, owner=owner, asked=asked)
        entry = self._find(bucket, key, version)
        customer_keys.unlocking(entry.detail, members)
        conditions.check_read(entry, members)
        answer = Answer(_described(entry, members))
        answer.update(version_members(bucket, entry))
        answer.update(expiry.of_object(self.store, bucket, entry))
        answer.update(archives.shown(entry, self.house.clock()))
        start, length = self._span(entry, answer, byte_range, part)
        answer["ContentLength"] = length
        if checksum_mode == "ENABLED" and answer.status is None:
            answer.update(checksums.members(entry.detail.get("checksum", {})))
        if checksum_mode == "ENABLED" and part is not None:
            answer.update(_part_checksum(entry, part))
        return entry, answer, (start, length)

    def _span(self, entry: Entry, answer: Answer, byte_range: str, part: int | None) -> tuple[int, int]:
        if part is not None:
            if byte_range:
                raise errors.invalid_request(
                    "Cannot specify both Range header and partNumber query parameter"
                )
            span: tuple[int, int] | None = _part_span(entry, part)
            answer["PartsCount"] = len(entry.detail["parts"]) if "parts" in entry.detail else None
        else:
            span = ranges.span(byte_range, entry.size) if byte_range else None
        if span is None:
            return 0, entry.size
        start, length = span
        answer.status = 206
        if length:
            answer["ContentRange"] = f"bytes {start}-{start + length - 1}/{entry.size}"
        return span


def _described(entry: Entry, overrides: Mapping[str, Any]) -> dict[str, Any]:
    told = metadata.shown(entry.detail)
    for name in RESPONSE_HEADERS:
        if overrides.get(name) is not None:
            told[name.removeprefix("Response")] = metadata.header(name, overrides[name])
    return {
        "AcceptRanges": "bytes",
        "LastModified": entry.modified,
        "ETag": f'"{entry.etag}"',
        "StorageClass": None if entry.storage == "STANDARD" else entry.storage,
        "TagCount": len(entry.detail.get("tags", {})) or None,
        **encryption.told_of(entry.detail),
        **retention.shown(entry.detail),
        **told,
    }


def _part_checksum(entry: Entry, number: int) -> dict[str, str]:
    """The checksum of a part's own bytes, under the name that the whole object's has."""
    whole = entry.detail.get("checksum", {})
    for part in entry.detail.get("parts", []):
        if part["number"] == number and part["checksum"]["algorithm"] == whole.get("algorithm"):
            return checksums.members({**part["checksum"], "type": whole["type"]})
    return {}


def _part_span(entry: Entry, number: int) -> tuple[int, int]:
    """Where a part lies; an object that came in one piece has one part."""
    start = 0
    for part in entry.detail.get("parts", [{"number": 1, "size": entry.size}]):
        if part["number"] == number:
            return start, part["size"]
        start += part["size"]
    raise AwsError("InvalidPartNumber", "The requested partnumber is not satisfiable", status=416)
