"""Partition indexes: every search is quick with or without one, so they are only kept and told."""

from __future__ import annotations

from typing import Any

from cumulet.services.glue.catalog import TABLE, Catalog, key
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.wire.errors import AwsError

MOST = 3


class PartitionIndexes(Catalog):
    def create_partition_index(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionIndex: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)

        def change(table: dict[str, Any]) -> None:
            indexes = table["PartitionIndexes"]
            name = PartitionIndex["IndexName"]
            if any(one["IndexName"] == name for one in indexes):
                raise taken("Index", f"{name} of {TableName}")
            if len(indexes) == MOST:
                raise AwsError(
                    "ResourceNumberLimitExceededException", f"{TableName} has {MOST} indexes already."
                )
            columns(table, PartitionIndex)
            indexes.append(PartitionIndex)

        self._change(DatabaseName, TableName, change)
        return {}

    def get_partition_indexes(
        self, *, DatabaseName: str, TableName: str, CatalogId: str | None = None, NextToken: str | None = None
    ) -> dict[str, Any]:
        """At most three, so there is never a second page."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        shown = [
            {"IndexName": one["IndexName"], "Keys": columns(table, one), "IndexStatus": "ACTIVE"}
            for one in table["PartitionIndexes"]
        ]
        return {"PartitionIndexDescriptorList": shown}

    def delete_partition_index(
        self, *, DatabaseName: str, TableName: str, IndexName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)

        def change(table: dict[str, Any]) -> None:
            left = [one for one in table["PartitionIndexes"] if one["IndexName"] != IndexName]
            if len(left) == len(table["PartitionIndexes"]):
                raise missing("Index", f"{IndexName} of table {TableName}")
            table["PartitionIndexes"] = left

        self._change(DatabaseName, TableName, change)
        return {}

    def _change(self, database: str, name: str, change: Any) -> None:
        def apply() -> None:
            table = self._table(database, name)
            change(table)
            self.store.records.put(TABLE, self.caller.scope, key(table["DatabaseName"], table["Name"]), table)

        self.store.atomically(apply)


def checked(table: dict[str, Any], indexes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The indexes that a new table shall have."""
    if len(indexes) > MOST or len({one["IndexName"] for one in indexes}) < len(indexes):
        raise invalid(f"A table has at most {MOST} partition indexes, each with a name of its own.")
    for index in indexes:
        columns(table, index)
    return indexes


def columns(table: dict[str, Any], index: dict[str, Any]) -> list[dict[str, Any]]:
    """An index's keys with their types; each must be a partition key."""
    types = {one["Name"]: one.get("Type", "string") for one in table.get("PartitionKeys", [])}
    if strange := [name for name in index["Keys"] if name not in types]:
        raise invalid(f"{', '.join(strange)} is no partition key of {table['Name']}.")
    return [{"Name": name, "Type": types[name]} for name in index["Keys"]]
