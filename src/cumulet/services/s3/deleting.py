"""Deleting objects, one by one or many at once.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjects.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.members import HARMLESS, REQUEST, honours
from cumulet.services.s3.versions import Versions
from cumulet.wire.errors import AwsError

AT_ONCE = 1000
CONDITIONS = {"IfMatch": "ETag", "IfMatchLastModifiedTime": "LastModifiedTime", "IfMatchSize": "Size"}


class Deleting(Versions):
    @honours(HARMLESS, REQUEST)
    def delete_object(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        IfMatch: str | None = None,
        IfMatchLastModifiedTime: datetime | None = None,
        IfMatchSize: int | None = None,
        BypassGovernanceRetention: bool = False,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Delete an object (no error where there is none), or lay a delete marker over its versions."""
        bucket = self._found(Bucket, ExpectedBucketOwner)
        wanted = {
            "IfMatch": IfMatch,
            "IfMatchLastModifiedTime": IfMatchLastModifiedTime,
            "IfMatchSize": IfMatchSize,
        }
        answer, lost = self.store.making_room(
            lambda: self._withdraw(bucket, Key, VersionId, wanted, bypass=BypassGovernanceRetention)
        )
        self._follow_up(Bucket, [Key], lost)
        return Answer(answer, status=204)

    @honours(HARMLESS, REQUEST)
    def delete_objects(
        self,
        *,
        Bucket: str,
        Delete: dict[str, Any],
        ChecksumAlgorithm: str = "",
        BypassGovernanceRetention: bool = False,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Delete up to 1,000 objects in one go, and tell the outcome of each (of failures only, if Quiet).

        ChecksumAlgorithm has no effect of its own: the wire checks the body's digest.
        """
        bucket = self._found(Bucket, ExpectedBucketOwner)
        wanted = Delete["Objects"]
        if not 0 < len(wanted) <= AT_ONCE:
            raise errors.malformed_xml()
        deleted, failed, lost = self.store.making_room(
            lambda: self._withdraw_all(bucket, wanted, bypass=BypassGovernanceRetention)
        )
        self._follow_up(Bucket, {item["Key"] for item in deleted}, lost)
        return {"Deleted": [] if Delete.get("Quiet") else deleted, "Errors": failed}

    def _withdraw_all(
        self, bucket: Found, wanted: list[dict[str, Any]], *, bypass: bool
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        deleted, failed, lost = [], [], []
        for item in wanted:
            key, version = item["Key"], item.get("VersionId")
            told = {name: item.get(member) for name, member in CONDITIONS.items()}
            try:
                answer, blobs = self._withdraw(bucket, key, version, told, bypass=bypass)
            except AwsError as error:
                failed.append(
                    {"Key": key, "VersionId": version, "Code": error.code, "Message": error.message}
                )
                continue
            lost += blobs
            deleted.append(_deleted(key, version, answer))
        return deleted, failed, lost


def _deleted(key: str, version: str | None, answer: Mapping[str, Any]) -> dict[str, Any]:
    marker = answer.get("DeleteMarker")
    told = answer.get("VersionId")
    return {
        "Key": key,
        "VersionId": version,
        "DeleteMarker": marker,
        "DeleteMarkerVersionId": told if marker else None,
    }
