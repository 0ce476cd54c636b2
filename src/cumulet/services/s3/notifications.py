"""What a bucket is to tell of its events, and to whom.

The configuration is kept and checked; **nothing is delivered yet**: there are no queues, topics, functions
and event buses in this house that could be told. So a destination is checked for its form, and for lying in
the bucket's region, but not for being there.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from cumulet.services.s3 import errors
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.configured import Configured
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.wire.errors import AwsError

# What each kind of configuration names its destination by, and what that looks like.
KINDS = {
    "TopicConfigurations": ("TopicArn", re.compile(r"arn:aws:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")),
    "QueueConfigurations": ("QueueArn", re.compile(r"arn:aws:sqs:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,80}")),
    "LambdaFunctionConfigurations": (
        "LambdaFunctionArn",
        re.compile(r"arn:aws:lambda:([a-z0-9-]+):\d{12}:function:[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9$_-]+)?"),
    ),
}
OLDER = {
    "TopicConfiguration": "Topic",
    "QueueConfiguration": "Queue",
    "CloudFunctionConfiguration": "CloudFunction",
}
MOST = 100
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
EVENTS = {
    "s3:TestEvent": (),
    "s3:ObjectCreated": ("Put", "Post", "Copy", "CompleteMultipartUpload"),
    "s3:ObjectRemoved": ("Delete", "DeleteMarkerCreated"),
    "s3:ObjectRestore": ("Post", "Completed", "Delete"),
    "s3:ReducedRedundancyLostObject": (),
    "s3:Replication": (
        "OperationFailedReplication",
        "OperationMissedThreshold",
        "OperationReplicatedAfterThreshold",
        "OperationNotTracked",
    ),
    "s3:LifecycleExpiration": ("Delete", "DeleteMarkerCreated"),
    "s3:LifecycleTransition": (),
    "s3:IntelligentTiering": (),
    "s3:ObjectTagging": ("Put", "Delete"),
    "s3:ObjectAcl": ("Put",),
    "s3:ObjectAnnotation": ("Put", "Delete"),
}


class Notifications(Configured):
    def put_bucket_notification_configuration(
        self,
        *,
        Bucket: str,
        NotificationConfiguration: dict[str, Any],
        SkipDestinationValidation: bool = False,
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Replace the whole configuration; an empty one ends all notifications. Kept and checked, but nothing
        is delivered yet; so whether a destination is there is never asked (SkipDestinationValidation or not)."""
        bucket = self._bucket(Bucket, "s3:PutBucketNotification", owner=ExpectedBucketOwner)
        told = _checked(NotificationConfiguration, bucket)
        self._configure(Bucket, "notification", told or None)
        return {}

    def get_bucket_notification_configuration(
        self, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketNotification", owner=ExpectedBucketOwner)
        return self._configuration(Bucket, "notification") or {}

    @honours(DIGESTS)
    def put_bucket_notification(
        self,
        *,
        Bucket: str,
        NotificationConfiguration: dict[str, Any],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """The older form, with one configuration of each kind; on the wire they cannot be told apart."""
        told: dict[str, Any] = {}
        for (new, (arn, _)), (old, name) in zip(KINDS.items(), OLDER.items(), strict=True):
            if given := NotificationConfiguration.get(old):
                events = [*given.get("Events", ()), *([given["Event"]] if "Event" in given else [])]
                told[new] = [{"Id": given.get("Id"), arn: given.get(name, ""), "Events": events}]
        return self.put_bucket_notification_configuration(
            Bucket=Bucket, NotificationConfiguration=told, ExpectedBucketOwner=ExpectedBucketOwner
        )


class Rule(NamedTuple):
    """One event of one configuration, and the keys that it is about."""

    event: str
    prefix: str
    suffix: str


def _checked(told: Mapping[str, Any], bucket: Found) -> dict[str, Any]:
    """The configuration as it is kept: each part with an Id."""
    kept: dict[str, Any] = {}
    for kind, (arn, form) in KINDS.items():
        if kind in told:
            kept[kind] = [_part(part, arn, form, bucket["region"]) for part in told[kind]]
    parts = [part for kind in kept.values() for part in kind]
    if len(parts) > MOST:
        raise _invalid(f"A bucket can have at most {MOST} notification configurations", "Id", len(parts))
    if len({part["Id"] for part in parts}) < len(parts):
        raise _invalid("Same ID used for multiple configurations. IDs must be unique", "Id", parts[0]["Id"])
    _check_overlap([rule for part in parts for rule in _rules(part)])
    if "EventBridgeConfiguration" in told:
        kept["EventBridgeConfiguration"] = {}
    return kept


def _part(told: Mapping[str, Any], arn: str, form: re.Pattern[str], region: str) -> dict[str, Any]:
    found = form.fullmatch(told[arn])
    if found is None:
        raise _invalid("The ARN could not be parsed", arn.removesuffix("Arn"), told[arn])
    if found[1] != region:
        what = "The notification destination service region is not valid for the bucket location constraint"
        raise _invalid(what, arn.removesuffix("Arn"), told[arn])
    for event in told["Events"]:
        _check_event(event)
    if not told["Events"]:
        raise errors.malformed_xml()
    _check_filter(told.get("Filter", {}).get("Key", {}).get("FilterRules", []))
    return {"Id": told.get("Id") or secrets.token_urlsafe(36), **{k: v for k, v in told.items() if k != "Id"}}


def _check_event(event: str) -> None:
    family, _, one = event.rpartition(":") if event.count(":") > 1 else (event, "", "")
    known = EVENTS.get(family)
    if known is None or not (one in ("*", *known) if known else not one):
        raise _invalid(f"The event '{event}' is not supported for notifications", "Event", event)


def _check_filter(rules: list[dict[str, str]]) -> None:
    names = [rule.get("Name", "").lower() for rule in rules]
    if any(name not in ("prefix", "suffix") for name in names):
        raise _invalid("filter rule name must be either prefix or suffix", "FilterRule.Name", names)
    for name in set(names):
        if names.count(name) > 1:
            raise _invalid(f"Cannot specify more than one {name} rule in a filter.", "FilterRule.Name", name)
    if any(len(rule.get("Value", "").encode()) > 1024 for rule in rules):
        raise _invalid("Size of filter rule value cannot exceed 1024 bytes in UTF-8", "FilterRule.Value", "")


def _rules(part: Mapping[str, Any]) -> Iterator[Rule]:
    rules = part.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    values = {rule["Name"].lower(): rule.get("Value", "") for rule in rules}
    for event in part["Events"]:
        yield Rule(event, values.get("prefix", ""), values.get("suffix", ""))


def _check_overlap(rules: list[Rule]) -> None:
    """No event may be told twice: AWS would not know to whom."""
    for one, other in combinations(rules, 2):
        same = one.event == other.event or any(
            a.endswith(":*") and b.startswith(a[:-1])
            for a, b in ((one.event, other.event), (other.event, one.event))
        )
        if not same or not _begin_alike(one.prefix, other.prefix):
            continue
        if _begin_alike(one.suffix[::-1], other.suffix[::-1]):
            message = (
                "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if "
            )
            message += "the prefixes are overlapping for the same event type."
            if not any((*one[1:], *other[1:])):
                message = "Configurations overlap. Configurations on the same bucket cannot share a common "
                message += "event type."
            raise _invalid(message, "Event", f"{one.event}, {other.event}")


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _invalid(message: str, name: str, value: object) -> AwsError:
    return errors.invalid_argument(message, name, value)
