"""Aliases: names for keys that can be pointed elsewhere."""

from __future__ import annotations

import re

from cumulet.services.kms.found import ALIAS, Body, FoundKeys, page
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError

NAME = re.compile(r"alias/[a-zA-Z0-9/_-]+")


class Aliases(FoundKeys):
    def create_alias(self, *, AliasName: str, TargetKeyId: str) -> None:
        self._check_name(AliasName)
        body = {"key": self._target(TargetKeyId, "CreateAlias"), "created": self.house.clock()}
        try:
            self.store.records.create(ALIAS, self.caller.scope, AliasName, body)
        except RecordExists:
            text = f"An alias with the name {self.arn(AliasName)} already exists"
            raise AwsError("AlreadyExistsException", text) from None

    def update_alias(self, *, AliasName: str, TargetKeyId: str) -> None:
        self._check_name(AliasName)
        key, now = self._target(TargetKeyId, "UpdateAlias"), self.house.clock()
        changed = self.store.records.update(
            ALIAS, self.caller.scope, AliasName, lambda body: body.update(key=key, updated=now)
        )
        if changed is None:
            raise self._missing(AliasName)

    def delete_alias(self, *, AliasName: str) -> None:
        self._check_name(AliasName)
        if not self.store.records.delete(ALIAS, self.caller.scope, AliasName):
            raise self._missing(AliasName)

    def list_aliases(self, *, KeyId: str | None = None, Limit: int = 50, Marker: str = "") -> Body:
        found = self.store.records.list(ALIAS, self.caller.scope)
        if KeyId is not None:
            key = self._key(KeyId, "ListAliases")["id"]
            found = [one for one in found if one[1]["key"] == key]

        def show(name: str, body: Body) -> Body:
            return {
                "AliasName": name,
                "AliasArn": self.arn(name),
                "TargetKeyId": body["key"],
                "CreationDate": body["created"],
                "LastUpdatedDate": body.get("updated", body["created"]),
            }

        return page("Aliases", found, show, Marker, Limit)

    def _target(self, name: str, action: str) -> str:
        body = self._key(name, action)
        if body["deletion"]:
            raise AwsError("KMSInvalidStateException", f"{body['arn']} is pending deletion.")
        return str(body["id"])

    def _check_name(self, name: str) -> None:
        if name.startswith("alias/aws/"):
            raise AwsError("NotAuthorizedException", "alias/aws/ is for the services' own keys", status=400)
        if not NAME.fullmatch(name):
            text = 'Alias must start with the prefix "alias/" and hold letters, digits, / _ and - only.'
            raise AwsError("InvalidAliasNameException", text)

    def _missing(self, name: str) -> AwsError:
        return AwsError("NotFoundException", f"Alias {self.arn(name)} is not found.")
