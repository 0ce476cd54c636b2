"""The account's Data Catalog as a whole, and the rules that all of it keeps: whose it is, how names fold."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services import Service
from cumulet.services.glue.parameters import ordered
from cumulet.services.glue.refusals import invalid, missing
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

DATABASE = "glue.database"
TABLE = "glue.table"
VERSION = "glue.table_version"
FUNCTION = "glue.function"
STATISTICS = "glue.column_statistics"
STATISTICS_RUN = "glue.column_statistics_run"
OPTIMIZER = "glue.table_optimizer"
EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
HIDDEN = ("Id", "PartitionIndexes")  # in a table's record, not in the API's answer
ATTRIBUTES = {"NAME": "Name", "TABLE_TYPE": "TableType"}


def remembered(value: Any) -> Any:
    """Members as they are stored: times become epoch seconds."""
    if isinstance(value, dict):
        return {name: remembered(member) for name, member in value.items()}
    if isinstance(value, list):
        return [remembered(member) for member in value]
    return value.timestamp() if isinstance(value, datetime) else value


def folded(name: str) -> str:
    """Names of databases and tables are kept in lower case, as Hive has them."""
    if not name.strip():
        raise invalid("A name must not be empty.")
    return name.lower()


def key(*names: str) -> str:
    """The record's name of a thing inside others; a line feed is the one character that no name can hold."""
    return "\n".join(names)


class Catalog(Service):
    """What every other part of the catalog stands on."""

    def get_catalog_import_status(self, *, CatalogId: str | None = None) -> dict[str, Any]:
        """The catalog never was Athena's own, so there was nothing to import; clients ask before DDL."""
        self._own(CatalogId)
        return {"ImportStatus": {"ImportCompleted": True}}

    def get_catalog(self, *, CatalogId: str) -> dict[str, Any]:
        self._own(CatalogId)
        return {"Catalog": self._shown_catalog()}

    def get_catalogs(
        self,
        *,
        ParentCatalogId: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = 100,
        Recursive: bool = False,
        IncludeRoot: bool = False,
        HasDatabases: bool | None = None,
    ) -> dict[str, Any]:
        """There is the account's own, the root, and no others below it: never a second page."""
        self._own(ParentCatalogId)
        return {"CatalogList": [self._shown_catalog()] if IncludeRoot else []}

    def _shown_catalog(self) -> dict[str, Any]:
        account = self.caller.account
        permissions = [{"Principal": EVERYBODY, "Permissions": ["ALL"]}]
        return {
            "CatalogId": account,
            "Name": account,
            "ResourceArn": self.arn("catalog"),
            "Parameters": {},
            "CreateDatabaseDefaultPermissions": permissions,
            "CreateTableDefaultPermissions": permissions,
        }

    def _own(self, catalog: str | None) -> None:
        """There is one catalog, whose id is the account's; others are other accounts'."""
        if catalog is None or catalog == self.caller.account:
            return
        if catalog.isdigit():
            who = f"User: {self.caller.arn} is not authorized to access catalog {catalog}"
            raise AwsError("AccessDeniedException", f"{who}; yours is {self.caller.account}.", status=400)
        raise missing("Catalog", catalog)

    def _database(self, name: str) -> dict[str, Any]:
        """A database's own record, be it a link."""
        body = self.store.records.get(DATABASE, self.caller.scope, name.lower())
        if body is None:
            raise missing("Database", name)
        return body

    def _home(self, database: str) -> str:
        """The database where the tables of one are: another for one that is a link.

        https://docs.aws.amazon.com/lake-formation/latest/dg/resource-links-glue-apis.html
        """
        body = self.store.records.get(DATABASE, self.caller.scope, database.lower())
        target = (body or {}).get("TargetDatabase")
        return self._followed(target)["DatabaseName"].lower() if target else database.lower()

    def _table(self, database: str, name: str) -> dict[str, Any]:
        """A table's record, which is its target's where it is a link."""
        body = self._own_table(database, name)
        if target := body.get("TargetTable"):
            return self._own_table(self._followed(target)["DatabaseName"], target["Name"])
        return body

    def _own_table(self, database: str, name: str) -> dict[str, Any]:
        """A table's own record, be it a link; which of the two is missing is said."""
        home = self._home(database)
        body = self.store.records.get(TABLE, self.caller.scope, key(home, name.lower()))
        if body is None:
            self._database(home)
            raise missing("Table", f"{database}.{name}")
        return body

    def _followed(self, target: dict[str, Any]) -> dict[str, Any]:
        """What a link names, if it may lead there."""
        self._own(target.get("CatalogId"))
        if target.get("Region", self.caller.region) != self.caller.region:
            raise NotImplementedByCumulet("glue's resource links to other regions")
        return target

    def _through(self, body: dict[str, Any]) -> dict[str, Any]:
        """A table as it is seen: through a link, the target under the link's own names."""
        if not body.get("TargetTable"):
            return body
        own = {member: body[member] for member in ("Name", "DatabaseName", "TargetTable")}
        return {**self._table(body["DatabaseName"], body["Name"]), **own}

    def _forget_parts(self, table: dict[str, Any]) -> None:
        """What belongs to a table that is no more: its partitions, its columns' statistics, its optimizers."""
        self.store.partitions.delete_all(table["Id"])
        for kind in (STATISTICS, OPTIMIZER):
            self.store.records.delete_under(kind, self.caller.scope, key(table["Id"], ""))

    def _shown_table(self, body: dict[str, Any], attributes: list[str] | None = None) -> dict[str, Any]:
        """A table as the API returns it, or only the attributes that were asked for."""
        if attributes and not {"DEFAULT", "LATEST_ICEBERG_METADATA"} & set(attributes):
            return {ATTRIBUTES[a]: body[ATTRIBUTES[a]] for a in attributes if ATTRIBUTES[a] in body}
        shown = {member: value for member, value in body.items() if member not in HIDDEN}
        if found := shown.get("Parameters"):
            shown["Parameters"] = ordered(found)
        return {**shown, "CatalogId": self.caller.account, "IsRegisteredWithLakeFormation": False}
