"""Table versions: what a table was before each update."""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import VERSION, Catalog, folded, key
from cumulet.services.glue.refusals import detail, invalid, missing
from cumulet.wire.errors import AwsError

PAGE = 100
WIDTH = 12  # digits, so that names sort as numbers do


def archive_name(table: dict[str, Any]) -> str:
    return key(table["DatabaseName"], table["Name"], f"{int(table['VersionId']):0{WIDTH}}")


class Versions(Catalog):
    def get_table_version(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        VersionId: str | None = None,
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The current version where none is named. `AuditContext` changes no answer."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        if VersionId is None or VersionId == table["VersionId"]:
            return {"TableVersion": self._shown_version(table)}
        return {"TableVersion": self._shown_version(self._archived(table, VersionId))}

    def get_table_versions(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE,
        AuditContext: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Newest first, the current one included."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        prefix = key(table["DatabaseName"], table["Name"], "")
        archived = [body for _, body in self.store.records.list(VERSION, self.caller.scope, prefix=prefix)]
        found = [table, *reversed(archived)]
        if last := paging.after(NextToken):
            found = [body for body in found if archive_name(body) < last]
        return paging.page(found, MaxResults, "TableVersions", archive_name, self._shown_version)

    def delete_table_version(
        self, *, DatabaseName: str, TableName: str, VersionId: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)

        def change() -> None:
            table = self._table(DatabaseName, TableName)
            if VersionId == table["VersionId"]:
                raise invalid(f"Version {VersionId} is the current one of {TableName}.")
            body = self._archived(table, VersionId)
            self.store.records.delete(VERSION, self.caller.scope, archive_name(body))

        self.store.atomically(change)
        return {}

    def batch_delete_table_version(
        self, *, DatabaseName: str, TableName: str, VersionIds: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        self._table(DatabaseName, TableName)
        errors = []
        for version in VersionIds:
            try:
                self.delete_table_version(DatabaseName=DatabaseName, TableName=TableName, VersionId=version)
            except AwsError as error:
                errors.append(
                    {"TableName": folded(TableName), "VersionId": version, "ErrorDetail": detail(error)}
                )
        return {"Errors": errors} if errors else {}

    def _archived(self, table: dict[str, Any], version: str) -> dict[str, Any]:
        if not (version.isascii() and version.isdigit() and len(version) <= WIDTH):
            raise invalid(f"VersionId {version} is not a version's number.")
        name = archive_name({**table, "VersionId": version})
        body = self.store.records.get(VERSION, self.caller.scope, name)
        if body is None:
            raise missing("Version", f"{version} of table {table['Name']}")
        return body

    def _shown_version(self, body: dict[str, Any]) -> dict[str, Any]:
        return {"Table": self._shown_table(body), "VersionId": body["VersionId"]}
