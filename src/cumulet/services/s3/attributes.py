"""GetObjectAttributes: what is known of an object, without its bytes or its metadata.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.s3 import checksums, customer_keys, errors
from cumulet.services.s3.members import REQUEST, honours
from cumulet.services.s3.versions import Versions, of_version, version_members
from cumulet.store.objects import Entry

MOST = 1000
KNOWN = ("ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize")


class Attributes(Versions):
    @honours(customer_keys.CUSTOMER, REQUEST)
    def get_object_attributes(
        self,
        *,
        Bucket: str,
        Key: str,
        ObjectAttributes: list[str],
        VersionId: str | None = None,
        MaxParts: int = MOST,
        PartNumberMarker: int = 0,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        if unknown := [name for name in ObjectAttributes if name not in KNOWN]:
            raise errors.invalid_argument(
                "Invalid attribute name specified.", "x-amz-object-attributes", unknown[0]
            )
        asked = {**members, "VersionId": VersionId}
        read, action = (of_version(f"s3:GetObject{{}}{what}", VersionId) for what in ("", "Attributes"))
        bucket = self._bucket(Bucket, read, Key, owner=ExpectedBucketOwner, asked=asked)
        self._allow(bucket, action, Key, asked)
        entry = self._find(bucket, Key, VersionId)
        customer_keys.unlocking(entry.detail, members)
        told = {
            "ETag": entry.etag,
            "Checksum": checksums.members(entry.detail.get("checksum", {})) or None,
            "ObjectParts": _parts(entry, int(PartNumberMarker or 0), MaxParts),
            "StorageClass": entry.storage,
            "ObjectSize": entry.size,
        }
        chosen = {name: told[name] for name in ObjectAttributes}
        return {**chosen, "LastModified": entry.modified, **version_members(bucket, entry)}


def _parts(entry: Entry, after: int, limit: int) -> dict[str, Any] | None:
    """The parts; their checksums too where the object's is made of them (AWS lists none otherwise)."""
    if "parts" not in entry.detail:
        return None
    parts = entry.detail["parts"]
    answer: dict[str, Any] = {"TotalPartsCount": len(parts)}
    if entry.detail["checksum"]["type"] != checksums.COMPOSITE:
        return answer
    behind = [part for part in parts if part["number"] > after]
    page = behind[: min(limit, MOST)]
    return {
        **answer,
        "PartNumberMarker": after,
        "NextPartNumberMarker": page[-1]["number"] if page else 0,
        "MaxParts": limit,
        "IsTruncated": len(behind) > len(page),
        "Parts": [
            {
                "PartNumber": part["number"],
                "Size": part["size"],
                f"Checksum{part['checksum']['algorithm']}": part["checksum"]["value"],
            }
            for part in page
        ],
    }
