"""Column statistics: what is known of a column's values, for a whole table or for one of its partitions.

https://docs.aws.amazon.com/glue/latest/dg/column-statistics.html
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cumulet.services.glue.catalog import STATISTICS, Catalog, key, remembered
from cumulet.services.glue.refusals import invalid, missing

Members = dict[str, Any]
DATA = {
    kind: f"{kind.capitalize()}ColumnStatisticsData"
    for kind in ("BOOLEAN", "DATE", "DECIMAL", "DOUBLE", "LONG", "STRING", "BINARY")
}
BOUNDS = ("MinimumValue", "MaximumValue")


class ColumnStatistics(Catalog):
    def update_column_statistics_for_table(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        ColumnStatisticsList: list[Members],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        return self._update_statistics(self._table(DatabaseName, TableName), [], ColumnStatisticsList)

    def get_column_statistics_for_table(
        self, *, DatabaseName: str, TableName: str, ColumnNames: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Columns of which nothing is known are told as errors beside the others."""
        self._own(CatalogId)
        return self._get_statistics(self._table(DatabaseName, TableName), [], ColumnNames)

    def delete_column_statistics_for_table(
        self, *, DatabaseName: str, TableName: str, ColumnName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        return self._delete_statistics(self._table(DatabaseName, TableName), [], ColumnName)

    def update_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnStatisticsList: list[Members],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._with_partition(DatabaseName, TableName, PartitionValues)
        return self._update_statistics(table, PartitionValues, ColumnStatisticsList)

    def get_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnNames: list[str],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Columns of which nothing is known are told as errors beside the others."""
        self._own(CatalogId)
        table = self._with_partition(DatabaseName, TableName, PartitionValues)
        return self._get_statistics(table, PartitionValues, ColumnNames)

    def delete_column_statistics_for_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        ColumnName: str,
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._with_partition(DatabaseName, TableName, PartitionValues)
        return self._delete_statistics(table, PartitionValues, ColumnName)

    def _with_partition(self, database: str, name: str, values: list[str]) -> dict[str, Any]:
        """A table's record; the partition must be there."""
        table = self._table(database, name)
        if not values or not self.store.partitions.get(table["Id"], [tuple(values)]):
            raise missing("Partition", f"({', '.join(values)}) of table {name}")
        return table

    def _update_statistics(
        self, table: dict[str, Any], values: list[str], given: list[Members]
    ) -> dict[str, Any]:
        columns = names(table)
        errors = []
        for one in given:
            check(one)
            if one["ColumnName"].lower() in columns:
                self._put_statistics(table, values, one)
            else:
                errors.append({"ColumnStatistics": one, "Error": unknown(one["ColumnName"], table)})
        return {"Errors": errors} if errors else {}

    def _put_statistics(self, table: dict[str, Any], values: list[str], given: Members) -> None:
        name = statistics_name(table, values, given["ColumnName"])
        self.store.records.put(STATISTICS, self.caller.scope, name, storable(remembered(given)))

    def _get_statistics(self, table: dict[str, Any], values: list[str], wanted: list[str]) -> dict[str, Any]:
        found, errors = [], []
        for name in wanted:
            record = statistics_name(table, values, name)
            if body := self.store.records.get(STATISTICS, self.caller.scope, record):
                found.append(restored(body))
            else:
                errors.append({"ColumnName": name, "Error": unknown(name, table)})
        return {"ColumnStatisticsList": found, "Errors": errors}

    def _delete_statistics(self, table: dict[str, Any], values: list[str], column: str) -> dict[str, Any]:
        name = statistics_name(table, values, column)
        if not self.store.records.delete(STATISTICS, self.caller.scope, name):
            raise missing("Statistics of column", f"{column} of table {table['Name']}")
        return {}


def statistics_name(table: dict[str, Any], values: list[str], column: str) -> str:
    """The record's name; the values are written so that no line feed can be in them."""
    return key(table["Id"], json.dumps(values), column.lower())


def names(table: dict[str, Any]) -> set[str]:
    columns = [*table.get("StorageDescriptor", {}).get("Columns", []), *table.get("PartitionKeys", [])]
    return {column["Name"].lower() for column in columns}


def unknown(column: str, table: dict[str, Any]) -> dict[str, Any]:
    where = f"column {column} of table {table['Name']}"
    return {"ErrorCode": "EntityNotFoundException", "ErrorMessage": f"Nothing is known of {where}."}


def check(given: Members) -> None:
    """Statistics hold the data of the type that they name, and of no other."""
    kind, data = given["StatisticsData"]["Type"], given["StatisticsData"]
    if set(data) - {"Type"} != {DATA[kind]}:
        raise invalid(f"Statistics of {given['ColumnName']} of type {kind} must hold {DATA[kind]} alone.")


def storable(body: Members) -> Members:
    """Statistics as a record holds them: decimals' bytes in base64."""
    return with_bytes(body, lambda blob: base64.b64encode(blob).decode())


def restored(body: Members) -> Members:
    return with_bytes(body, base64.b64decode)


def with_bytes(body: Members, convert: Any) -> Members:
    for bound in BOUNDS:
        number = body["StatisticsData"].get(DATA["DECIMAL"], {}).get(bound)
        if number:
            number["UnscaledValue"] = convert(number["UnscaledValue"])
    return body
