"""Server access logs: where a bucket's are to go. Kept and checked; **no logs are written yet**.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.s3 import errors, owners
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.configured import Configured
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

SOURCES = ("EventTime", "DeliveryTime")
LOGGING = "logging"


class AccessLogs(Configured):
    @honours(DIGESTS)
    def put_bucket_logging(
        self,
        *,
        Bucket: str,
        BucketLoggingStatus: dict[str, Any],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Say where access logs go, or (without LoggingEnabled) that there are none. Nothing is logged yet."""
        bucket = self._bucket(Bucket, "s3:PutBucketLogging", owner=ExpectedBucketOwner)
        enabled = BucketLoggingStatus.get("LoggingEnabled")
        if enabled:
            self._check_target(bucket, enabled)
        self._configure(Bucket, LOGGING, {"LoggingEnabled": enabled} if enabled else None)
        return {}

    def get_bucket_logging(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """Nothing where there are no access logs."""
        self._bucket(Bucket, "s3:GetBucketLogging", owner=ExpectedBucketOwner)
        return self._configuration(Bucket, LOGGING) or {}

    def _check_target(self, bucket: Found, told: Mapping[str, Any]) -> None:
        """Logs go to a bucket of the same account and region."""
        target = self.store.records.get("s3.bucket", "", told["TargetBucket"])
        if target is None:
            raise _bad_target("The target bucket for logging does not exist", told)
        if target["account"] != bucket["account"]:
            raise _bad_target(
                "The owner for the bucket to be logged and the target bucket must be the same", told
            )
        if target["region"] != bucket["region"]:
            message = "The target bucket for logging must be in the same region as the bucket to be logged"
            raise AwsError("CrossLocationLoggingProhibited", message, status=403)
        if told.get("TargetGrants"):
            if not owners.acls_on(target):
                message = "The target bucket does not allow ACLs (BucketOwnerEnforced): grant by its policy."
                raise AwsError("InvalidBucketAclWithObjectOwnership", message, status=400)
            raise NotImplementedByCumulet("TargetGrants of access logs")
        _check_format(told.get("TargetObjectKeyFormat"))


def _check_format(told: Mapping[str, Any] | None) -> None:
    """One of two forms of the logs' keys."""
    if told is None:
        return
    if len(told.keys() & {"SimplePrefix", "PartitionedPrefix"}) != 1:
        raise errors.malformed_xml()
    if "PartitionedPrefix" in told and told["PartitionedPrefix"].get("PartitionDateSource") not in SOURCES:
        raise errors.malformed_xml()


def _bad_target(message: str, told: Mapping[str, Any]) -> AwsError:
    return AwsError("InvalidTargetBucketForLogging", message, status=400, TargetBucket=told["TargetBucket"])
