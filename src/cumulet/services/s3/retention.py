"""What keeps a version of an object from being deleted: a period of retention, or a legal hold.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cumulet.services.s3 import errors
from cumulet.services.s3.access import Bucket
from cumulet.wire.errors import AwsError

ASKED = ("ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus")
GOVERNANCE, COMPLIANCE = "GOVERNANCE", "COMPLIANCE"
MODES = (GOVERNANCE, COMPLIANCE)
HOLDS = ("ON", "OFF")
LONGEST = {"Days": 36500, "Years": 100}


def kept(members: Mapping[str, Any], bucket: Bucket, now: float) -> dict[str, Any]:
    """What a new object is to be locked with: as its request asks, or else as its bucket does by default."""
    mode, until, hold = (members.get(name) for name in ASKED)
    if any((mode, until, hold)):
        check_enabled(bucket)
    if bool(mode) != bool(until):
        message = "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
        raise errors.invalid_argument(message, "x-amz-object-lock-mode", mode)
    if mode not in (None, "", *MODES):
        raise errors.invalid_argument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
    if hold not in (None, "", *HOLDS):
        message = "Legal Hold must be either of 'ON' or 'OFF'"
        raise errors.invalid_argument(message, "x-amz-object-lock-legal-hold", hold)
    retention = of(mode, until, now) if mode and until else by_default(bucket, now)
    return {name: value for name, value in (("retention", retention), ("hold", hold)) if value}


def of(mode: str, until: datetime, now: float) -> dict[str, Any]:
    if until.timestamp() <= now:
        message = "The retain until date must be in the future!"
        raise errors.invalid_argument(message, "x-amz-object-lock-retain-until-date", until.isoformat())
    return {"mode": mode, "until": until.timestamp()}


def by_default(bucket: Bucket, now: float) -> dict[str, Any] | None:
    rule = bucket.get("lock")
    if not rule:
        return None
    days = rule.get("Days") or rule["Years"] * 365
    return {"mode": rule["Mode"], "until": now + timedelta(days=days).total_seconds()}


def shown(detail: Mapping[str, Any]) -> dict[str, Any]:
    """The same as members of a GET's or HEAD's answer."""
    told: dict[str, Any] = {}
    if retention := detail.get("retention"):
        told["ObjectLockMode"] = retention["mode"]
        told["ObjectLockRetainUntilDate"] = datetime.fromtimestamp(retention["until"], UTC)
    if hold := detail.get("hold"):
        told["ObjectLockLegalHoldStatus"] = hold
    return told


def check_enabled(bucket: Bucket) -> None:
    if "lock" not in bucket:
        raise errors.invalid_request("Bucket is missing Object Lock Configuration")


def check_deletable(detail: Mapping[str, Any], now: float, *, bypass: bool) -> None:
    if detail.get("hold") == "ON":
        raise protected()
    check_movable(detail, now, bypass=bypass)


def check_movable(detail: Mapping[str, Any], now: float, *, bypass: bool) -> None:
    """Retention under way can be cut short by nobody, in governance mode only by who may bypass it."""
    retention = detail.get("retention")
    if not retention or retention["until"] <= now:
        return
    if retention["mode"] == COMPLIANCE or not bypass:
        raise protected()


def holds(detail: Mapping[str, Any], now: float) -> bool:
    """Whether a version is kept from being deleted by anybody who does not bypass it."""
    retention = detail.get("retention")
    return detail.get("hold") == "ON" or bool(retention and retention["until"] > now)


def check_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A bucket's default retention, for so many days or so many years."""
    spans = [name for name in LONGEST if rule.get(name) is not None]
    if rule.get("Mode") not in MODES or len(spans) != 1:
        raise errors.malformed_xml()
    (span,) = spans
    if not 0 < rule[span] <= LONGEST[span]:
        message = "Default retention period must be a positive integer value"
        if rule[span] > 0:
            message = f"Default retention period in {span.lower()} is too large: the most is {LONGEST[span]}"
        raise AwsError("InvalidRetentionPeriod", message, status=400)
    return {"Mode": rule["Mode"], span: rule[span]}


def protected() -> AwsError:
    return errors.access_denied("Access Denied because object protected by object lock.")
