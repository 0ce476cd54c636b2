"""Objects in parts: begun, sent part by part, and completed into one object or given up.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import (
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
from cumulet.services.s3.assembly import Assembly
from cumulet.services.s3.copying import SOURCE_CONDITIONS, Copying, Source, unlocking_source
from cumulet.services.s3.members import BODY, CHECKSUMS, GRANTS, HEADERS, REQUEST, WRITE_CONDITIONS, honours
from cumulet.services.s3.receiving import Received, digest_again, receive
from cumulet.services.s3.versions import new_version_members, version_members
from cumulet.store.database import Full
from cumulet.store.objects import Entry
from cumulet.store.uploads import Part, Upload
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Body as Stream

LAST_PART = 10_000


class Multipart(Copying):
    @honours(HEADERS, GRANTS, encryption.ENCRYPTION, retention.ASKED, REQUEST)
    def create_multipart_upload(
        self,
        *,
        Bucket: str,
        Key: str,
        ACL: str = "",
        Metadata: dict[str, str] | None = None,
        StorageClass: str = "",
        Tagging: str = "",
        ChecksumAlgorithm: str = "",
        ChecksumType: str = "",
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Begin an upload. What it is told here is the object's, once the upload is completed."""
        asked = {**members, "ACL": ACL, "StorageClass": StorageClass, "Tagging": Tagging}
        bucket = self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=asked)
        names.check_key(Key)
        whose = self._belongings(bucket, asked)
        now = self.house.clock()
        kept = metadata.kept({**members, "Metadata": Metadata}) | whose
        if sealing := encryption.wanted(members, bucket, self):
            kept["encryption"] = sealing
        kept |= retention.kept(members, bucket, now)
        if Tagging:
            kept["tags"] = tags.from_header(Tagging)
        detail = {
            "object": kept,
            "storage": metadata.storage_class(StorageClass),
            "algorithm": ChecksumAlgorithm,
            "type": checksums.check_type(ChecksumAlgorithm, ChecksumType),
            "initiator": self._initiator,
        }
        if lock := encryption.lock_of(members):
            detail["lock"] = b64encode(self.store.blobs.ring.wrap(lock)).decode()
        # The time comes first, so that the uploads to one key list in the order in which they were begun.
        upload = Upload(Bucket, Key, f"{int(now * 1e6):016x}{secrets.token_hex(16)}", now, detail)
        self.store.atomically(lambda: self._begin(upload))
        return {
            "Bucket": Bucket,
            "Key": Key,
            "UploadId": upload.id,
            "ChecksumAlgorithm": ChecksumAlgorithm or None,
            "ChecksumType": detail["type"] if ChecksumAlgorithm else None,
            **expiry.of_upload(self.store, bucket, upload),
            **sealing,
        }

    @honours(CHECKSUMS, BODY, customer_keys.CUSTOMER, REQUEST)
    def upload_part(
        self,
        *,
        Bucket: str,
        Key: str,
        PartNumber: int,
        UploadId: str,
        Body: Stream | bytes = b"",
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep one part; the last one of a number counts."""
        self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=members)
        check_number(PartNumber)
        upload = self._upload(Bucket, Key, UploadId)
        wanted = upload.detail["algorithm"]
        told = members.get("ChecksumAlgorithm") or checksums.told(members)[0]
        if wanted and told and told != wanted:
            raise errors.invalid_request(
                f"Checksum Type mismatch occurred, expected checksum Type: {wanted.lower()}, "
                f"actual checksum Type: {told.lower()}"
            )
        sealing = encryption.told_of(upload.detail["object"])
        lock = customer_keys.unlocking(upload.detail["object"], members)
        received = receive(self.store.blobs, Key, Body, members, wanted, sealed=bool(sealing), lock=lock)
        part = self._keep_part(upload, PartNumber, received)
        return {"ETag": f'"{part.etag}"', **value_of(part), **sealing}

    @honours(SOURCE_CONDITIONS, customer_keys.CUSTOMER, customer_keys.OF_SOURCE, REQUEST)
    def upload_part_copy(
        self,
        *,
        Bucket: str,
        Key: str,
        PartNumber: int,
        UploadId: str,
        CopySource: str | dict[str, str],
        CopySourceRange: str = "",
        ExpectedBucketOwner: str = "",
        ExpectedSourceBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep a part that is an object, or a range of one."""
        asked = {**members, "CopySource": Source.of(CopySource).told}
        self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=asked)
        check_number(PartNumber)
        upload = self._upload(Bucket, Key, UploadId)
        origin, original = self._source(Source.of(CopySource), ExpectedSourceBucketOwner, members)
        start, length = ranges.copied(CopySourceRange, original.size)
        blobs, sealing = self.store.blobs, encryption.told_of(upload.detail["object"])
        lock, unlock = (
            customer_keys.unlocking(upload.detail["object"], members),
            unlocking_source(original, members),
        )
        rot.check(blobs, original, start, length, unlock)  # damage gets no fresh checksum
        with blobs.draft(sealed=bool(sealing), lock=lock) as draft:
            blobs.copy(original.blob, draft, start, length, unlock=unlock)
            blob = draft.keep()
        etag, checksum = digest_again(blobs, blob, upload.detail["algorithm"] or checksums.DEFAULT, lock)
        part = self._keep_part(upload, PartNumber, Received(blob, length, etag, checksum))
        result = {"ETag": f'"{part.etag}"', "LastModified": part.modified, **value_of(part)}
        return {
            "CopyPartResult": result,
            "CopySourceVersionId": version_members(origin, original).get("VersionId"),
            **sealing,
        }

    @honours(CHECKSUMS, WRITE_CONDITIONS, customer_keys.CUSTOMER, REQUEST)
    def complete_multipart_upload(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        MultipartUpload: dict[str, Any] | None = None,
        ChecksumType: str = "",
        MpuObjectSize: int | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Join the parts that are named into the object; the upload and its parts are gone then.

        A customer's key need be brought only where the parts have checksums of the customer's choice, as on AWS.
        """
        bucket = self._bucket(Bucket, "s3:PutObject", Key, owner=ExpectedBucketOwner, asked=members)
        if again := self._completed(Bucket, Key, UploadId):
            return _joined(bucket, again)
        upload = self._upload(Bucket, Key, UploadId)
        conditions.check_write(self.store.objects.find(Bucket, Key), Key, members)
        named = (MultipartUpload or {}).get("Parts") or []
        assembly = Assembly.of(upload, self.store.uploads.parts(UploadId), named)
        assembly.check_size(MpuObjectSize)
        if upload.detail["algorithm"] or customer_keys.told(members):
            customer_keys.unlocking(upload.detail["object"], members)
        kept = upload.detail.get("lock")
        lock = self.store.blobs.ring.unwrap(b64decode(kept)) if kept else customer_keys.NO_KEY
        entry = assembly.entry(self.store.blobs, self._now(), lock)
        checksum = entry.detail["checksum"]
        try:
            assembly.check_checksum(checksum, ChecksumType, members)
        except AwsError:
            self.store.blobs.delete(entry.blob)
            raise
        self._publish(entry, members, also=lambda: self._end(upload))
        return _joined(bucket, entry) | expiry.of_object(self.store, bucket, entry)

    @honours(REQUEST)
    def abort_multipart_upload(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        IfMatchInitiatedTime: datetime | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        asked = {"UploadId": UploadId}
        self._bucket(Bucket, "s3:AbortMultipartUpload", Key, owner=ExpectedBucketOwner, asked=asked)
        upload = self._upload(Bucket, Key, UploadId)
        if IfMatchInitiatedTime and int(IfMatchInitiatedTime.timestamp()) != int(upload.begun):
            raise errors.precondition_failed("x-amz-if-match-initiated-time")
        for blob in self.store.making_room(lambda: self._end(upload)):
            self.store.blobs.delete(blob)
        return Answer(status=204)

    def _completed(self, bucket: str, key: str, upload: str) -> Entry | None:
        """The object that an upload has become: to complete it again, its answer having been lost, is no error."""
        found = self.store.objects.find(bucket, key)
        return found if found and found.detail.get("upload") == upload else None

    def _begin(self, upload: Upload) -> None:
        self._found(upload.bucket)  # it may have been deleted meanwhile
        self.store.uploads.begin(upload)

    def _upload(self, bucket: str, key: str, upload: str) -> Upload:
        found = self.store.uploads.find(bucket, key, upload)
        if found is None:
            raise errors.no_such_upload(upload)
        return found

    def _keep_part(self, upload: Upload, number: int, received: Received) -> Part:
        detail = {"checksum": received.checksum}
        part = Part(number, received.size, received.etag, self._now(), received.blob, detail)

        def commit() -> list[str]:
            self._upload(upload.bucket, upload.key, upload.id)
            return self.store.uploads.put_part(upload.id, part)

        try:
            lost = self.store.atomically(commit)
        except (AwsError, Full):
            self.store.blobs.delete(received.blob)
            raise
        for blob in lost:
            self.store.blobs.delete(blob)
        return part

    def _end(self, upload: Upload) -> list[str]:
        self._upload(upload.bucket, upload.key, upload.id)  # another call may have ended it meanwhile
        return self.store.uploads.end(upload)


def _joined(bucket: Bucket, entry: Entry) -> dict[str, Any]:
    return {
        "Location": f"/{entry.bucket}/{entry.key}",
        "Bucket": entry.bucket,
        "Key": entry.key,
        "ETag": f'"{entry.etag}"',
        **checksums.members(entry.detail["checksum"]),
        **new_version_members(bucket, entry),
        **encryption.told_of(entry.detail),
    }


def value_of(part: Part) -> dict[str, str]:
    """A part's checksum as a member of an answer."""
    checksum = part.detail["checksum"]
    return {f"Checksum{checksum['algorithm']}": checksum["value"]}


def check_number(number: int) -> None:
    if not 1 <= number <= LAST_PART:
        message = f"Part number must be an integer between 1 and {LAST_PART}, inclusive"
        raise errors.invalid_argument(message, "partNumber", number)
