"""Keys as every operation finds them: by id, by ARN, by alias; and what their states forbid.

https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

from __future__ import annotations

import base64
import binascii
import secrets
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from cumulet.services import Service
from cumulet.services.kms.permission import permit
from cumulet.wire.errors import AwsError

T = TypeVar("T")
Body = dict[str, Any]

KEY = "kms.key"
ALIAS = "kms.alias"
AES = "SYMMETRIC_DEFAULT"
# Services whose own key, alias/aws/<name>, is there as soon as somebody uses it.
WITH_KEYS = ("athena", "comprehend", "glue", "kinesis", "lambda", "s3", "sagemaker", "secretsmanager", "ssm")


class FoundKeys(Service):
    def _key(self, name: str, action: str) -> Body:
        """The key that an id, an ARN or an alias names, in whatever state it is; its policy allows the action."""
        key = self._resolve(self._local(name))
        body = self.store.records.get(KEY, self.caller.scope, key)
        if body and body["deletion"] and body["deletion"] <= self.house.clock():
            self.store.atomically(lambda: self._destroy(key))
            body = None
        if body is None:
            raise AwsError("NotFoundException", f"Key '{self.arn(f'key/{key}')}' does not exist")
        permit(self.caller, body, action, self.house.clock())
        return body

    def _usable(self, name: str, action: str) -> Body:
        """A key that may encrypt and decrypt now."""
        body = self._key(name, action)
        if body["deletion"]:
            raise AwsError("KMSInvalidStateException", f"{body['arn']} is pending deletion.")
        if not body["enabled"]:
            raise AwsError("DisabledException", f"{body['arn']} is disabled.")
        return body

    def _local(self, name: str) -> str:
        """An ARN's own part; a key of another account or region is not to be had here."""
        if not name.startswith("arn:"):
            return name
        own = self.arn("")
        if not name.startswith(own):
            text = f"User: {self.caller.arn} is not authorized to use {name}: it is not in this account and region"
            raise AwsError("AccessDeniedException", text, status=400)
        return name.removeprefix(own)

    def _resolve(self, name: str) -> str:
        if not name.startswith("alias/"):
            return name.removeprefix("key/")
        body = self.store.records.get(ALIAS, self.caller.scope, name)
        if body is None and name.startswith("alias/aws/") and name.removeprefix("alias/aws/") in WITH_KEYS:
            body = self.store.atomically(lambda: self._of_service(name))
        if body is None:
            raise AwsError("NotFoundException", f"Alias {self.arn(name)} is not found.")
        return str(body["key"])

    def _of_service(self, alias: str) -> Body:
        """A service's own key, made by the first who uses it."""
        if there := self.store.records.get(ALIAS, self.caller.scope, alias):
            return there
        name = alias.removeprefix("alias/aws/")
        key = self._make(
            f"Default key that protects my {name} data when no other key is defined", manager="AWS"
        )
        body = {"key": key["id"], "created": key["created"]}
        self.store.records.put(ALIAS, self.caller.scope, alias, body)
        return body

    def _make(
        self,
        description: str,
        manager: str = "CUSTOMER",
        tags: dict[str, str] | None = None,
        policy: str | None = None,
    ) -> Body:
        key = str(uuid.uuid4())
        body = {
            "id": key,
            "arn": self.arn(f"key/{key}"),
            "created": self.house.clock(),
            "description": description,
            "enabled": True,
            "deletion": None,
            "manager": manager,
            "tags": tags or {},
            "policy": policy,
            "material": base64.b64encode(secrets.token_bytes(32)).decode(),
        }
        self.store.records.create(KEY, self.caller.scope, key, body)
        return body

    def _change(self, name: str, action: str, change: Callable[[Body], None]) -> Body:
        """Change a key that is the user's own to change."""
        body = self._key(name, action)
        if body["manager"] == "AWS":
            raise AwsError("AccessDeniedException", f"{body['arn']} is managed by AWS.", status=400)
        changed = self.store.records.update(KEY, self.caller.scope, body["id"], change)
        assert changed
        return changed

    def _destroy(self, key: str) -> None:
        """Key, material and aliases: what was encrypted with it is lost from here on."""
        self.store.records.delete(KEY, self.caller.scope, key)
        for name, body in self.store.records.list(ALIAS, self.caller.scope):
            if body["key"] == key:
                self.store.records.delete(ALIAS, self.caller.scope, name)


def page(
    member: str, found: list[tuple[str, T]], show: Callable[[str, T], Body], marker: str, limit: int
) -> Body:
    """A page of what is sorted by name, those behind the marker."""
    try:
        after = base64.b64decode(marker.encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise AwsError("InvalidMarkerException", "Could not deserialize marker.") from None
    left = [one for one in found if one[0] > after]
    result: Body = {member: [show(*one) for one in left[:limit]], "Truncated": len(left) > limit}
    if result["Truncated"]:
        result["NextMarker"] = base64.urlsafe_b64encode(left[limit - 1][0].encode()).decode()
    return result
