"""Archived objects: those in GLACIER and DEEP_ARCHIVE are restored before they are read, as on AWS.

The bytes are where all others are, so a restore that takes hours there is done at once here. A restored
object stays in its class and can be read until the midnight after its days. The engines of this house read
archived objects as they lie.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.days import REAL, told
from cumulet.services.s3.members import DIGESTS, REQUEST, honours
from cumulet.services.s3.versions import Versions
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

ARCHIVED = ("GLACIER", "DEEP_ARCHIVE")
TIERS = ("Standard", "Bulk", "Expedited")


class Archives(Versions):
    @honours(DIGESTS, REQUEST)
    def restore_object(
        self,
        *,
        Bucket: str,
        Key: str,
        RestoreRequest: dict[str, Any] | None = None,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Make an archived object readable for so many days, or for other days than before. It is at once;
        the tiers, by which AWS is faster or cheaper, make no difference."""
        asked = {"VersionId": VersionId}
        bucket = self._bucket(Bucket, "s3:RestoreObject", Key, owner=ExpectedBucketOwner, asked=asked)
        until = REAL.due(self.house.clock(), _days(RestoreRequest or {}))

        def change() -> bool:
            entry = self._find(bucket, Key, VersionId)
            if entry.storage not in ARCHIVED:
                raise _wrong_state("Restore is not allowed for the object's current storage class", entry)
            already = readable(entry, self.house.clock())
            entry.detail["restored"] = until
            self.store.objects.edit(entry)
            return already

        return Answer(status=200 if self.store.atomically(change) else 202)


def readable(entry: Entry, now: float) -> bool:
    return entry.storage not in ARCHIVED or bool(entry.detail.get("restored", 0) > now)


def check_readable(entry: Entry, now: float) -> None:
    if not readable(entry, now):
        raise _wrong_state("The operation is not valid for the object's storage class", entry)


def shown(entry: Entry, now: float) -> dict[str, str]:
    """What an answer says of a restore."""
    if entry.storage not in ARCHIVED or not readable(entry, now):
        return {}
    return {"Restore": f'ongoing-request="false", expiry-date="{told(entry.detail["restored"])}"'}


def status(entry: Entry | None, now: float) -> dict[str, Any]:
    """The same, as listings have it that are asked for it."""
    if entry is None or entry.storage not in ARCHIVED or not readable(entry, now):
        return {}
    until = datetime.fromtimestamp(entry.detail["restored"], UTC)
    return {"RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": until}}


def check_attributes(asked: list[str] | None) -> bool:
    """Whether a listing is asked for the status of restores, the one attribute that there is."""
    if unknown := [name for name in asked or [] if name != "RestoreStatus"]:
        what = "Invalid attribute name specified."
        raise errors.invalid_argument(what, "x-amz-optional-object-attributes", unknown[0])
    return bool(asked)


def _days(request: dict[str, Any]) -> int:
    for name in ("Type", "SelectParameters", "OutputLocation"):
        if name in request:
            raise NotImplementedByCumulet(f"RestoreObject with {name}, which queries an archive,")
    tiers = (request.get("Tier"), request.get("GlacierJobParameters", {}).get("Tier"))
    if "Days" not in request or any(tier not in (None, *TIERS) for tier in tiers):
        raise errors.malformed_xml()
    if request["Days"] < 1:
        raise errors.invalid_argument("Restoration days should be at least 1", "Days", request["Days"])
    return int(request["Days"])


def _wrong_state(message: str, entry: Entry) -> AwsError:
    return AwsError("InvalidObjectState", message, status=403, StorageClass=entry.storage, Key=entry.key)
