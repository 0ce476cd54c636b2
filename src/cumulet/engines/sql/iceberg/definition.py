"""CREATE TABLE and ALTER TABLE: an Iceberg table's schema, partitions and properties.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html and
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-evolving-table-schema.html
"""

from __future__ import annotations

from itertools import count
from typing import Any

from pyiceberg.exceptions import CommitFailedException, ValidationError
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata, new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER, SortOrder
from pyiceberg.table.update.schema import UpdateSchema
from pyiceberg.types import NestedField

from cumulet.engines.sql.base import SqlError, check_names
from cumulet.engines.sql.iceberg import changing, partitioning, types
from cumulet.engines.sql.iceberg.work import Work
from cumulet.engines.sql.iceberg.writing import Writer
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.typed import cast

Columns = list[tuple[str, t.Type, str]]  # name, type, comment


def create(work: Work) -> int:
    """A table without rows. The arguments: columns, partitions, location, properties; or `spelt`, with schema,
    partition spec and sort order as Iceberg's own JSON has them."""
    given = work.change.arguments
    if "spelt" in given:
        described = spelt(given["spelt"], given["location"], given.get("properties", {}))
        work.lakes.snapshots.catalog.create(work.change.database, work.change.name, described)
        return 0
    columns = [(label, t.parse(kind), comment) for label, kind, comment in given["columns"]]
    work.lakes.snapshots.catalog.create(work.change.database, work.change.name, metadata(columns, given))
    return 0


def create_as(work: Work) -> int:
    """A table of a query's rows; it is there when they are."""
    made = work.translated()
    columns = [(label.lower(), kept(kind), "") for label, kind in made.columns]
    check(columns, made.columns)
    catalog = work.lakes.snapshots.catalog
    described = metadata(columns, work.change.arguments)
    table = catalog.staged(work.change.database, work.change.name, described)
    values = (f"{cast(f'q.c{n}', kind)} AS c{n}" for n, (_, kind, _) in enumerate(columns))
    rows = f"SELECT {', '.join(values)} FROM ({made.sql}) AS q"
    files = (
        [] if work.change.arguments.get("no_rows") else Writer(work.connection, table, work.io).write(rows)
    )
    if files:
        changing.append(work, table, files)
    else:
        catalog.create(work.change.database, work.change.name, described)
    return sum(file.record_count for file in files)


def kept(kind: t.Type) -> t.Type:
    """The type that Iceberg keeps a value in: whole numbers from integer on, texts without a length."""
    plain = {"tinyint": t.INTEGER, "smallint": t.INTEGER, "varchar": t.VARCHAR, "char": t.VARCHAR}
    if kind.parts:
        return t.Type(kind.base, kind.numbers, tuple(kept(part) for part in kind.parts), kind.names)
    if kind.base in ("time", "timestamp", "timestamp with time zone"):
        return t.Type(kind.base, (6,))
    return plain.get(kind.base, kind)


def check(columns: Columns, given: list[tuple[str, t.Type]]) -> None:
    for n, (label, kind) in enumerate(given):
        if label == f"_col{n}":
            raise SqlError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {n + 1}")
        if kind.base == "unknown":
            raise SqlError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {label}")
    check_names([label for label, _, _ in columns])


def metadata(columns: Columns, given: dict[str, Any]) -> TableMetadata:
    numbers = count(1)
    fields = [
        NestedField(
            next(numbers), label, types.iceberg(kind, numbers.__next__), required=False, doc=comment or None
        )
        for label, kind, comment in columns
    ]
    schema = Schema(*fields)
    return new_table_metadata(
        schema=schema,
        partition_spec=partitioning.specification(schema, given.get("partitions", [])),
        sort_order=UNSORTED_SORT_ORDER,
        location=given["location"].rstrip("/"),
        properties={"format-version": "2", **given.get("properties", {})},
    )


def spelt(said: dict[str, Any], location: str, properties: dict[str, str]) -> TableMetadata:
    """Metadata of what stands there in Iceberg's words; ids are given anew, as every catalog does it."""
    try:
        return new_table_metadata(
            schema=Schema.model_validate(said["schema"]),
            partition_spec=PartitionSpec.model_validate(said.get("spec") or {"fields": []}),
            sort_order=SortOrder.model_validate(said.get("order") or {"order-id": 0, "fields": []}),
            location=location.rstrip("/"),
            properties={"format-version": "2", **properties},
        )
    except (ValueError, ValidationError) as error:
        raise SqlError("INVALID_TABLE_PROPERTY", str(error)) from None


def alter(work: Work) -> int:
    """One change of the schema or of the properties: `arguments["does"]` is one of `ALTERATIONS`."""
    table, _ = work.table()
    try:
        ALTERATIONS[work.change.arguments["does"]](table, work.change.arguments)
    except CommitFailedException as error:
        raise changing.conflict(work, error) from None
    except (ValueError, ValidationError) as error:
        raise SqlError("INVALID_ARGUMENTS", str(error)) from None
    return 0


def add_columns(table: Table, given: dict[str, Any]) -> None:
    with table.update_schema(case_sensitive=False) as update:
        for label, kind, comment in given["columns"]:
            _add(update, label, kind, comment)


def _add(update: UpdateSchema, label: str, kind: str, comment: str) -> None:
    update.add_column(label, types.iceberg(t.parse(kind), count(1).__next__), doc=comment or None)


def change_column(table: Table, given: dict[str, Any]) -> None:
    """CHANGE [COLUMN] old new type [COMMENT text] [FIRST | AFTER other]."""
    old, (new, kind, comment) = given["column"], given["columns"][0]
    with table.update_schema(case_sensitive=False) as update:
        update.update_column(old, types.iceberg(t.parse(kind), count(1).__next__), doc=comment or None)
        if new != old:
            update.rename_column(old, new)
        if given.get("first"):
            update.move_first(old)
        elif given.get("after"):
            update.move_after(old, given["after"])


def drop_column(table: Table, given: dict[str, Any]) -> None:
    with table.update_schema(case_sensitive=False) as update:
        update.delete_column(given["column"])


def replace_columns(table: Table, given: dict[str, Any]) -> None:
    """The columns as they are listed: those that are not go, new ones come, the rest keep their values."""
    wanted = {label.lower() for label, _, _ in given["columns"]}
    there = {field.name.lower() for field in table.schema().fields}
    with table.update_schema(case_sensitive=False, allow_incompatible_changes=True) as update:
        for label in there - wanted:
            update.delete_column(label)
        for label, kind, comment in given["columns"]:
            if label.lower() in there:
                update.update_column(
                    label, types.iceberg(t.parse(kind), count(1).__next__), doc=comment or None
                )
            else:
                _add(update, label, kind, comment)


def set_properties(table: Table, given: dict[str, Any]) -> None:
    with table.transaction() as transaction:
        transaction.set_properties(given["properties"])


def unset_properties(table: Table, given: dict[str, Any]) -> None:
    with table.transaction() as transaction:
        transaction.remove_properties(*given["keys"])


ALTERATIONS = {
    "add columns": add_columns,
    "change column": change_column,
    "drop column": drop_column,
    "replace columns": replace_columns,
    "set properties": set_properties,
    "unset properties": unset_properties,
}
