"""What users, roles, groups, policies and instance profiles have in common: names, paths, pages, tags.

A record's name is the entity's name in lower case, since IAM holds `Reader` and `reader` for the same.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote

from cumulet.services import Service, policies
from cumulet.services.iam import identifiers, refusals
from cumulet.store.records import RecordExists

T = TypeVar("T")
Body = dict[str, Any]

ROLE = "iam.role"
USER = "iam.user"
GROUP = "iam.group"
INSTANCE_PROFILE = "iam.instance_profile"
POLICY = "iam.policy"
PREFIXES = {
    ROLE: identifiers.ROLE,
    USER: identifiers.USER,
    GROUP: identifiers.GROUP,
    INSTANCE_PROFILE: identifiers.INSTANCE_PROFILE,
    POLICY: identifiers.POLICY,
}
PATH = re.compile(r"/|/[\x21-\x7e]+/")
MOST_TAGS = 50


class Entities(Service):
    """The ground of IAM's operations; its records are the account's, whatever the region of the call."""

    def arn(self, resource: str, service: str | None = None) -> str:
        return f"arn:aws:iam::{self.caller.account}:{resource}"

    def _create(self, kind: str, name: str, path: str, tags: list[Body] | None, **more: Any) -> Body:
        if not PATH.fullmatch(path):
            text = "The specified value for path is invalid. It must begin and end with / and contain only"
            raise refusals.invalid(f"{text} alphanumeric characters and/or / characters.")
        resource = kind.removeprefix("iam.").replace("_", "-")
        body = {
            "name": name,
            "id": identifiers.unique_id(PREFIXES[kind]),
            "path": path,
            "arn": self.arn(f"{resource}{path}{name}"),
            "created": self.house.clock(),
            "tags": tagged({}, tags or []),
            **more,
        }
        try:
            self.store.records.create(kind, self.caller.account, name.lower(), body)
        except RecordExists:
            raise refusals.exists(kind, name) from None
        return body

    def _find(self, kind: str, name: str) -> Body:
        body = self.store.records.get(kind, self.caller.account, name.lower())
        if body is None:
            raise refusals.missing(kind, name)
        return body

    def _change(self, kind: str, name: str, change: Callable[[Body], None]) -> Body:
        body = self.store.records.update(kind, self.caller.account, name.lower(), change)
        if body is None:
            raise refusals.missing(kind, name)
        return body

    def _remove(self, kind: str, name: str) -> None:
        self.store.records.delete(kind, self.caller.account, name.lower())

    def _all(self, kind: str, path: str = "/") -> list[Body]:
        found = self.store.records.list(kind, self.caller.account)
        return [body for _, body in found if body["path"].startswith(path)]


def page(
    member: str,
    found: Iterable[T],
    name: Callable[[T], str],
    show: Callable[[T], Any],
    marker: str = "",
    limit: int = 100,
) -> Body:
    """A page of what is sorted by `name`, those behind the marker."""
    after = _decoded(marker) if marker else ""
    left = sorted((one for one in found if name(one) > after), key=name)
    result: Body = {member: [show(one) for one in left[:limit]], "IsTruncated": len(left) > limit}
    if result["IsTruncated"]:
        result["Marker"] = base64.urlsafe_b64encode(name(left[limit - 1]).encode()).decode()
    return result


def _decoded(marker: str) -> str:
    try:
        return base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise refusals.invalid("Invalid Marker.") from None


def tagged(tags: dict[str, str], more: list[Body]) -> dict[str, str]:
    """Tags with more of them, within IAM's limits."""
    tags = {**tags, **{tag["Key"]: tag["Value"] for tag in more}}
    if len({key.lower() for key in tags}) != len(tags):
        raise refusals.invalid_input(
            "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.lower().startswith("aws:") for key in tags):
        raise refusals.invalid_input("System tags cannot be added/updated by requester")
    if len(tags) > MOST_TAGS:
        raise refusals.limit(f"The number of tags has reached the maximum limit: {MOST_TAGS}.")
    return tags


def tag_list(tags: dict[str, str]) -> list[Body] | None:
    return [{"Key": key, "Value": value} for key, value in tags.items()] or None


def checked(text: str, kind: policies.Kind, limit: int) -> str:
    """A policy document that IAM takes. Blanks do not count towards its size."""
    try:
        policies.parse(text, kind)
    except policies.Malformed as error:
        raise refusals.malformed(str(error)) from None
    if len("".join(text.split())) > limit:
        raise refusals.limit(f"Cannot exceed quota for PolicySize: {limit}")
    return text


def encoded(text: str) -> str:
    """IAM gives policy documents percent-encoded, by RFC 3986."""
    return quote(text, safe="")


def moment(seconds: float) -> datetime:
    """IAM's times are whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)
