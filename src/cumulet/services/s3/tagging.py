"""Tags of objects and of buckets, as operations.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors, tags
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.members import DIGESTS, REQUEST, honours
from cumulet.services.s3.versions import Versions, of_version, version_members
from cumulet.store.objects import Entry


class Tagging(Versions):
    @honours(DIGESTS, REQUEST)
    def put_object_tagging(
        self,
        *,
        Bucket: str,
        Key: str,
        Tagging: dict[str, Any],
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Replace all tags of an object."""
        told = tags.from_set(Tagging, tags.OF_OBJECT)
        asked = {"VersionId": VersionId, "Tagging": Tagging}
        action = of_version("s3:PutObject{}Tagging", VersionId)
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        return self._set_tags(bucket, Key, VersionId, told)

    @honours(REQUEST)
    def get_object_tagging(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        action, asked = of_version("s3:GetObject{}Tagging", VersionId), {"VersionId": VersionId}
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        entry = self._find(bucket, Key, VersionId)
        return {"TagSet": tags.to_set(entry.detail.get("tags", {})), **version_members(bucket, entry)}

    def delete_object_tagging(
        self, *, Bucket: str, Key: str, VersionId: str | None = None, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        action, asked = of_version("s3:DeleteObject{}Tagging", VersionId), {"VersionId": VersionId}
        bucket = self._bucket(Bucket, action, Key, owner=ExpectedBucketOwner, asked=asked)
        return Answer(self._set_tags(bucket, Key, VersionId, {}), status=204)

    @honours(DIGESTS)
    def put_bucket_tagging(
        self, *, Bucket: str, Tagging: dict[str, Any], ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        """Replace all tags of a bucket."""
        self._bucket(Bucket, "s3:PutBucketTagging", owner=ExpectedBucketOwner)
        told = tags.from_set(Tagging, tags.OF_BUCKET)
        self.store.records.put("s3.configuration", Bucket, "tagging", {"tags": told})
        return Answer(status=204)

    def get_bucket_tagging(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketTagging", owner=ExpectedBucketOwner)
        found = self.store.records.get("s3.configuration", Bucket, "tagging")
        if found is None:
            raise errors.no_such_configuration("NoSuchTagSet", "TagSet", Bucket)
        return {"TagSet": tags.to_set(found["tags"])}

    def delete_bucket_tagging(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:PutBucketTagging", owner=ExpectedBucketOwner)
        self.store.records.delete("s3.configuration", Bucket, "tagging")
        return Answer(status=204)

    def _set_tags(self, bucket: Found, key: str, version: str | None, told: dict[str, str]) -> dict[str, Any]:
        def change() -> Entry:
            entry = self._find(bucket, key, version)
            entry.detail["tags"] = told
            self.store.objects.edit(entry)
            return entry

        return version_members(bucket, self.store.atomically(change))
