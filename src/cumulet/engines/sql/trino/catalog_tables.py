"""Tables made of what the catalog knows at the moment of asking: information_schema, "orders$partitions".

https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from cumulet.engines.sql.base import Catalog, Column, NotSupported, SqlError, Table
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.typed import quote

CATALOG = "awsdatacatalog"
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
PARTITIONS = "partitions"  # the format of a table "t$partitions", whose rows are those of the catalog
Predicate = Callable[[set[str]], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Stored:
    """A relation, its columns in order, and hidden ones: name, type and what they are called in the relation."""

    sql: str
    columns: list[tuple[str, t.Type]]
    hidden: list[tuple[str, t.Type, str]] = field(default_factory=list)


def parsed(text: str) -> t.Type:
    try:
        return t.parse(text)
    except t.UnknownType:
        raise NotSupported(f"The column type {text}") from None


def partition_value(text: str, kind: t.Type) -> str:
    if text == NULL_PARTITION:
        return f"CAST(NULL AS {kind.duck})"
    return f"CAST({quote(text)} AS {kind.duck})"


def partitions(catalog: Catalog, table: Table, predicate: Predicate) -> Stored:
    """A row for each partition of a Hive table: the values of its keys."""
    kinds = [(each.name, parsed(each.type)) for each in table.keys]
    found = catalog.partitions(
        table.database, table.name.rpartition("$")[0], predicate({name for name, _ in kinds})
    )
    rows = (
        [partition_value(value, kind) for value, (_, kind) in zip(values, kinds, strict=True)]
        for values in found
    )
    return Stored(of_rows(rows, [kind for _, kind in kinds]), kinds)


def of_rows(rows: Iterable[list[str]], kinds: list[t.Type]) -> str:
    """A query that gives rows whose values are written out."""
    heads = ", ".join(f"c{i}" for i in range(len(kinds)))
    shown = ", ".join(f"CAST(c{i} AS {kind.duck}) AS c{i}" for i, kind in enumerate(kinds))
    lines = ", ".join(f"({', '.join(row)})" for row in rows)
    end = "" if lines else " WHERE FALSE"
    nothing = f"({', '.join('NULL' for _ in kinds)})"
    return f"SELECT {shown} FROM (VALUES {lines or nothing}) AS i({heads}){end}"


SCHEMAS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "columns": (
        "table_catalog",
        "table_schema",
        "table_name",
        "column_name",
        "ordinal_position",
        "column_default",
        "is_nullable",
        "data_type",
        "comment",
        "extra_info",
    ),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
}


def information(catalog: Any, table: str, where: str) -> Stored:
    """information_schema, made from the catalog at the moment of asking."""
    if table not in SCHEMAS:
        raise SqlError(
            "TABLE_NOT_FOUND", f"{where}: Table '{CATALOG}.information_schema.{table}' does not exist"
        )
    columns = [(n, t.BIGINT if n == "ordinal_position" else t.VARCHAR) for n in SCHEMAS[table]]
    rows = [row for database in catalog.databases() for row in facts(catalog, table, database)]
    written = ([said(value) for value in row] for row in rows)
    return Stored(of_rows(written, [kind for _, kind in columns]), columns)


def said(value: str | int | None) -> str:
    return "NULL" if value is None else str(value) if isinstance(value, int) else quote(value)


def facts(catalog: Any, table: str, database: str) -> list[tuple[str | int | None, ...]]:
    if table == "schemata":
        return [(CATALOG, database)]
    found: list[Table] = catalog.tables(database)
    if table == "tables":
        return [(CATALOG, database, each.name, "VIEW" if each.view else "BASE TABLE") for each in found]
    if table == "views":
        return [(CATALOG, database, each.name, each.view) for each in found if each.view]
    return [
        (CATALOG, database, each.name, column.name, place, None, "YES", str(parsed(column.type)), None, extra)
        for each in found
        for place, column, extra in numbered(each)
    ]


def numbered(table: Table) -> list[tuple[int, Column, str | None]]:
    listed: list[tuple[Column, str | None]] = [(c, None) for c in table.columns] + [
        (c, "partition key") for c in table.keys
    ]
    return [(place, column, extra) for place, (column, extra) in enumerate(listed, 1)]
