"""Who pays for requests, and buckets that are reached by an accelerated endpoint.

Nobody is billed here. What remains of requester pays is that strangers must say that they know of it; what
remains of acceleration is the setting, since there is one endpoint, as near as can be.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/RequesterPaysBuckets.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.s3 import errors
from cumulet.services.s3.configured import Configured
from cumulet.services.s3.members import DIGESTS, REQUEST, honours

REQUESTER, OWNER = "Requester", "BucketOwner"
STATUSES = ("Enabled", "Suspended")


class Payment(Configured):
    @honours(DIGESTS)
    def put_bucket_request_payment(
        self,
        *,
        Bucket: str,
        RequestPaymentConfiguration: dict[str, str],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """From now on strangers must send `x-amz-request-payer: requester`, or need not."""
        self._bucket(Bucket, "s3:PutBucketRequestPayment", owner=ExpectedBucketOwner)
        payer = RequestPaymentConfiguration["Payer"]
        if payer not in (REQUESTER, OWNER):
            raise errors.malformed_xml()
        self._edit_bucket(Bucket, payer=payer if payer == REQUESTER else None)
        return {}

    def get_bucket_request_payment(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetBucketRequestPayment", owner=ExpectedBucketOwner)
        return {"Payer": bucket.get("payer", OWNER)}

    @honours(DIGESTS)
    def put_bucket_accelerate_configuration(
        self,
        *,
        Bucket: str,
        AccelerateConfiguration: dict[str, str],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep the setting. It makes no difference: all of this house's buckets have the same endpoint."""
        self._bucket(Bucket, "s3:PutAccelerateConfiguration", owner=ExpectedBucketOwner)
        status = AccelerateConfiguration.get("Status")
        if status not in STATUSES:
            raise errors.malformed_xml()
        if "." in Bucket:
            raise errors.invalid_request(
                "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names"
            )
        self._configure(Bucket, "accelerate", {"Status": status})
        return {}

    @honours(REQUEST)
    def get_bucket_accelerate_configuration(
        self, *, Bucket: str, ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """No status where it was never set."""
        self._bucket(Bucket, "s3:GetAccelerateConfiguration", owner=ExpectedBucketOwner)
        return self._configuration(Bucket, "accelerate") or {}
