"""Connections: how to reach a data store. They are kept for those who read them; nothing here dials out."""

from __future__ import annotations

import base64
from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.encryption import EncryptionSettings
from cumulet.services.glue.refusals import detail, invalid, missing, taken
from cumulet.services.glue.tags import TaggedResources
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

CONNECTION = "glue.connection"
PAGE = 100
PLAIN, SEALED = "PASSWORD", "ENCRYPTED_PASSWORD"
UNWRITTEN = ("AuthenticationConfiguration", "ValidateCredentials", "ValidateForComputeEnvironments")
Members = dict[str, Any]


class Connections(TaggedResources, EncryptionSettings):
    def create_connection(
        self,
        *,
        ConnectionInput: Members,
        CatalogId: str | None = None,
        Tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """A subnet and security groups are kept and change nothing: there is one network."""
        self._own(CatalogId)
        now = self.house.clock()
        body = {**self._connection_body(ConnectionInput), "CreationTime": now, "LastUpdatedTime": now}

        def change() -> None:
            self.store.records.create(CONNECTION, self.caller.scope, body["Name"], body)
            self._tag(f"connection/{body['Name']}", Tags)

        try:
            self.store.atomically(change)
        except RecordExists:
            raise taken("Connection", body["Name"]) from None
        return {"CreateConnectionStatus": "READY"}

    def get_connection(
        self, *, Name: str, CatalogId: str | None = None, HidePassword: bool = False
    ) -> dict[str, Any]:
        self._own(CatalogId)
        body = self.store.records.get(CONNECTION, self.caller.scope, Name)
        if body is None:
            raise missing("Connection", Name)
        return {"Connection": shown(body, HidePassword)}

    def get_connections(
        self,
        *,
        CatalogId: str | None = None,
        Filter: Members | None = None,
        HidePassword: bool = False,
        NextToken: str | None = None,
        MaxResults: int = PAGE,
    ) -> dict[str, Any]:
        """Those of a type that fulfil all of the criteria of a filter."""
        self._own(CatalogId)
        found = self.store.records.list(CONNECTION, self.caller.scope, after=paging.after(NextToken))
        found = [one for one in found if passes(one[1], Filter or {})]
        return paging.page(
            found, MaxResults, "ConnectionList", lambda one: one[0], lambda one: shown(one[1], HidePassword)
        )

    def update_connection(
        self, *, Name: str, ConnectionInput: Members, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Replaces the definition; a connection keeps its name."""
        self._own(CatalogId)
        if ConnectionInput["Name"] != Name:
            raise invalid(f"Connection {Name} cannot be renamed to {ConnectionInput['Name']}.")
        new = {**self._connection_body(ConnectionInput), "LastUpdatedTime": self.house.clock()}

        def change(body: Members) -> Members:
            return {**new, "CreationTime": body["CreationTime"]}

        if self.store.records.update(CONNECTION, self.caller.scope, Name, change) is None:
            raise missing("Connection", Name)
        return {}

    def delete_connection(self, *, ConnectionName: str, CatalogId: str | None = None) -> dict[str, Any]:
        self._own(CatalogId)

        def change() -> None:
            if not self.store.records.delete(CONNECTION, self.caller.scope, ConnectionName):
                raise missing("Connection", ConnectionName)
            self._untag(f"connection/{ConnectionName}")

        self.store.atomically(change)
        return {}

    def batch_delete_connection(
        self, *, ConnectionNameList: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        done, errors = [], {}
        for name in ConnectionNameList:
            try:
                self.delete_connection(ConnectionName=name)
                done.append(name)
            except AwsError as error:
                errors[name] = detail(error)
        return {"Succeeded": done, "Errors": errors}

    def _connection_body(self, given: Members) -> Members:
        if unwritten := [name for name in UNWRITTEN if given.get(name)]:
            raise NotImplementedByCumulet(f"glue's connections with {', '.join(unwritten)}")
        properties = self._with_sealed_password(given["ConnectionProperties"])
        return {
            **given,
            "ConnectionProperties": properties,
            "LastUpdatedBy": self.caller.arn,
            "Status": "READY",
            "ConnectionSchemaVersion": 1,
        }

    def _with_sealed_password(self, properties: dict[str, str]) -> dict[str, str]:
        """Where the catalog's settings ask for it, the password as KMS has encrypted it takes its place."""
        settings = self._encryption_settings()["ConnectionPasswordEncryption"]
        if not settings["ReturnConnectionPasswordEncrypted"] or PLAIN not in properties:
            return properties
        plain = properties[PLAIN].encode()
        answer = self.other("kms").encrypt(KeyId=settings["AwsKmsKeyId"], Plaintext=plain)
        sealed = base64.b64encode(answer["CiphertextBlob"]).decode()
        return {**{name: value for name, value in properties.items() if name != PLAIN}, SEALED: sealed}


def shown(body: Members, hide: bool) -> Members:
    properties = body["ConnectionProperties"]
    if hide:
        properties = {name: value for name, value in properties.items() if name not in (PLAIN, SEALED)}
    return {**body, "ConnectionProperties": properties}


def passes(body: Members, said: Members) -> bool:
    return (
        said.get("ConnectionType", body["ConnectionType"]) == body["ConnectionType"]
        and said.get("ConnectionSchemaVersion", 1) == 1
        and set(said.get("MatchCriteria", [])) <= set(body.get("MatchCriteria", []))
    )
