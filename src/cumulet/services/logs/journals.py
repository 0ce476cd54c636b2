"""What all parts of the service stand on: a log group is a record and a journal of lines."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from cumulet.services import Service
from cumulet.store.lines import END, Stream
from cumulet.wire.errors import AwsError

GROUP = "logs.group"


class Journals(Service):
    def journal(self, group: str) -> str:
        """The group's name in the store."""
        return f"{self.caller.scope}/{group}"

    def now(self) -> int:
        """Milliseconds since the epoch."""
        return int(self.house.clock() * 1000)

    def group(self, name: str) -> dict[str, Any]:
        found = self.store.records.get(GROUP, self.caller.scope, name)
        if found is None:
            raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
        return found

    def stream(self, group: str, name: str) -> Stream:
        self.group(group)
        if (found := self.store.lines.stream(self.journal(group), name)) is None:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        return found

    def change_group(self, name: str, **changes: Any) -> None:
        """Set members of a group's record; None takes one away."""

        def change(body: dict[str, Any]) -> dict[str, Any]:
            return {key: value for key, value in (body | changes).items() if value is not None}

        if self.store.records.update(GROUP, self.caller.scope, name, change) is None:
            self.group(name)

    def group_arn(self, name: str) -> str:
        return self.arn(f"log-group:{name}")

    def named(self, name: str | None, identifier: str | None) -> str:
        """The one group that a call names: by its name, or by its name or ARN as an identifier."""
        if (name is None) == (identifier is None):
            raise AwsError(
                "InvalidParameterException",
                "Exactly one of logGroupName and logGroupIdentifier must be specified.",
            )
        return name or group_of(identifier or "")


def group_of(identifier: str) -> str:
    """A group's name out of its ARN (with or without `:*` behind it); a plain name is itself."""
    if not identifier.startswith("arn:"):
        return identifier
    parts = identifier.split(":")
    if len(parts) < 7 or parts[5] != "log-group":
        raise AwsError("InvalidParameterException", f"{identifier} is not the ARN of a log group.")
    return parts[6]


def token(kind: str, *values: Any) -> str:
    """An opaque word to go on with, which only the operation that gave it takes back."""
    return base64.urlsafe_b64encode(json.dumps([kind, *values]).encode()).decode()


def told(kind: str, text: str, *types: type) -> list[Any]:
    """What a token says, one value of each type; AWS's error for one that we cannot have given."""
    try:
        read: list[Any] = json.loads(base64.urlsafe_b64decode(text))
        found, *values = read
    except (ValueError, TypeError, binascii.Error) as error:
        raise stale() from error
    if found != kind or [type(value) for value in values] != list(types):
        raise stale()
    if any(isinstance(value, int) and abs(value) > END for value in values):
        raise stale()
    return values


def stale() -> AwsError:
    return AwsError("InvalidParameterException", "The specified nextToken is invalid.")
