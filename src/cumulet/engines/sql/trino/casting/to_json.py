"""Casts to JSON."""

from __future__ import annotations

import json

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino.casting.base import leads_to
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import quote
from cumulet.engines.sql.trino.types import Type


@leads_to("json")
def to_json(sql: str, source: Type, kind: Type) -> str:
    if source.base == "varchar":
        return f"CAST(to_json({sql}) AS VARCHAR)"
    if source.integral or source.base == "boolean":
        return f"CAST({sql} AS VARCHAR)"
    if source.floating:  # JSON has no numbers that are none
        return f"(CASE WHEN isfinite({sql}) THEN {text(sql, source)} ELSE '\"' || {text(sql, source)} || '\"' END)"
    if source.base == "decimal":
        return text(sql, source)
    if source.base in ("date", "timestamp"):
        return f"CAST(to_json({text(sql, source)}) AS VARCHAR)"
    if source.base == "array":
        inner = f"coalesce({to_json('e', source.parts[0], kind)}, 'null')"
        return (
            f"CAST('[' || array_to_string(list_transform({sql}, lambda e: {inner}), ',') || ']' AS VARCHAR)"
        )
    if source.base == "map" and key_is_plain(source.parts[0]):
        return map_to_json(sql, source, kind)
    if source.base == "row":
        return row_to_json(sql, source, kind)
    if source.base in ("json", "unknown"):
        return sql
    raise NotSupported(f"A cast from {source} to json")


def key_is_plain(kind: Type) -> bool:
    """Whether a map's key can be a name in JSON: as a cast to text prints it."""
    return kind.numeric or kind.base in ("varchar", "boolean")


def map_to_json(sql: str, source: Type, kind: Type) -> str:
    """An object whose keys are texts, in the texts' order."""
    key, value = source.parts
    named = text("e.key", key)
    pair = f"struct_pack(k := {named}, v := coalesce({to_json('e.value', value, kind)}, 'null'))"
    pairs = f"list_sort(list_transform(map_entries({sql}), lambda e: {pair}))"
    inner = "CAST(to_json(e.k) AS VARCHAR) || ':' || e.v"
    return (
        f"CAST('{{' || array_to_string(list_transform({pairs}, lambda e: {inner}), ',') || '}}' AS VARCHAR)"
    )


def row_to_json(sql: str, source: Type, kind: Type) -> str:
    """An object of the fields; those without a name have the empty one, as often as there are."""
    fields = [
        f"{quote(json.dumps(label or '', ensure_ascii=False) + ':')} || "
        f"coalesce({to_json(f'struct_extract({sql}, {quote(slot)})', part, kind)}, 'null')"
        for label, slot, part in zip(source.names, source.slots, source.parts, strict=True)
    ]
    joined = " || ',' || ".join(fields)
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE '{{' || {joined} || '}}' END"
