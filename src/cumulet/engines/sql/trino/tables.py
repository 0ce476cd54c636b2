"""Stored tables and views as relations whose columns are c0, c1, ..."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql import buckets
from cumulet.engines.sql.base import File, SqlError, Table
from cumulet.engines.sql.readers import Source
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.catalog_tables import (
    CATALOG,
    PARTITIONS,
    Predicate,
    Stored,
    information,
    parsed,
    partition_value,
    partitions,
)
from cumulet.engines.sql.trino.typed import Typed, trimmed

if TYPE_CHECKING:
    from cumulet.engines.sql.trino.query import Queries


@dataclass(frozen=True, slots=True)
class Read:
    """Files that a query reads, for its statistics; `alias` is what the table is called in the statement, `ids`
    are its columns' where they are found by such."""

    format: str
    files: list[File]
    columns: list[str]
    alias: str
    ids: list[int] = field(default_factory=list)


def field_ids(table: Table) -> list[int]:
    return [each["id"] for each in json.loads(table.options["schema"])["fields"]]


def source_of(
    queries: Queries,
    parts: tuple[str, ...],
    where: str,
    alias: str,
    predicate: Predicate,
    version: tuple[str, Any] | None = None,
) -> Stored:
    """The table or view that a name means; `version` asks for it as it was."""
    plan = queries.plan
    catalog, database, table = (
        (CATALOG, plan.database, "", *parts)[-3:]
        if len(parts) == 3
        else (CATALOG, *((plan.database, *parts)[-2:]))
    )
    if catalog != CATALOG:
        raise SqlError("CATALOG_NOT_FOUND", f"{where}: Catalog '{catalog}' does not exist")
    if not database:
        raise SqlError(
            "MISSING_SCHEMA_NAME", f"{where}: Schema must be specified when session schema is not set"
        )
    if database == "information_schema":
        return information(plan.catalog, table, where)
    found = plan.catalog.table(database, table)
    if found is None:
        missing_database = database not in plan.catalog.databases()
        what = f"Schema '{database}'" if missing_database else f"Table '{CATALOG}.{database}.{table}'"
        raise SqlError(
            "SCHEMA_NOT_FOUND" if missing_database else "TABLE_NOT_FOUND", f"{where}: {what} does not exist"
        )
    if version is not None:
        if found.at is None:
            raise SqlError("NOT_SUPPORTED", f"{where}: This connector does not support versioned tables")
        found = found.at(*version)
    if found.format == PARTITIONS:
        return partitions(plan.catalog, found, predicate)
    return view(queries, found, where) if found.view else stored(queries, found, alias, predicate)


def view(queries: Queries, table: Table, where: str) -> Stored:
    """A view's query, seen from its own database, its columns in the types that the view declares."""
    from cumulet.engines.sql.trino.query import Queries as Inner

    plan = queries.plan
    if plan.depth > 20:
        raise SqlError("VIEW_IS_RECURSIVE", f"{where}: Statement would create a recursive view")
    inner_plan = replace(plan, database=table.database, text=table.view, depth=plan.depth + 1)
    found = Inner(inner_plan).nested(grammar.query(table.view))
    columns = [(c.name, parsed(c.type)) for c in table.columns] or [(f.name, f.type) for f in found.fields]
    if len(columns) != len(found.fields) or any(
        t.common(f.type, k) is None for f, (_, k) in zip(found.fields, columns, strict=True)
    ):
        raise SqlError(
            "VIEW_IS_STALE",
            f"{where}: View '{CATALOG}.{table.database}.{table.name}' is stale or in invalid state: "
            "its columns differ from what its query gives; it must be re-created",
        )
    alias = plan.alias("q")
    cast = ", ".join(
        f"{cast_value(Typed(f'{alias}.c{i}', f.type), kind).sql} AS c{i}"
        for i, (f, (_, kind)) in enumerate(zip(found.fields, columns, strict=True))
    )
    return Stored(f"SELECT {cast} FROM ({found.sql}) AS {alias}", columns)


def stored(queries: Queries, table: Table, alias: str, predicate: Predicate) -> Stored:
    """A table of files; each row knows its file, and so its partition's values and "$path"."""
    plan = queries.plan
    columns = [(c.name, parsed(c.type)) for c in table.columns]
    keys = [(c.name, parsed(c.type)) for c in table.keys]
    files = files_of(plan, table, predicate)
    aside = hidden(table)
    if not files:
        nulls = [f"CAST(NULL AS {kind.duck}) AS c{i}" for i, (_, kind) in enumerate(columns + keys)]
        nulls += [f"CAST(NULL AS {kind.duck}) AS {called}" for _, kind, called in aside]
        return Stored(f"SELECT {', '.join(nulls)} WHERE FALSE", columns + keys, aside)
    held = [(name, t.VARCHAR if kind.textual else kind) for name, kind in columns]
    source: Source = plan.reader(table.format, held, files, table.options)
    fields = [cut(sql, kind) for sql, (_, kind) in zip(source.columns, columns, strict=True)]
    values = [by_file([each.values[i] for each in files], kind) for i, (_, kind) in enumerate(keys)]
    shown = [f"{sql} AS c{i}" for i, sql in enumerate(fields + values)]
    shown.append(f"{by_file([each.name for each in files], t.VARCHAR)} AS path")
    shown += [called for _, _, called in aside[1:]]
    ids = field_ids(table) if table.format == "iceberg" else []
    plan.reads.append(Read(table.format, files, [name for name, _ in columns], alias, ids))
    return Stored(f"SELECT {', '.join(shown)} FROM {source.relation}", columns + keys, aside)


def cut(sql: str, kind: t.Type) -> str:
    """A text that is longer than its column is cut off as it is read."""
    if kind.base == "char":
        return trimmed(sql, kind)
    return f"left({sql}, {kind.numbers[0]})" if kind.base == "varchar" and kind.numbers else sql


def files_of(plan: Any, table: Table, predicate: Predicate) -> list[File]:
    """The files that can hold wanted rows; a table that knows its own has a use for every condition."""
    if table.scan is not None:
        return table.scan(predicate({"$path", *(column.name.lower() for column in table.columns)}))
    keys = {column.name for column in table.keys}
    wanted = predicate(keys) if keys else []
    found = [each for each in plan.catalog.files(table.database, table.name, wanted) if each.size]
    return buckets.narrowed(found, table, predicate(set(table.buckets))) if table.buckets else found


def hidden(table: Table) -> list[tuple[str, t.Type, str]]:
    """Columns that only their names bring forth: the row's file and, in Iceberg, its place in it."""
    path = ("$path", t.VARCHAR, "path")
    return [path, ("$row", t.BIGINT, "file_row")] if table.format == "iceberg" else [path]


def by_file(texts: list[str], kind: t.Type) -> str:
    """A value that each file has one of: a constant where it is the same for all."""
    values = [partition_value(text, kind) for text in texts]
    if len(set(values)) == 1:
        return values[0]
    return f"(CAST([{', '.join(values)}] AS {kind.duck}[]))[CAST(file_index AS BIGINT) + 1]"
