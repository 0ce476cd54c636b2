"""Partitions: the parts of a table that have a location of their own."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import STATISTICS, Catalog, key, remembered
from cumulet.services.glue.expressions import search
from cumulet.services.glue.refusals import detail, invalid, missing, taken
from cumulet.services.glue.tables import complete
from cumulet.store.partitions import Index, Partition, Values, name_of
from cumulet.wire.errors import AwsError

PAGE = 1000  # the most that AWS returns, and what it returns where nothing is said
EXISTS = {"ErrorCode": "AlreadyExistsException", "ErrorMessage": "Partition already exists."}
NOT_FOUND = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": "Partition not found."}


def everything(index: Index) -> int:
    return int.from_bytes(b"\x01" * len(index.names), "little")


class Partitions(Catalog):
    def create_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionInput: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        if self.store.partitions.create(table["Id"], [self._partition(table, PartitionInput)]):
            values = ", ".join(PartitionInput["Values"])
            raise taken("Partition", f"({values}) of {TableName}")
        return {}

    def batch_create_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionInputList: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        partitions = [self._partition(table, given) for given in PartitionInputList]
        taken = self.store.partitions.create(table["Id"], partitions)
        errors = [{"PartitionValues": list(values), "ErrorDetail": EXISTS} for values in taken]
        return {"Errors": errors} if errors else {}

    def get_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValues: list[str],
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`AuditContext` is for AWS's own log of data access and changes no answer."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        found = self.store.partitions.get(table["Id"], [self._values(table, PartitionValues)])
        if not found:
            raise self._no_partition(table, PartitionValues)
        return {"Partition": self._shown_partition(table, found[0])}

    def get_partitions(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        Expression: str | None = None,
        NextToken: str | None = None,
        Segment: dict[str, int] | None = None,
        MaxResults: int = PAGE,
        ExcludeColumnSchema: bool = False,
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`AuditContext` is for AWS's own log of data access and changes no answer."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        found = self._selected(table, Expression, Segment, paging.after(NextToken), MaxResults + 1)

        def show(partition: Partition) -> dict[str, Any]:
            return self._shown_partition(table, partition, without_columns=ExcludeColumnSchema)

        return paging.page(found, MaxResults, "Partitions", lambda one: name_of(one.values), show)

    def partition_rows(
        self, *, DatabaseName: str, TableName: str, Expression: str | None = None
    ) -> list[Partition]:
        """All matching partitions at once, for engines in this house: what GetPartitions says page by page.

        Each is (values, location, form, body); `form` is the storage descriptor without its location, one
        and the same object for all partitions that share it.
        """
        table = self._table(DatabaseName, TableName)
        return self._selected(table, Expression, None, "", None)

    def batch_get_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToGet: list[dict[str, list[str]]],
        CatalogId: str | None = None,
        AuditContext: dict[str, Any] | None = None,
        QuerySessionContext: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Those that do not exist are left out, as on AWS. Neither context changes an answer."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        found = self.store.partitions.get(
            table["Id"], (self._values(table, one["Values"]) for one in PartitionsToGet)
        )
        return {"Partitions": [self._shown_partition(table, one) for one in found], "UnprocessedKeys": []}

    def update_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionValueList: list[str],
        PartitionInput: dict[str, Any],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Replaces a partition; other `Values` in the input move it there."""
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        self.store.atomically(lambda: self._replace(table, PartitionValueList, PartitionInput))
        return {}

    def batch_update_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        Entries: list[dict[str, Any]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)

        def change() -> list[dict[str, Any]]:
            return list(filter(None, (self._replaced(table, entry) for entry in Entries)))

        errors = self.store.atomically(change)
        return {"Errors": errors} if errors else {}

    def delete_partition(
        self, *, DatabaseName: str, TableName: str, PartitionValues: list[str], CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        if self._delete_partitions(table, [self._values(table, PartitionValues)]):
            raise self._no_partition(table, PartitionValues)
        return {}

    def batch_delete_partition(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        PartitionsToDelete: list[dict[str, list[str]]],
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        table = self._table(DatabaseName, TableName)
        wanted = [self._values(table, one["Values"]) for one in PartitionsToDelete]
        absent = self._delete_partitions(table, wanted)
        errors = [{"PartitionValues": list(values), "ErrorDetail": NOT_FOUND} for values in absent]
        return {"Errors": errors} if errors else {}

    def _selected(
        self,
        table: dict[str, Any],
        expression: str | None,
        segment: dict[str, int] | None,
        after: str,
        limit: int | None,
    ) -> list[Partition]:
        """By the columns of values where there is something to filter by, else straight from the rows."""
        tests = (
            [search(expression, table.get("PartitionKeys", []))] if expression and expression.strip() else []
        )
        if segment:
            tests.append(in_segment(segment))
        if not tests and limit is not None:
            return self.store.partitions.after(table["Id"], after, limit)
        return self.store.partitions.search(table["Id"], all_of(tests), after=after, limit=limit)

    def _partition(self, table: dict[str, Any], given: dict[str, Any]) -> Partition:
        if not table.get("PartitionKeys"):
            raise invalid(f"Table {table['Name']} has no partition keys.")
        body: dict[str, Any] = {"CreationTime": self.house.clock(), **remembered(given)}
        values = self._values(table, body.pop("Values", []))
        form = complete(body.pop("StorageDescriptor", None))
        location = form.pop("Location", "")
        return Partition(values, location, form, body)

    def _values(self, table: dict[str, Any], values: list[str]) -> Values:
        keys = table.get("PartitionKeys", [])
        if len(values) != len(keys):
            given = f"{len(values)} values were given for the {len(keys)} partition keys of {table['Name']}."
            raise invalid(given)
        if any("\0" in value for value in values):
            raise invalid("A partition's value must not hold a NUL character.")
        return tuple(values)

    def _replace(self, table: dict[str, Any], values: list[str], given: dict[str, Any]) -> None:
        old = self.store.partitions.get(table["Id"], [self._values(table, values)])
        if not old:
            raise self._no_partition(table, values)
        new = self._partition(table, {"Values": values, "CreationTime": old[0].body["CreationTime"], **given})
        if new.values != old[0].values and self.store.partitions.get(table["Id"], [new.values]):
            raise taken("Partition", f"({', '.join(new.values)}) of {table['Name']}")
        self.store.partitions.replace(table["Id"], old[0].values, new)

    def _delete_partitions(self, table: dict[str, Any], wanted: list[Values]) -> list[Values]:
        """Delete partitions with their columns' statistics; those that were not there."""
        scope, records = self.caller.scope, self.store.records

        def change() -> list[Values]:
            if records.list(STATISTICS, scope, prefix=key(table["Id"], ""), limit=1):
                for values in wanted:
                    records.delete_under(STATISTICS, scope, key(table["Id"], json.dumps(values), ""))
            return self.store.partitions.delete(table["Id"], wanted)

        return self.store.atomically(change)

    def _replaced(self, table: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any] | None:
        """The error of one entry of a batch, or None."""
        try:
            self._replace(table, entry["PartitionValueList"], entry["PartitionInput"])
        except AwsError as error:
            return {"PartitionValueList": entry["PartitionValueList"], "ErrorDetail": detail(error)}
        return None

    def _no_partition(self, table: dict[str, Any], values: list[str]) -> AwsError:
        name = ", ".join(values)
        return missing("Partition", f"({name}) of table {table['Name']}")

    def _shown_partition(
        self, table: dict[str, Any], partition: Partition, *, without_columns: bool = False
    ) -> dict[str, Any]:
        descriptor = {**partition.form, "Location": partition.location}
        if without_columns:
            descriptor["Columns"] = []
        return {
            **partition.body,
            "Values": list(partition.values),
            "DatabaseName": table["DatabaseName"],
            "TableName": table["Name"],
            "StorageDescriptor": descriptor,
            "CatalogId": self.caller.account,
        }


def in_segment(segment: dict[str, int]) -> Callable[[Index], int]:
    """One of several parts of about equal size, which together are all: for readers side by side."""
    number, total = segment["SegmentNumber"], segment["TotalSegments"]
    if number >= total:
        raise invalid(f"SegmentNumber {number} must be below TotalSegments {total}.")

    def mask(index: Index) -> int:
        return int.from_bytes((zlib.crc32(name.encode()) % total == number for name in index.names), "little")

    return mask


def all_of(tests: Iterable[Callable[[Index], int]]) -> Callable[[Index], int]:
    def mask(index: Index) -> int:
        result = everything(index)
        for test in tests:
            result &= test(index)
        return result

    return mask
