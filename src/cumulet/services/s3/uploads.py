"""Listing uploads that are under way, and the parts that have arrived.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cumulet.services.s3 import customer_keys, errors, expiry, owners
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.listing import encoder
from cumulet.services.s3.members import REQUEST, honours
from cumulet.services.s3.multipart import Multipart, value_of
from cumulet.store.objects import behind, folder_of
from cumulet.store.uploads import Upload

MOST = 1000


class Uploads(Multipart):
    @honours(customer_keys.CUSTOMER, REQUEST)
    def list_parts(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        PartNumberMarker: int = 0,
        MaxParts: int = MOST,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        asked = {"UploadId": UploadId}
        action = "s3:ListMultipartUploadParts"
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        upload = self._upload(Bucket, Key, UploadId)
        if customer_keys.told(members):
            customer_keys.unlocking(upload.detail["object"], members)
        limit = _page_size(MaxParts, "max-parts")
        parts = self.store.uploads.parts(UploadId, after=int(PartNumberMarker or 0), limit=limit + 1)
        page = parts[:limit]
        return {
            "Bucket": Bucket,
            "Key": Key,
            "UploadId": UploadId,
            "PartNumberMarker": int(PartNumberMarker or 0),
            "NextPartNumberMarker": page[-1].number if page else 0,
            "MaxParts": limit,
            "IsTruncated": len(parts) > limit,
            "Parts": [
                {
                    "PartNumber": part.number,
                    "LastModified": part.modified,
                    "ETag": f'"{part.etag}"',
                    "Size": part.size,
                    **(value_of(part) if upload.detail["algorithm"] else {}),
                }
                for part in page
            ],
            **_whose(bucket, upload),
            "StorageClass": upload.detail["storage"],
            "ChecksumAlgorithm": upload.detail["algorithm"] or None,
            "ChecksumType": upload.detail["type"] if upload.detail["algorithm"] else None,
            **expiry.of_upload(self.store, bucket, upload),
        }

    @honours(REQUEST)
    def list_multipart_uploads(
        self,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        KeyMarker: str = "",
        UploadIdMarker: str = "",
        MaxUploads: int = MOST,
        EncodingType: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Uploads by key and by the time they were begun. An upload marker means nothing without a key's."""
        bucket = self._bucket(Bucket, "s3:ListBucketMultipartUploads", owner=ExpectedBucketOwner)
        shown, limit = encoder(EncodingType), _page_size(MaxUploads, "max-uploads")
        page: list[Upload] = []
        folders: list[str] = []
        last, more = ("", ""), False
        for folder, upload in self._walk(Bucket, Prefix, Delimiter, (KeyMarker, UploadIdMarker)):
            if len(page) + len(folders) == limit:
                more = True
                break
            if folder:
                folders.append(folder)
            else:
                page.append(upload)
            last = (folder, "") if folder else (upload.key, upload.id)
        return {
            "Bucket": Bucket,
            "Prefix": shown(Prefix) if Prefix else None,
            "Delimiter": shown(Delimiter) if Delimiter else None,
            "KeyMarker": shown(KeyMarker),
            "UploadIdMarker": UploadIdMarker if KeyMarker else "",
            "NextKeyMarker": shown(last[0]) if more else None,
            "NextUploadIdMarker": last[1] if more else None,
            "MaxUploads": limit,
            "EncodingType": EncodingType,
            "IsTruncated": more,
            "Uploads": [_told(bucket, upload, shown(upload.key)) for upload in page],
            "CommonPrefixes": [{"Prefix": shown(folder)} for folder in folders],
        }

    def _walk(
        self, bucket: str, prefix: str, delimiter: str, marker: tuple[str, str]
    ) -> Iterator[tuple[str, Upload]]:
        """Uploads behind a marker, each with the folder that it is rolled up into; each folder once."""
        key, upload_id = marker
        folder = folder_of(key, prefix, delimiter)
        # Without an upload's id, all uploads to the marker's key come before it.
        after = (
            (key.encode(), upload_id)
            if upload_id
            else (behind(key.encode()) if folder else key.encode(), "~")
        )
        start, stop = prefix.encode(), behind(prefix.encode())
        while uploads := self.store.uploads.under(bucket, start, stop, after, MOST):
            for upload in uploads:
                before, folder = folder, folder_of(upload.key, prefix, delimiter)
                if not folder or folder != before:
                    yield folder, upload
            after = (uploads[-1].key.encode(), uploads[-1].id)


def _page_size(told: int, name: str) -> int:
    if told < 0:
        message = f"Argument {name} must be an integer between 0 and 2147483647"
        raise errors.invalid_argument(message, name, told)
    return min(told, MOST)


def _whose(bucket: Found, upload: Upload) -> dict[str, Any]:
    """Who will own the object, and who began the upload: a principal's ARN, or an account's canonical id."""
    owner = owners.owner_of(bucket, upload.detail["object"])
    return {"Owner": {"ID": owner}, "Initiator": {"ID": upload.detail.get("initiator") or owner}}


def _told(bucket: Found, upload: Upload, key: str) -> dict[str, Any]:
    algorithm = upload.detail["algorithm"]
    return {
        "UploadId": upload.id,
        "Key": key,
        "Initiated": upload.begun,
        "StorageClass": upload.detail["storage"],
        **_whose(bucket, upload),
        "ChecksumAlgorithm": algorithm or None,
        "ChecksumType": upload.detail["type"] if algorithm else None,
    }
