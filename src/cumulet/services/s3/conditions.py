"""Requests that hold only if the object is as the client thinks.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cumulet.services.s3 import errors
from cumulet.store.objects import Entry
from cumulet.wire.errors import AwsError


def matches(told: str, etag: str) -> bool:
    """Whether an If-Match or If-None-Match header names an ETag: `*`, or one or more of them."""
    names = [name.strip().removeprefix("W/").strip('"') for name in told.split(",")]
    return "*" in names or etag in names


def check_read(entry: Entry, conditions: Mapping[str, Any], *, modified_code: str = "NotModified") -> None:
    """412 or 304 where the conditions of a GET, a HEAD or the source of a copy do not hold.

    An ETag condition that is told overrules the date condition of the same kind (RFC 9110, 13.2.2).
    """
    match, since = conditions.get("IfMatch"), conditions.get("IfUnmodifiedSince")
    if match is not None and not matches(match, entry.etag):
        raise errors.precondition_failed("If-Match")
    if match is None and since is not None and _newer(entry, since):
        raise errors.precondition_failed("If-Unmodified-Since")
    match, since = conditions.get("IfNoneMatch"), conditions.get("IfModifiedSince")
    if match is not None and matches(match, entry.etag):
        raise _unchanged(entry, "If-None-Match", modified_code)
    if match is None and since is not None and not _newer(entry, since):
        raise _unchanged(entry, "If-Modified-Since", modified_code)


def check_write(current: Entry | None, key: str, conditions: Mapping[str, Any]) -> None:
    """412 (or 404 for If-Match without an object) where a write must not go on."""
    there = current if current is not None and not current.marker else None
    if (match := conditions.get("IfMatch")) is not None:
        if there is None:
            raise errors.no_such_key(key)
        if not matches(match, there.etag):
            raise errors.precondition_failed("If-Match")
    match = conditions.get("IfNoneMatch")
    if match is not None and there is not None and matches(match, there.etag):
        raise errors.precondition_failed("If-None-Match")


def check_same(current: Entry, wanted: Mapping[str, Any]) -> None:
    """412 where what is to be deleted has another size or time than the client thinks."""
    time, size = wanted.get("IfMatchLastModifiedTime"), wanted.get("IfMatchSize")
    if time is not None and int(time.timestamp()) != int(current.modified):
        raise errors.precondition_failed("x-amz-if-match-last-modified-time")
    if size is not None and size != current.size:
        raise errors.precondition_failed("x-amz-if-match-size")


def _newer(entry: Entry, since: datetime) -> bool:
    """HTTP dates have whole seconds."""
    return int(entry.modified) > int(since.timestamp())


def _unchanged(entry: Entry, condition: str, code: str) -> AwsError:
    if code != "NotModified":
        return errors.precondition_failed(condition)
    return errors.not_modified(entry.etag, entry.modified)
