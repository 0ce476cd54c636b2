"""Casts from JSON: its null is NULL; a scalar of another kind is cast as its text would be."""

from __future__ import annotations

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
        return sql
    if kind.base == "array":
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'ARRAY' THEN "
            f"list_transform(json_extract({sql}, '$[*]'), lambda e: {from_json('e', kind.parts[0])}) "
            f"ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "map" and kind.parts[0].base in KEYS:
        pick = f"json_extract({sql}, '$.\"' || e || '\"')"
        key = cast_sql("e", t.VARCHAR, kind.parts[0])
        entry = f"struct_pack(k := {key}, v := {from_json(pick, kind.parts[1])})"
        return (
            f"CASE WHEN json_type({sql}) = 'NULL' THEN NULL WHEN json_type({sql}) = 'OBJECT' THEN "
            f"map_from_entries(list_transform(json_keys({sql}), lambda e: {entry})) ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "row" and all(kind.names):
        slots = (
            (
                f"{slot} := "
                f"{from_json(f'json_extract({sql}, {quote(chr(36) + chr(46) + chr(34) + label + chr(34))})', part)}"
            )
            for slot, label, part in zip(kind.slots, kind.names, kind.parts, strict=True)
        )
        return (
            f"CASE WHEN json_type({sql}) = 'OBJECT' THEN struct_pack({', '.join(slots)}) "
            f"WHEN json_type({sql}) = 'NULL' THEN NULL ELSE {bad_json(sql, kind)} END"
        )
    if kind.base == "varchar":
        return f"CAST({json_to_varchar(sql)} AS VARCHAR)"
    if kind.integral or kind.floating or kind.base in ("boolean", "decimal"):
        return scalar_json(sql, kind)
    raise NotSupported(f"A cast from json to {kind}")


def scalar_json(sql: str, kind: Type) -> str:
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
    return f"(CASE WHEN json_type({sql}) IN ('ARRAY', 'OBJECT') THEN {bad_json(sql, kind)} ELSE {value} END)"


def bad_json(sql: str, kind: Type) -> str:
    return fail("INVALID_CAST_ARGUMENT", f"'Cannot cast to {kind}. ' || CAST({sql} AS VARCHAR)", kind)
