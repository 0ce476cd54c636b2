"""Parquet, columns found by name; one that a file has not got is NULL.

https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

from typing import Any

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.trino.typed import cast, name, quote
from cumulet.engines.sql.trino.types import Type

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")
READABLE = {
    "boolean": ("BOOLEAN",),
    "tinyint": INTEGERS,
    "smallint": INTEGERS,
    "integer": INTEGERS,
    "bigint": INTEGERS,
    "real": ("FLOAT",),
    "double": ("DOUBLE", "FLOAT"),
    "varchar": ("VARCHAR", "BLOB", "JSON"),
    "varbinary": ("BLOB", "VARCHAR"),
    "date": ("DATE",),
    "time": ("TIME",),
    "timestamp": MOMENTS,
    "char": ("VARCHAR",),
}


def read(reading: Reading) -> Source:
    paths = ", ".join(quote(each.path) for each in reading.files)
    together = ", union_by_name=true" if len(reading.files) > 1 else ""
    relation = f"read_parquet([{paths}]{together})"
    there = {label.lower(): (label, kind) for label, kind in reading.describe(relation)}
    return Source(
        relation, [column(there.get(label.lower()), label, kind) for label, kind in reading.columns]
    )


def column(found: tuple[str, Any] | None, label: str, kind: Type) -> str:
    if found is None:
        return f"CAST(NULL AS {kind.duck})"
    return converted(name(found[0]), found[1], kind, label)


def converted(sql: str, physical: Any, kind: Type, label: str) -> str:
    """A stored value as the table's type; types that do not go together are an error, as in Trino."""
    stored = physical.id.upper()
    if kind.base == "array" and stored == "LIST":
        element = dict(physical.children)["child"]
        return each(sql, element, kind.parts[0], label)
    if kind.base == "map" and stored == "MAP":
        parts = dict(physical.children)
        if str(parts["key"]) == kind.parts[0].duck and str(parts["value"]) == kind.parts[1].duck:
            return sql
        return (
            f"map({each(f'map_keys({sql})', parts['key'], kind.parts[0], label)}, "
            f"{each(f'map_values({sql})', parts['value'], kind.parts[1], label)})"
        )
    if kind.base == "row" and stored == "STRUCT":
        return struct(sql, {n.lower(): (n, p) for n, p in physical.children}, kind, label)
    if kind.base.startswith("timestamp") and "TIME ZONE" in str(physical).upper():
        return f"timezone('UTC', {sql})"
    if str(physical).upper() == kind.duck:
        return sql
    if str(physical).upper() in READABLE.get(kind.base, ()) or (
        kind.base == "decimal" and stored == "DECIMAL"
    ):
        return cast(f"decode({sql})" if (kind.base, stored) == ("varchar", "BLOB") else sql, kind)
    raise SqlError(
        "HIVE_BAD_DATA",
        f"Field {label}'s type {physical} in parquet file is incompatible with type {kind} "
        "defined in table schema",
    )


def each(sql: str, physical: Any, kind: Type, label: str) -> str:
    inner = converted("e", physical, kind, label)
    return sql if inner == "e" else f"list_transform({sql}, lambda e: {inner})"


def struct(sql: str, stored: dict[str, tuple[str, Any]], kind: Type, label: str) -> str:
    slots = []
    for slot, field, part in zip(kind.slots, kind.names, kind.parts, strict=True):
        found = stored.get(field.lower())
        inner = (
            f"CAST(NULL AS {part.duck})"
            if found is None
            else converted(f"({sql}).{name(found[0])}", found[1], part, label)
        )
        slots.append(f"{slot} := {inner}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
