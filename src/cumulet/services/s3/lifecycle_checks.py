"""What a lifecycle configuration may say, checked with AWS's own errors, and made fit to be kept.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from cumulet.services.s3 import errors, tags
from cumulet.services.s3.days import DAY
from cumulet.services.s3.lifecycle_rules import COLDNESS, conditions
from cumulet.wire.errors import AwsError

MOST_RULES = 1000
LONGEST_ID = 255
MOST_NEWER = 100  # versions that a rule may keep
LARGEST = 2**31 - 1  # days
ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionTransitions",
    "NoncurrentVersionExpiration",
    "AbortIncompleteMultipartUpload",
)
STATUSES = ("Enabled", "Disabled")
SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")
IN_FILTER = ("Prefix", "Tag", "And", *SIZES)
INFREQUENT = ("STANDARD_IA", "ONEZONE_IA")
SOONEST = 30  # days that an object stays before it may move to a class for infrequent access


def checked(configuration: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The rules as they are kept: each with an ID, dates as epoch seconds."""
    rules = [_kept(rule) for rule in (configuration or {}).get("Rules") or []]
    if not 0 < len(rules) <= MOST_RULES:
        raise errors.malformed_xml()
    if len({rule["ID"] for rule in rules}) < len(rules):
        raise _invalid("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _check(rule)
    return rules


def _kept(value: Any) -> Any:
    """The same, fit for JSON; a rule without an ID gets one."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    kept = {name: _kept(item) for name, item in value.items() if item is not None}
    if "Status" in kept:
        kept["ID"] = kept.get("ID") or secrets.token_urlsafe(36)
    return kept


def _check(rule: dict[str, Any]) -> None:
    if len(rule["ID"]) > LONGEST_ID:
        raise _invalid(f"ID length should not exceed allowed limit of {LONGEST_ID}")
    if rule["Status"] not in STATUSES or ("Filter" in rule) == ("Prefix" in rule):
        raise errors.malformed_xml()
    _check_filter(rule.get("Filter", {}))
    if not any(action in rule for action in ACTIONS):
        raise errors.invalid_request("At least one action needs to be specified in a rule")
    _check_expiration(rule)
    _check_noncurrent(rule)
    _check_abortion(rule)
    _check_transitions(rule)
    _check_noncurrent_transitions(rule)


def _check_filter(told: Mapping[str, Any]) -> None:
    """One condition, or several within `And`."""
    if len([name for name in IN_FILTER if name in told]) > 1:
        raise errors.malformed_xml()
    both = told.get("And", told)
    pairs = both.get("Tags") or ([both["Tag"]] if "Tag" in both else [])
    if "And" in told and len(pairs) + len([name for name in ("Prefix", *SIZES) if name in both]) < 2:
        raise errors.malformed_xml()
    if len({pair["Key"] for pair in pairs}) < len(pairs):
        raise errors.invalid_request("Duplicate Tag Keys are not allowed.")
    tags.checked(pairs, tags.OF_OBJECT)
    above, below = (both.get(name) for name in SIZES)
    if (above is not None and above < 0) or (below is not None and below < 1):
        raise _invalid("'ObjectSizeGreaterThan' and 'ObjectSizeLessThan' must not be negative")
    if above is not None and below is not None and below <= above + 1:
        raise errors.invalid_request(
            "'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."
        )


def _check_expiration(rule: Mapping[str, Any]) -> None:
    told = rule.get("Expiration")
    if told is None:
        return
    if len(told) != 1:
        raise errors.malformed_xml()
    _check_days(told, "Days", "Expiration")
    _check_date(told)
    if told.get("ExpiredObjectDeleteMarker"):
        _check_unfiltered(rule, "ExpiredObjectDeleteMarker")


def _check_noncurrent(rule: Mapping[str, Any]) -> None:
    told = rule.get("NoncurrentVersionExpiration")
    if told is None:
        return
    if "NoncurrentDays" not in told:
        raise errors.malformed_xml()
    _check_days(told, "NoncurrentDays", "NoncurrentVersionExpiration")
    _check_newer(rule, told, "NoncurrentVersionExpiration")


def _check_abortion(rule: Mapping[str, Any]) -> None:
    told = rule.get("AbortIncompleteMultipartUpload")
    if told is None:
        return
    if "DaysAfterInitiation" not in told:
        raise errors.malformed_xml()
    _check_days(told, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")
    _check_unfiltered(rule, "AbortIncompleteMultipartUpload")


def _check_transitions(rule: Mapping[str, Any]) -> None:
    moves = rule.get("Transitions") or []
    for move in moves:
        if ("Days" in move) == ("Date" in move):
            raise errors.malformed_xml()
        _check_date(move)
        _check_days(move, "Days", "Transition", least=0)
    _check_classes(rule, moves, "Days", "Transition")
    expiration = rule.get("Expiration", {})
    timed = [*moves, *([expiration] if expiration.keys() & {"Days", "Date"} else [])]
    if len({"Date" in told for told in timed}) > 1:
        what = "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule for"
        raise errors.invalid_request(f"{what} {_filter(rule)}")
    for span in ("Days", "Date"):
        if span in expiration and any(expiration[span] <= move[span] for move in moves):
            than = "later" if span == "Date" else "greater"
            raise _invalid(
                f"'{span}' in the Expiration action for {_filter(rule)} must be {than} than '{span}' in the "
                "Transition action"
            )


def _check_noncurrent_transitions(rule: Mapping[str, Any]) -> None:
    moves, span = rule.get("NoncurrentVersionTransitions") or [], "NoncurrentDays"
    for move in moves:
        if span not in move:
            raise errors.malformed_xml()
        _check_days(move, span, "NoncurrentVersionTransition", least=0)
        _check_newer(rule, move, "NoncurrentVersionTransition")
    _check_classes(rule, moves, span, "NoncurrentVersionTransition")
    last = rule.get("NoncurrentVersionExpiration", {}).get(span)
    if last is not None and any(last <= move[span] for move in moves):
        raise _invalid(
            f"'{span}' in the NoncurrentVersionExpiration action for {_filter(rule)} must be greater than "
            f"'{span}' in the NoncurrentVersionTransition action"
        )


def _check_classes(rule: Mapping[str, Any], moves: list[dict[str, Any]], span: str, action: str) -> None:
    """Each storage class once, colder ones later, and those for infrequent access not too soon."""
    names = [move.get("StorageClass") for move in moves]
    if any(name not in COLDNESS or not COLDNESS[name] for name in names):
        raise errors.malformed_xml()
    if len(set(names)) < len(names):
        what = f"'StorageClass' must be different for '{action}' actions in same 'Rule' with {_filter(rule)}"
        raise _invalid(what)
    for move in moves:
        if move["StorageClass"] in INFREQUENT and move.get(span, SOONEST) < SOONEST:
            raise _invalid(
                f"'{span}' in {action} action must be greater than or equal to {SOONEST} for storageClass "
                f"'{move['StorageClass']}'"
            )
    _check_order(rule, moves, span, action)


def _check_order(rule: Mapping[str, Any], moves: list[dict[str, Any]], span: str, action: str) -> None:
    """A colder class takes its objects later, and from infrequent access after thirty days there."""
    downwards = sorted(moves, key=lambda move: COLDNESS[move["StorageClass"]])
    for warm, cold in pairwise(downwards):
        kind = span if span in warm else "Date"
        if kind not in warm or kind not in cold:
            continue  # mixed days and dates are refused further on
        stay = 0 if warm["StorageClass"] not in INFREQUENT else SOONEST * (DAY if kind == "Date" else 1)
        if cold[kind] < warm[kind] + stay or cold[kind] == warm[kind]:
            raise _invalid(
                f"'{kind}' in the '{action}' action for StorageClass '{cold['StorageClass']}' for "
                f"{_filter(rule)} must be {SOONEST if stay else 'more'} days more than '{kind}' in the "
                f"'{action}' action for StorageClass '{warm['StorageClass']}'"
            )


def _check_newer(rule: Mapping[str, Any], told: Mapping[str, Any], action: str) -> None:
    if "NewerNoncurrentVersions" not in told:
        return
    if "Filter" not in rule:
        what = "'NewerNoncurrentVersions' can only be used in rules that have a Filter"
        raise errors.invalid_request(f"{what}, in the {action} action.")
    if not 1 <= told["NewerNoncurrentVersions"] <= MOST_NEWER:
        raise _invalid(f"'NewerNoncurrentVersions' for {action} action must be between 1 and {MOST_NEWER}")


def _check_unfiltered(rule: Mapping[str, Any], action: str) -> None:
    """Delete markers and uploads have neither tags nor sizes."""
    told = conditions(rule)
    if told.get("Tags"):
        raise errors.invalid_request(f"{action} cannot be specified with Tags.")
    if any(name in told for name in SIZES):
        raise errors.invalid_request(f"{action} cannot be specified with object size filters.")


def _check_days(told: Mapping[str, Any], name: str, action: str, least: int = 1) -> None:
    if name in told and not least <= told[name] <= LARGEST:
        kind = "a positive integer" if least else "a nonnegative integer"
        raise _invalid(f"'{name}' for {action} action must be {kind}")


def _check_date(told: Mapping[str, Any]) -> None:
    if told.get("Date", 0) % DAY:
        raise _invalid("'Date' must be at midnight GMT")


def _filter(rule: Mapping[str, Any]) -> str:
    """A rule as AWS's messages name it: by what it is about."""
    told = conditions(rule)
    pairs: Iterable[Mapping[str, str]] = told.get("Tags") or []
    parts = [f"prefix={told.get('Prefix') or ''}", *(f"tag={pair['Key']}:{pair['Value']}" for pair in pairs)]
    return f"filter '({', '.join(parts)})'"


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidArgument", message, status=400)
