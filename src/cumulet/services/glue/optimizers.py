"""Table optimizers: what keeps an Iceberg table in order by itself. `optimizing` does it.

https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import OPTIMIZER, key
from cumulet.services.glue.optimizing import Optimizing, configured, shown, shown_run
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError

PAGE = 50
Members = dict[str, Any]


class TableOptimizers(Optimizing):
    def create_table_optimizer(
        self,
        *,
        CatalogId: str,
        DatabaseName: str,
        TableName: str,
        Type: str,
        TableOptimizerConfiguration: Members,
    ) -> dict[str, Any]:
        """The first run begins at once. A connection's network is kept and changes nothing: there is one."""
        table = self._iceberg_table(CatalogId, DatabaseName, TableName)
        body = {
            "DatabaseName": table["DatabaseName"],
            "TableName": table["Name"],
            "Type": Type,
            "Configuration": self._configuration(Type, {}, TableOptimizerConfiguration),
            "Runs": [],
        }

        def change() -> None:
            self._set_optimizer_timer(table["Id"], body, self.house.clock())
            self.store.records.create(OPTIMIZER, self.caller.scope, key(table["Id"], Type), body)

        try:
            self.store.atomically(change)
        except RecordExists:
            raise taken("Table optimizer", f"{Type} of table {TableName}") from None
        return {}

    def update_table_optimizer(
        self,
        *,
        CatalogId: str,
        DatabaseName: str,
        TableName: str,
        Type: str,
        TableOptimizerConfiguration: Members,
    ) -> dict[str, Any]:
        """Changes what is given. One that is enabled runs at once, by its new settings."""
        table = self._iceberg_table(CatalogId, DatabaseName, TableName)

        def change(body: Members) -> None:
            body["Configuration"] = self._configuration(
                Type, body["Configuration"], TableOptimizerConfiguration
            )
            self._set_optimizer_timer(table["Id"], body, self.house.clock())

        if not self.store.records.update(OPTIMIZER, self.caller.scope, key(table["Id"], Type), change):
            raise no_optimizer(Type, TableName)
        return {}

    def get_table_optimizer(
        self, *, CatalogId: str, DatabaseName: str, TableName: str, Type: str
    ) -> dict[str, Any]:
        self._own(CatalogId)
        found = self._optimizer(DatabaseName, TableName, Type)
        names = {"CatalogId": CatalogId, "DatabaseName": DatabaseName, "TableName": TableName}
        return {**names, "TableOptimizer": shown(found)}

    def batch_get_table_optimizer(self, *, Entries: list[Members]) -> dict[str, Any]:
        found, failures = [], []
        for entry in Entries:
            try:
                found.append({**named(entry), "tableOptimizer": self._entry(entry)})
            except AwsError as error:
                told = {"ErrorCode": error.code, "ErrorMessage": error.message}
                failures.append({**entry, "error": told})
        return {"TableOptimizers": found, "Failures": failures}

    def delete_table_optimizer(
        self, *, CatalogId: str, DatabaseName: str, TableName: str, Type: str
    ) -> dict[str, Any]:
        """A run that is under way goes on to its end."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        if not self.store.records.delete(OPTIMIZER, self.caller.scope, key(table["Id"], Type)):
            raise no_optimizer(Type, TableName)
        return {}

    def list_table_optimizer_runs(
        self,
        *,
        CatalogId: str,
        DatabaseName: str,
        TableName: str,
        Type: str,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """Newest first; the last hundred are kept."""
        self._own(CatalogId)
        runs = list(reversed(self._optimizer(DatabaseName, TableName, Type)["Runs"]))
        if last := paging.after(NextToken):
            runs = [one for one in runs if one["Id"] < last]
        names = {"CatalogId": CatalogId, "DatabaseName": DatabaseName, "TableName": TableName}
        found = paging.page(runs, MaxResults, "TableOptimizerRuns", lambda one: str(one["Id"]), shown_run)
        return {**names, **found}

    def _iceberg_table(self, catalog: str, database: str, name: str) -> Members:
        self._own(catalog)
        table = self._table(database, name)
        if str(table.get("Parameters", {}).get("table_type", "")).upper() != "ICEBERG":
            raise invalid(f"Table {database}.{name} is no Iceberg table: only those can be optimized.")
        return table

    def _configuration(self, kind: str, old: Members, given: Members) -> Members:
        found = configured(kind, old, given)
        self._check_role(found["roleArn"])
        if network := (found.get("vpcConfiguration") or {}).get("glueConnectionName"):
            glue: Any = self
            glue.get_connection(Name=network)
        return found

    def _optimizer(self, database: str, name: str, kind: str) -> Members:
        table = self._table(database, name)
        found = self.store.records.get(OPTIMIZER, self.caller.scope, key(table["Id"], kind))
        if found is None:
            raise no_optimizer(kind, name)
        return found

    def _entry(self, entry: Members) -> Members:
        if missed := [each for each in ("databaseName", "tableName", "type") if each not in entry]:
            raise invalid(f"An entry needs {', '.join(missed)}.")
        self._own(entry.get("catalogId"))
        return shown(self._optimizer(entry["databaseName"], entry["tableName"], entry["type"]))


def named(entry: Members) -> Members:
    return {member: entry[member] for member in ("catalogId", "databaseName", "tableName") if member in entry}


def no_optimizer(kind: str, table: str) -> AwsError:
    return missing("Table optimizer", f"{kind} of table {table}")
