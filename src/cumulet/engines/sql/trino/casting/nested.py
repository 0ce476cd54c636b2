"""Casts of arrays, maps and rows, part by part."""

from __future__ import annotations

from cumulet.engines.sql.trino.casting.base import cast_sql, leads_to, refused
from cumulet.engines.sql.trino.types import Type


@leads_to("array", "map", "row")
def nested(sql: str, source: Type, kind: Type) -> str:
    """Arrays, maps and rows, part by part."""
    if source.base != kind.base or len(source.parts) != len(kind.parts):
        raise refused(source, kind)
    if source.duck == kind.duck and all(
        a.base == b.base for a, b in zip(source.parts, kind.parts, strict=True)
    ):
        return sql
    if kind.base == "array":
        return f"list_transform({sql}, lambda e: {cast_sql('e', source.parts[0], kind.parts[0])})"
    if kind.base == "map":
        parts = (
            f"list_transform(map_{word}({sql}), lambda e: {cast_sql('e', a, b)})"
            for word, a, b in zip(("keys", "values"), source.parts, kind.parts, strict=True)
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN map({', '.join(parts)}) END"
    slots = (
        f"{slot} := {cast_sql(f'({sql}).{slot}', a, b)}"
        for slot, a, b in zip(kind.slots, source.parts, kind.parts, strict=True)
    )
    return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
