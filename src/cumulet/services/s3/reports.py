"""Reports on buckets, and copies of them elsewhere: what AWS can be told to make, and Cumulet does not.

To put such a configuration is refused (501), since nothing would come of it. That there is none can be read,
listed and deleted, for tools that look.
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.access import Access
from cumulet.services.s3.members import DIGESTS, REQUEST, honours
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

NONE_LISTED = {"IsTruncated": False}


class Reports(Access):
    def get_bucket_inventory_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:GetInventoryConfiguration", ExpectedBucketOwner)

    def list_bucket_inventory_configurations(
        self, *, Bucket: str, ContinuationToken: str = "", ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return self._no_list(Bucket, "s3:GetInventoryConfiguration", ExpectedBucketOwner)

    def delete_bucket_inventory_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:PutInventoryConfiguration", ExpectedBucketOwner)

    def get_bucket_analytics_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:GetAnalyticsConfiguration", ExpectedBucketOwner)

    def list_bucket_analytics_configurations(
        self, *, Bucket: str, ContinuationToken: str = "", ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return self._no_list(Bucket, "s3:GetAnalyticsConfiguration", ExpectedBucketOwner)

    def delete_bucket_analytics_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:PutAnalyticsConfiguration", ExpectedBucketOwner)

    def get_bucket_metrics_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:GetMetricsConfiguration", ExpectedBucketOwner)

    def list_bucket_metrics_configurations(
        self, *, Bucket: str, ContinuationToken: str = "", ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return self._no_list(Bucket, "s3:GetMetricsConfiguration", ExpectedBucketOwner)

    def delete_bucket_metrics_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:PutMetricsConfiguration", ExpectedBucketOwner)

    def get_bucket_intelligent_tiering_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:GetIntelligentTieringConfiguration", ExpectedBucketOwner)

    def list_bucket_intelligent_tiering_configurations(
        self, *, Bucket: str, ContinuationToken: str = "", ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return self._no_list(Bucket, "s3:GetIntelligentTieringConfiguration", ExpectedBucketOwner)

    def delete_bucket_intelligent_tiering_configuration(
        self, *, Bucket: str, Id: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        raise self._none(Bucket, "s3:PutIntelligentTieringConfiguration", ExpectedBucketOwner)

    def get_bucket_replication(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        """There is none: replication is refused, since a copy that is not made is no copy."""
        self._bucket(Bucket, "s3:GetReplicationConfiguration", owner=ExpectedBucketOwner)
        code, what = "ReplicationConfigurationNotFoundError", "replication configuration"
        raise errors.no_such_configuration(code, what, Bucket)

    def delete_bucket_replication(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:PutReplicationConfiguration", owner=ExpectedBucketOwner)
        return Answer(status=204)

    @honours(DIGESTS)
    def put_bucket_abac(
        self, *, Bucket: str, AbacStatus: dict[str, str], ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """Disabled, AWS's default, is what there is: tags of a bucket decide about nobody's access."""
        self._bucket(Bucket, "s3:PutBucketAbac", owner=ExpectedBucketOwner)
        status = AbacStatus.get("Status")
        if status not in ("Enabled", "Disabled"):
            raise errors.malformed_xml()
        if status == "Enabled":
            raise NotImplementedByCumulet("access by a bucket's tags (ABAC)")
        return {}

    def get_bucket_abac(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketAbac", owner=ExpectedBucketOwner)
        return {"AbacStatus": {"Status": "Disabled"}}

    @honours(REQUEST)
    def get_object_torrent(
        self, *, Bucket: str, Key: str, ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """Refused as AWS does, which gave up BitTorrent in April 2022."""
        self._bucket(Bucket, "s3:GetObjectTorrent", Key, owner=ExpectedBucketOwner)
        message = "The specified method is not allowed against this resource."
        raise AwsError("MethodNotAllowed", message, status=405, Method="GET", ResourceType="TORRENT")

    def _none(self, bucket: str, action: str, owner: str) -> AwsError:
        self._bucket(bucket, action, owner=owner)
        what = "The specified configuration does not exist."
        return AwsError("NoSuchConfiguration", what, status=404, BucketName=bucket)

    def _no_list(self, bucket: str, action: str, owner: str) -> dict[str, Any]:
        self._bucket(bucket, action, owner=owner)
        return dict(NONE_LISTED)
