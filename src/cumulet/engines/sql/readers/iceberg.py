"""Iceberg's data files: Parquet whose columns are found by field id, less the rows that were deleted.

A column keeps its id when it is renamed, moved or widened, so files of every age read as the schema that is
asked for. Files of one physical shape are read together. A file written without ids (one that was added as
it was) is read by names. https://iceberg.apache.org/spec/#column-projection
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg import types as i
from pyiceberg.schema import Schema

from cumulet.engines.sql.base import File
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.parquet import converted
from cumulet.engines.sql.trino.typed import name, quote
from cumulet.engines.sql.trino.types import Type

ID = b"PARQUET:field_id"


def read(reading: Reading) -> Source:
    schema = Schema.model_validate_json(reading.options["schema"])
    kinds = dict(reading.columns)
    groups: dict[str, list[tuple[int, File]]] = {}
    for at, file in enumerate(reading.files):
        groups.setdefault(_shape(file.path), []).append((at, file))
    parts = [_group(reading, schema, kinds, members) for members in groups.values()]
    relation = f"({' UNION ALL '.join(parts)})"
    return Source(relation, [f"v{n}" for n in range(len(schema.fields))])


def _group(reading: Reading, schema: Schema, kinds: dict[str, Type], members: list[tuple[int, File]]) -> str:
    """A SELECT over files of one shape: the wanted columns, the file's number, the row's place in it."""
    files = [file for _, file in members]
    paths = ", ".join(quote(each.path) for each in files)
    relation = f"read_parquet([{paths}], file_row_number=true)"
    duck = dict(reading.describe(relation))
    stored = pq.read_schema(files[0].path)
    columns = [
        f"{_column(field, kinds[field.name], stored, duck)} AS v{n}" for n, field in enumerate(schema.fields)
    ]
    numbers = ", ".join(str(at) for at, _ in members)
    index = f"([{numbers}])[CAST(f.file_index AS BIGINT) + 1]"
    sql = f"SELECT {', '.join([*columns, f'{index} AS file_index', 'f.file_row_number AS file_row'])}"
    return f"({sql} FROM {relation} AS f{_less_deleted(files)})"


def _less_deleted(files: list[File]) -> str:
    """Without the rows that position deletes name, for the files that they apply to."""
    pairs = sorted({(delete, at) for at, file in enumerate(files) for delete in file.deletes})
    if not pairs:
        return ""
    deletes = ", ".join(sorted({quote(delete) for delete, _ in pairs}))
    names = ", ".join(quote(file.name) for file in files)
    gone = (
        f"SELECT list_position([{names}], file_path) - 1 AS file, pos FROM read_parquet([{deletes}]) "
        f"WHERE file_path IN ({names})"
    )
    return f" ANTI JOIN ({gone}) AS gone ON gone.file = f.file_index AND gone.pos = f.file_row_number"


@lru_cache(4096)
def _shape(path: str) -> str:
    """The physical columns of a file, which never changes."""
    return str(pq.read_schema(path).to_string(show_field_metadata=True, show_schema_metadata=False))


def _column(field: i.NestedField, kind: Type, stored: pa.Schema, duck: dict[str, Any]) -> str:
    found = _find(field, list(stored))
    if found is None:
        return _absent(field, kind)
    return _value(f"f.{name(found.name)}", found, duck[found.name], field.field_type, kind, field.name)


def _find(field: i.NestedField, among: list[pa.Field]) -> pa.Field | None:
    if any(ID in (each.metadata or {}) for each in among):
        return next((each for each in among if _id(each) == field.field_id), None)
    return next((each for each in among if each.name.lower() == field.name.lower()), None)


def _id(field: pa.Field) -> int | None:
    found = (field.metadata or {}).get(ID)
    return None if found is None else int(found)


def _absent(field: i.NestedField, kind: Type) -> str:
    """A column that came after the file was written: its initial default, else NULL."""
    if field.initial_default is not None:
        return f"CAST({quote(str(field.initial_default))} AS {kind.duck})"
    return f"CAST(NULL AS {kind.duck})"


def _value(sql: str, stored: pa.Field, duck: Any, wanted: i.IcebergType, kind: Type, label: str) -> str:
    """A stored value as the wanted type, fields of structs found by their ids too."""
    match wanted:
        case i.StructType():
            return _struct(sql, stored, duck, wanted, kind, label)
        case i.ListType() if _nested(wanted.element_type):
            inner = _value(
                "e",
                stored.type.value_field,
                dict(duck.children)["child"],
                wanted.element_type,
                kind.parts[0],
                label,
            )
            return f"list_transform({sql}, lambda e: {inner})"
        case i.MapType() if _nested(wanted.value_type):
            parts = dict(duck.children)
            inner = _value(
                "e", stored.type.item_field, parts["value"], wanted.value_type, kind.parts[1], label
            )
            values = f"list_transform(map_values({sql}), lambda e: {inner})"
            return f"CASE WHEN {sql} IS NOT NULL THEN map(map_keys({sql}), {values}) END"
    return converted(sql, duck, kind, label)


def _nested(kind: i.IcebergType) -> bool:
    return isinstance(kind, (i.StructType, i.ListType, i.MapType))


def _struct(sql: str, stored: pa.Field, duck: Any, wanted: i.StructType, kind: Type, label: str) -> str:
    there, children = [stored.type.field(n) for n in range(stored.type.num_fields)], dict(duck.children)
    slots = []
    for slot, field, part in zip(kind.slots, wanted.fields, kind.parts, strict=True):
        found = _find(field, there)
        inner = (
            _absent(field, part)
            if found is None
            else _value(
                f"({sql}).{name(found.name)}", found, children[found.name], field.field_type, part, label
            )
        )
        slots.append(f"{slot} := {inner}")
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
