"""Whether two arrays, maps or rows are the same: NULL where that hangs on a NULL inside them.

DuckDB takes one NULL for the same as another there. https://trino.io/docs/current/functions/comparison.html
"""

from __future__ import annotations

from cumulet.engines.sql.trino.types import Type


def of(one: str, other: str, kind: Type) -> str:
    """SQL of type BOOLEAN. Both sides are named first, so that each is reckoned once."""
    return f"(list_transform([struct_pack(a := {one}, b := {other})], lambda p: {inside('p.a', 'p.b', kind)})[1])"


def inside(one: str, other: str, kind: Type, depth: int = 0) -> str:
    if kind.floating:  # NaN equals nothing
        return f"({one} = {other} AND NOT isnan({one}))"
    if not kind.parts:
        return f"({one} = {other})"
    there = f"{one} IS NOT NULL AND {other} IS NOT NULL"
    if kind.base == "row":
        fields = zip(kind.slots, kind.parts, strict=True)
        found = " AND ".join(
            inside(f"({one}).{slot}", f"({other}).{slot}", part, depth) for slot, part in fields
        )
        return f"(CASE WHEN {there} THEN {found} END)"
    answers = entries(one, other, kind, depth) if kind.base == "map" else elements(one, other, kind, depth)
    word = "cardinality" if kind.base == "map" else "len"
    return f"(CASE WHEN {there} THEN {word}({one}) = {word}({other}) AND {together(answers)} END)"


def elements(one: str, other: str, kind: Type, depth: int) -> str:
    at = f"i{depth}"
    same = inside(f"({one})[{at}]", f"({other})[{at}]", kind.parts[0], depth + 1)
    return f"list_transform(range(1, CAST(len({one}) AS BIGINT) + 1), lambda {at}: {same})"


def entries(one: str, other: str, kind: Type, depth: int) -> str:
    """Each key of the one must be in the other, with the same value."""
    key, (a, b) = f"k{depth}", (f"map_extract_value({each}, k{depth})" for each in (one, other))
    same = inside(a, b, kind.parts[1], depth + 1)
    return f"list_transform(map_keys({one}), lambda {key}: map_contains({other}, {key}) AND {same})"


def together(answers: str) -> str:
    """Three-valued AND of a list."""
    return (
        f"CASE WHEN list_contains({answers}, FALSE) THEN FALSE "
        f"WHEN len({answers}) = coalesce(list_count({answers}), 0) THEN TRUE END"
    )
