"""Parts becoming an object: are they the ones that were named, and what is their whole?

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cumulet.services.s3 import checksums, encryption, errors
from cumulet.services.s3.receiving import digest_again
from cumulet.store.blobs import Blobs, suffix_of
from cumulet.store.objects import Entry
from cumulet.store.uploads import Part, Upload
from cumulet.wire.errors import AwsError

SMALLEST_PART = 5 << 20  # bytes, of every part but the last


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of one object, checked and in order."""

    upload: Upload
    parts: Sequence[Part]

    @classmethod
    def of(cls, upload: Upload, there: Sequence[Part], named: Sequence[Mapping[str, Any]]) -> Assembly:
        numbers = [item.get("PartNumber") or 0 for item in named]
        if not numbers:
            raise errors.malformed_xml()
        if any(second < first for first, second in pairwise(numbers)):
            message = "The list of parts was not in ascending order. Parts must be ordered by part number."
            raise AwsError("InvalidPartOrder", message, status=400, UploadId=upload.id)
        by_number = {part.number: part for part in there}
        meant = dict(zip(numbers, named, strict=True))  # of a number that is named twice the last one counts
        parts = [_named(upload, by_number.get(number), item) for number, item in meant.items()]
        for part in parts[:-1]:
            if part.size < SMALLEST_PART:
                raise _too_small(part)
        return cls(upload, parts)

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    @property
    def encryption(self) -> dict[str, Any]:
        return encryption.told_of(self.upload.detail["object"])

    @property
    def etag(self) -> str:
        """The MD5 of the parts' MD5s, and how many they are."""
        digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in self.parts), usedforsecurity=False)
        return f"{digest.hexdigest()}-{len(self.parts)}"

    def check_size(self, expected: int | None) -> None:
        if expected is not None and expected != self.size:
            raise errors.invalid_request(
                f"The provided 'x-amz-mp-object-size' header value {expected} does not match what was "
                f"computed: {self.size}"
            )

    def check_checksum(self, computed: Mapping[str, str], kind: str, members: Mapping[str, Any]) -> None:
        """What the client says of the whole must be what came out."""
        if kind and kind != computed["type"]:
            raise errors.invalid_request(
                f"The upload was created using the {computed['type']} checksum mode. The complete request "
                "must use the same checksum mode."
            )
        algorithm, expected = checksums.told(members)
        if not expected:
            return
        value, _, count = expected.partition("-")
        told = f"{value}-{count or len(self.parts)}" if computed["type"] == checksums.COMPOSITE else expected
        if (algorithm, told) != (computed["algorithm"], computed["value"]):
            raise checksums.bad_digest(algorithm)

    def entry(self, blobs: Blobs, now: float, lock: bytes = b"") -> Entry:
        """The object, its bytes joined in a new blob (the one part's own bytes, where there is only one)."""
        upload, suffix = self.upload, suffix_of(self.upload.key)
        try:
            sealed = bool(self.encryption)
            only = self.parts[0].blob if len(self.parts) == 1 else ""
            blob = (
                blobs.share(only, suffix, sealed=sealed, lock=lock, unlock=lock)
                if only
                else blobs.join((p.blob for p in self.parts), suffix, sealed=sealed, lock=lock, unlock=lock)
            )
        except FileNotFoundError:
            raise _invalid_part(upload, 0) from None  # a part was replaced this very moment
        checksum = self._checksum(blobs, blob, lock)
        return Entry(
            bucket=upload.bucket,
            key=upload.key,
            size=self.size,
            etag=self.etag,
            modified=now,
            blob=blob,
            storage=upload.detail["storage"],
            checksum=checksums.label(checksum),
            detail={
                **upload.detail["object"],
                "checksum": checksum,
                "parts": [_kept(p) for p in self.parts],
                "upload": upload.id,
            },
        )

    def _checksum(self, blobs: Blobs, blob: str, lock: bytes) -> dict[str, str]:
        algorithm = self.upload.detail["algorithm"] or checksums.DEFAULT
        told = [part.detail["checksum"] for part in self.parts]
        if self.upload.detail["type"] == checksums.COMPOSITE:
            return checksums.composite(algorithm, [checksum["value"] for checksum in told])
        if all(checksum["algorithm"] == algorithm for checksum in told):
            sizes = [part.size for part in self.parts]
            return checksums.combined(algorithm, zip([c["value"] for c in told], sizes, strict=True))
        return digest_again(blobs, blob, algorithm, lock)[1]


def _named(upload: Upload, part: Part | None, item: Mapping[str, Any]) -> Part:
    """The part that an item of the list means."""
    if part is None or str(item.get("ETag", "")).strip('"') != part.etag:
        raise _invalid_part(upload, item.get("PartNumber") or 0)
    algorithm, told = checksums.told(item)
    checksum = part.detail["checksum"]
    if told and (algorithm, told) != (checksum["algorithm"], checksum["value"]):
        raise _invalid_part(upload, part.number)
    if not told and upload.detail["algorithm"] and upload.detail["type"] == checksums.COMPOSITE:
        raise errors.invalid_request(
            f"The upload was created using a {upload.detail['algorithm'].lower()} checksum. The complete "
            "request must include the checksum for each part. It was missing for part "
            f"{part.number} in the request."
        )
    return part


def _kept(part: Part) -> dict[str, Any]:
    return {"number": part.number, "size": part.size, "checksum": part.detail["checksum"]}


def _invalid_part(upload: Upload, number: int) -> AwsError:
    return AwsError(
        "InvalidPart",
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
        "specified entity tag may not match the part's entity tag.",
        status=400,
        UploadId=upload.id,
        PartNumber=str(number),
    )


def _too_small(part: Part) -> AwsError:
    return AwsError(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        status=400,
        ProposedSize=str(part.size),
        MinSizeAllowed=str(SMALLEST_PART),
        PartNumber=str(part.number),
        ETag=part.etag,
    )
