"""Casts from JSON: its null is NULL; a scalar of another kind is cast as its text would be."""

from __future__ import annotations

import re

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting.base import cast_sql, leads_to
from cumulet.engines.sql.trino.casting.numbers import to_integer
from cumulet.engines.sql.trino.casting.texts import json_to_varchar
from cumulet.engines.sql.trino.typed import fail, quote
from cumulet.engines.sql.trino.types import Type

KEYS = ("varchar", "boolean", "decimal", "real", "double", *t.INTEGERS)


@leads_to("from json")
def cast_json(sql: str, source: Type, kind: Type) -> str:
    return from_json(sql, kind)


def from_json(sql: str, kind: Type) -> str:
    """JSON null is NULL; a scalar of another kind is cast as its text would be."""
    if kind.base == "json":
        return f"CAST({sql} AS VARCHAR)"
    if kind.base == "array":
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'ARRAY' THEN "
            f"list_transform(json_extract({sql}, '$[*]'), lambda e: {from_json('e', kind.parts[0])}) "
            f"ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "map" and kind.parts[0].base in KEYS:
        label = unused(sql)
        pick = f"json_extract({sql}, '$.\"' || {label} || '\"')"
        key = cast_sql(label, t.VARCHAR, kind.parts[0])
        entry = f"struct_pack(k := {key}, v := {from_json(pick, kind.parts[1])})"
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'OBJECT' THEN "
            f"map_from_entries(list_transform(json_keys({sql}), lambda {label}: {entry})) "
            f"ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "row":
        return row_from_json(sql, kind)
    if kind.base == "varchar":
        return f"CAST({json_to_varchar(sql)} AS VARCHAR)"
    if kind.integral or kind.floating or kind.base in ("boolean", "decimal"):
        return scalar_json(sql, kind)
    raise NotSupported(f"A cast from json to {kind}")


def unused(sql: str) -> str:
    """A lambda's parameter that is no name in an expression."""
    label = "k"
    while re.search(rf"\b{label}\b", sql):
        label += "k"
    return label


def row_from_json(sql: str, kind: Type) -> str:
    """An array by the fields' places; an object by their names, where all have one."""
    by_place = packed(sql, kind, [f"$[{place}]" for place in range(len(kind.parts))])
    whens = (
        f"WHEN json_type({sql}) = 'ARRAY' AND json_array_length({sql}) = {len(kind.parts)} THEN {by_place} "
    )
    if all(kind.names):
        by_name = packed(sql, kind, [f'$."{label}"' for label in kind.names])
        whens += f"WHEN json_type({sql}) = 'OBJECT' THEN {by_name} "
    return f"CASE {whens}WHEN json_type({sql}) = 'NULL' THEN NULL ELSE {bad_json(sql, kind)} END"


def packed(sql: str, kind: Type, paths: list[str]) -> str:
    found = (
        f"{slot} := {from_json(f'json_extract({sql}, {quote(path)})', part)}"
        for slot, path, part in zip(kind.slots, paths, kind.parts, strict=True)
    )
    return f"struct_pack({', '.join(found)})"


def scalar_json(sql: str, kind: Type) -> str:
    """true is 1 to a number, and every number but 0 is true."""
    plain = f"json_extract_string({sql}, '$')"
    if kind.integral:
        number = f"CAST({plain} AS DOUBLE)"
        value = (
            f"(CASE WHEN json_type({sql}) = 'DOUBLE' THEN "
            f"{to_integer(number, t.DOUBLE, kind)} ELSE {cast_sql(plain, t.VARCHAR, kind)} "
            f"END)"
        )
    else:
        value = cast_sql(plain, t.VARCHAR, kind)
    other = f"json_type({sql}) = 'BOOLEAN' THEN CAST(CAST({plain} AS BOOLEAN) AS {kind.duck})"
    if kind.base == "boolean":
        other = f"json_type({sql}) IN ('BIGINT', 'UBIGINT', 'DOUBLE') THEN CAST({plain} AS DOUBLE) <> 0"
    return (
        f"(CASE WHEN json_type({sql}) IN ('ARRAY', 'OBJECT') THEN {bad_json(sql, kind)} "
        f"WHEN {other} ELSE {value} END)"
    )


def bad_json(sql: str, kind: Type) -> str:
    return fail("INVALID_CAST_ARGUMENT", f"'Cannot cast to {kind}. ' || CAST({sql} AS VARCHAR)", kind)
