"""What is encrypted in the catalog, and security configurations that say what jobs and crawlers encrypt."""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import Catalog
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

SETTINGS = "glue.encryption_settings"
CONFIGURATION = "glue.security_configuration"
PAGE = 100
Members = dict[str, Any]
DEFAULTS: Members = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}
MODES = {
    "CloudWatchEncryption": "CloudWatchEncryptionMode",
    "JobBookmarksEncryption": "JobBookmarksEncryptionMode",
}


class EncryptionSettings(Catalog):
    def get_data_catalog_encryption_settings(self, *, CatalogId: str | None = None) -> dict[str, Any]:
        self._own(CatalogId)
        return {"DataCatalogEncryptionSettings": self._encryption_settings()}

    def put_data_catalog_encryption_settings(
        self, *, DataCatalogEncryptionSettings: Members, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Connections' passwords are encrypted by a key of KMS where that is asked for, from then on. The
        catalog itself is not encrypted beyond what the data directory's disk does."""
        self._own(CatalogId)
        given = {**self._encryption_settings(), **DataCatalogEncryptionSettings}
        if given["EncryptionAtRest"]["CatalogEncryptionMode"] != "DISABLED":
            raise NotImplementedByCumulet("glue's encryption of the catalog at rest")
        passwords = given["ConnectionPasswordEncryption"]
        if passwords["ReturnConnectionPasswordEncrypted"]:
            self._check_key(passwords.get("AwsKmsKeyId"))
        self.store.records.put(SETTINGS, self.caller.scope, "", given)
        return {}

    def create_security_configuration(self, *, Name: str, EncryptionConfiguration: Members) -> dict[str, Any]:
        """Kept and told. No job or crawler here takes one, so that none runs unencrypted against its word."""
        now = self.house.clock()
        body = {
            "Name": Name,
            "CreatedTimeStamp": now,
            "EncryptionConfiguration": complete(EncryptionConfiguration),
        }
        try:
            self.store.records.create(CONFIGURATION, self.caller.scope, Name, body)
        except RecordExists:
            raise taken("Security configuration", Name) from None
        return {"Name": Name, "CreatedTimestamp": now}

    def get_security_configuration(self, *, Name: str) -> dict[str, Any]:
        body = self.store.records.get(CONFIGURATION, self.caller.scope, Name)
        if body is None:
            raise missing("Security configuration", Name)
        return {"SecurityConfiguration": body}

    def get_security_configurations(
        self, *, MaxResults: int = PAGE, NextToken: str | None = None
    ) -> dict[str, Any]:
        last = paging.after(NextToken)
        found = self.store.records.list(CONFIGURATION, self.caller.scope, after=last, limit=MaxResults + 1)
        member = "SecurityConfigurations"
        return paging.page(found, MaxResults, member, lambda one: one[0], lambda one: one[1])

    def delete_security_configuration(self, *, Name: str) -> dict[str, Any]:
        if not self.store.records.delete(CONFIGURATION, self.caller.scope, Name):
            raise missing("Security configuration", Name)
        return {}

    def _encryption_settings(self) -> Members:
        return self.store.records.get(SETTINGS, self.caller.scope, "") or DEFAULTS

    def _check_key(self, key: str | None) -> None:
        if not key:
            raise invalid("ReturnConnectionPasswordEncrypted needs an AwsKmsKeyId.")
        try:
            self.other("kms").encrypt(KeyId=key, Plaintext=b"checked")
        except AwsError as error:
            raise invalid(f"AwsKmsKeyId {key}: {error.message}") from None


def complete(given: Members) -> Members:
    """A configuration with everything that it does not speak of said to be off."""
    off = {name: {mode: "DISABLED"} for name, mode in MODES.items()}
    return {"S3Encryption": [{"S3EncryptionMode": "DISABLED"}], **off, **given}
