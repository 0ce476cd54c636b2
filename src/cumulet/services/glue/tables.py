"""Tables: what the files at a location mean."""

from __future__ import annotations

import uuid
from typing import Any

from cumulet.services.glue import paging, patterns
from cumulet.services.glue.catalog import TABLE, VERSION, folded, key, remembered
from cumulet.services.glue.indexes import checked
from cumulet.services.glue.refusals import detail, invalid, taken
from cumulet.services.glue.table_formats import TableFormats
from cumulet.services.glue.versions import archive_name
from cumulet.wire.errors import AwsError

PAGE = 100
DESCRIPTOR = {  # what AWS says of a storage descriptor where its maker did not
    "Columns": [],
    "Compressed": False,
    "NumberOfBuckets": 0,
    "SortColumns": [],
    "StoredAsSubDirectories": False,
}


def name_of(name: str | None, given: dict[str, Any] | None) -> str:
    """A new table's name, which CreateTable may be told in two places."""
    inner = (given or {}).get("Name")
    if name and inner and folded(name) != folded(inner):
        raise invalid(f"Name {name} is not that of TableInput, {inner}.")
    if not (found := inner or name):
        raise invalid("CreateTable needs a Name.")
    return found


def complete(descriptor: dict[str, Any] | None) -> dict[str, Any]:
    return {**DESCRIPTOR, **(descriptor or {})}


class Tables(TableFormats):
    def create_table(
        self,
        *,
        DatabaseName: str,
        Name: str | None = None,
        TableInput: dict[str, Any] | None = None,
        CatalogId: str | None = None,
        PartitionIndexes: list[dict[str, Any]] | None = None,
        OpenTableFormatInput: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`OpenTableFormatInput` makes an Iceberg table: its metadata file first, then its record."""
        self._own(CatalogId)
        if iceberg := (OpenTableFormatInput or {}).get("IcebergInput"):
            self._create_iceberg(DatabaseName, name_of(Name, TableInput), TableInput or {}, iceberg)
            return {}
        if TableInput is None:
            raise invalid("CreateTable needs a TableInput, or an IcebergInput in OpenTableFormatInput.")
        name_of(Name, TableInput)
        body = self._new(DatabaseName, TableInput)
        body["PartitionIndexes"] = checked(body, PartitionIndexes or [])
        name = key(body["DatabaseName"], body["Name"])

        def change() -> None:
            self._database(body["DatabaseName"])
            self._check_link(DatabaseName, body)
            if self.store.records.get(TABLE, self.caller.scope, name):
                raise taken("Table", f"{body['Name']}")
            self.store.records.put(TABLE, self.caller.scope, name, body)

        self.store.atomically(change)
        return {}

    def get_table(
        self,
        *,
        DatabaseName: str,
        Name: str,
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """`AuditContext` is for AWS's own log of data access and changes no answer."""
        self._own(CatalogId)
        body = self._through(self._own_table(DatabaseName, Name))
        return {"Table": self._shown_table(body, AttributesToGet)}

    def get_tables(
        self,
        *,
        DatabaseName: str,
        Expression: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE,
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """`Expression` is a regular expression that must match the whole name."""
        self._own(CatalogId)
        self._database(DatabaseName)
        prefix = key(self._home(DatabaseName), "")
        last, limit = paging.after(NextToken), None if Expression else MaxResults + 1
        found = self.store.records.list(TABLE, self.caller.scope, prefix=prefix, after=last, limit=limit)
        if Expression:
            matches = patterns.matching(Expression, [body["Name"] for _, body in found])
            found = [one for one in found if one[1]["Name"] in matches]
        return paging.page(
            found,
            MaxResults,
            "TableList",
            lambda one: one[0],
            lambda one: self._shown_table(self._listed(one[1]), AttributesToGet),
        )

    def update_table(
        self,
        *,
        DatabaseName: str,
        TableInput: dict[str, Any],
        Name: str | None = None,
        CatalogId: str | None = None,
        SkipArchive: bool = False,
        VersionId: str | None = None,
    ) -> dict[str, Any]:
        """Replaces the definition, of a link its target's, and archives the old one as a version.

        `VersionId` says which version the caller has read: where another has come since, nothing is
        changed, so that two writers (of an Iceberg table's metadata, say) never undo one another.
        """
        self._own(CatalogId)
        wanted = folded(TableInput["Name"])
        if Name is not None and folded(Name) != wanted:
            raise invalid(f"Table {Name} cannot be renamed to {TableInput['Name']}.")

        def change() -> None:
            old = self._table(DatabaseName, wanted)
            if VersionId is not None and VersionId != old["VersionId"]:
                message = f"Table {wanted} is at version {old['VersionId']}, not {VersionId}: read it anew."
                raise AwsError("ConcurrentModificationException", message)
            if not SkipArchive:
                self.store.records.put(VERSION, self.caller.scope, archive_name(old), old)
            name = key(old["DatabaseName"], old["Name"])
            self.store.records.put(TABLE, self.caller.scope, name, self._next(old, TableInput))

        self.store.atomically(change)
        return {}

    def delete_table(self, *, DatabaseName: str, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        self._own(CatalogId)
        self._delete_table(DatabaseName, Name)
        return {}

    def batch_delete_table(
        self, *, DatabaseName: str, TablesToDelete: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        self._database(DatabaseName)
        errors = []
        for name in TablesToDelete:
            try:
                self._delete_table(DatabaseName, name)
            except AwsError as error:
                errors.append({"TableName": name, "ErrorDetail": detail(error)})
        return {"Errors": errors} if errors else {}

    def _check_link(self, database: str, body: dict[str, Any]) -> None:
        """A link leads to a table, not to another link, and lies in a database that is none."""
        target = body.get("TargetTable")
        if not target:
            return
        name = key(self._followed(target)["DatabaseName"].lower(), target["Name"].lower())
        found = self.store.records.get(TABLE, self.caller.scope, name)
        if body["DatabaseName"] != folded(database) or (found or {}).get("TargetTable"):
            raise invalid(f"Table {body['Name']} would be a link through a link.")

    def _listed(self, body: dict[str, Any]) -> dict[str, Any]:
        """In a list, a link that leads nowhere is told as what it is."""
        try:
            return self._through(body)
        except AwsError:
            return body

    def _new(self, database: str, given: dict[str, Any]) -> dict[str, Any]:
        now = self.house.clock()
        return {
            "Retention": 0,
            **self._definition(given),
            "DatabaseName": self._home(folded(database)),
            "CreateTime": now,
            "UpdateTime": now,
            "CreatedBy": self.caller.arn,
            "VersionId": "0",
            "Id": str(uuid.uuid4()),
        }

    def _next(self, old: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        given = {member: value for member, value in given.items() if member != "TargetTable"}
        kept = ("DatabaseName", "CreateTime", "CreatedBy", "Id", "PartitionIndexes")
        return {
            "Retention": 0,
            **self._definition(given),
            **{member: old[member] for member in kept},
            "Name": old["Name"],
            "UpdateTime": self.house.clock(),
            "VersionId": str(int(old["VersionId"]) + 1),
        }

    def _definition(self, given: dict[str, Any]) -> dict[str, Any]:
        body: dict[str, Any] = remembered(given)
        body["Name"] = folded(body["Name"])
        if "StorageDescriptor" in body:
            body["StorageDescriptor"] = complete(body["StorageDescriptor"])
        return body

    def _delete_table(self, database: str, name: str) -> None:
        def change() -> None:
            body = self._own_table(database, name)
            path = key(body["DatabaseName"], body["Name"])
            self.store.records.delete(TABLE, self.caller.scope, path)
            self.store.records.delete_under(VERSION, self.caller.scope, key(path, ""))
            self._forget_parts(body)

        self.store.atomically(change)
