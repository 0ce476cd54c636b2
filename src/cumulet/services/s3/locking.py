"""Object lock: what a bucket, and each version in it, is kept by.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from cumulet.services.s3 import errors, retention
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.members import DIGESTS, HARMLESS, REQUEST, honours
from cumulet.services.s3.versions import ENABLED, Versions
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError


class Locking(Versions):
    @honours(DIGESTS, HARMLESS, REQUEST)
    def put_object_lock_configuration(
        self,
        *,
        Bucket: str,
        ObjectLockConfiguration: dict[str, Any] | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Enable the lock for good, where versions are kept, and say what holds for new objects by default."""
        bucket = self._bucket(Bucket, "s3:PutBucketObjectLockConfiguration", owner=ExpectedBucketOwner)
        told = ObjectLockConfiguration or {}
        if told.get("ObjectLockEnabled") != ENABLED:
            raise errors.malformed_xml()
        rule: dict[str, Any] = {}
        if "Rule" in told:
            rule = retention.check_rule(told["Rule"].get("DefaultRetention") or {})
        if bucket.get("versioning") != ENABLED:
            message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
            raise AwsError("InvalidBucketState", message, status=409)
        self._edit_bucket(Bucket, lock=rule)
        return {}

    @honours(REQUEST)
    def get_object_lock_configuration(
        self, *, Bucket: str, ExpectedBucketOwner: str = "", **members: Any
    ) -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetBucketObjectLockConfiguration", owner=ExpectedBucketOwner)
        if "lock" not in bucket:
            code, what = "ObjectLockConfigurationNotFoundError", "Object Lock configuration for this bucket"
            raise errors.no_such_configuration(code, what, Bucket)
        told: dict[str, Any] = {"ObjectLockEnabled": ENABLED}
        if bucket["lock"]:
            told["Rule"] = {"DefaultRetention": bucket["lock"]}
        return {"ObjectLockConfiguration": told}

    @honours(DIGESTS, REQUEST)
    def put_object_retention(
        self,
        *,
        Bucket: str,
        Key: str,
        Retention: dict[str, Any] | None = None,
        VersionId: str | None = None,
        BypassGovernanceRetention: bool = False,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep a version until a time. The time can be put off; to bring it nearer, or to change the mode,
        is for who may bypass governance."""
        bucket = self._locked_bucket(Bucket, "s3:PutObjectRetention", Key, ExpectedBucketOwner)
        now, told = self.house.clock(), Retention or {}
        mode, until = told.get("Mode"), told.get("RetainUntilDate")
        if (mode or until) and (mode not in retention.MODES or until is None):
            raise errors.malformed_xml()
        wanted = retention.of(mode, until, now) if mode and until else None
        bypass = BypassGovernanceRetention and self._may_bypass(bucket, Key)

        def change(entry: Entry) -> None:
            before = entry.detail.get("retention")
            if not _stricter(wanted, before):
                retention.check_movable(entry.detail, now, bypass=bypass)
            _set(entry, "retention", wanted)

        self._change(bucket, Key, VersionId, change)
        return {}

    @honours(REQUEST)
    def get_object_retention(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        bucket = self._locked_bucket(Bucket, "s3:GetObjectRetention", Key, ExpectedBucketOwner)
        kept = self._find(bucket, Key, VersionId).detail.get("retention")
        if not kept:
            raise _not_locked(Key)
        until = datetime.fromtimestamp(kept["until"], UTC)
        return {"Retention": {"Mode": kept["mode"], "RetainUntilDate": until}}

    @honours(DIGESTS, REQUEST)
    def put_object_legal_hold(
        self,
        *,
        Bucket: str,
        Key: str,
        LegalHold: dict[str, str] | None = None,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep a version for as long as the hold is on, whatever its retention says."""
        bucket = self._locked_bucket(Bucket, "s3:PutObjectLegalHold", Key, ExpectedBucketOwner)
        status = (LegalHold or {}).get("Status")
        if status not in retention.HOLDS:
            raise errors.malformed_xml()
        self._change(bucket, Key, VersionId, lambda entry: _set(entry, "hold", status))
        return {}

    @honours(REQUEST)
    def get_object_legal_hold(
        self,
        *,
        Bucket: str,
        Key: str,
        VersionId: str | None = None,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        bucket = self._locked_bucket(Bucket, "s3:GetObjectLegalHold", Key, ExpectedBucketOwner)
        hold = self._find(bucket, Key, VersionId).detail.get("hold")
        if not hold:
            raise _not_locked(Key)
        return {"LegalHold": {"Status": hold}}

    def _locked_bucket(self, name: str, action: str, key: str, owner: str) -> Found:
        bucket = self._bucket(name, action, key, owner=owner)
        retention.check_enabled(bucket)
        return bucket

    def _change(self, bucket: Found, key: str, version: str | None, change: Callable[[Entry], None]) -> None:
        def commit() -> None:
            entry = self._find(bucket, key, version)
            change(entry)
            self.store.objects.edit(entry)

        self.store.atomically(commit)


def _stricter(wanted: dict[str, Any] | None, before: dict[str, Any] | None) -> bool:
    """Whether nothing is loosened."""
    if before is None:
        return True
    if wanted is None or wanted["until"] < before["until"]:
        return False
    return bool(wanted["mode"] == before["mode"])


def _set(entry: Entry, name: str, value: Any) -> None:
    if value is None:
        entry.detail.pop(name, None)
    else:
        entry.detail[name] = value


def _not_locked(key: str) -> AwsError:
    message = "The specified object does not have a ObjectLock configuration"
    return AwsError("NoSuchObjectLockConfiguration", message, status=404, Key=key)
