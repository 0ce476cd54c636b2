"""Arrays and maps put together: element by element, key by key.

https://trino.io/docs/current/functions/array.html https://trino.io/docs/current/functions/map.html
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail

ARRAY = t.array(t.INTEGER)
MANY = fail("INVALID_FUNCTION_ARGUMENT", "'size must not exceed array cardinality: ' || {1}", ARRAY)
LITTLE = fail("INVALID_FUNCTION_ARGUMENT", "'size must not be negative: ' || {1}", ARRAY)
NONE = fail("INVALID_FUNCTION_ARGUMENT", "'N must be positive'", ARRAY)


def of_result(error: str) -> str:
    return error.replace(f"AS {ARRAY.duck})", "AS {result})")


define(
    "trim_array",
    "array(T), bigint -> array(T)",
    f"(CASE WHEN {{1}} < 0 THEN {of_result(LITTLE)} WHEN {{1}} > len({{0}}) THEN {of_result(MANY)} "
    "WHEN {1} = len({0}) THEN list_filter({0}, lambda e: FALSE) ELSE list_slice({0}, 1, len({0}) - {1}) END)",
)
define(
    "ngrams",
    "array(T), bigint -> array(array(T))",
    f"(CASE WHEN {{1}} <= 0 THEN {of_result(NONE)} ELSE list_transform(range(1, greatest(CAST(len({{0}}) AS BIGINT) - "
    "{1} + 1, 1) + 1), lambda n: list_slice({0}, n, n + {1} - 1)) END)",
)


define(
    "combinations",
    "array(T), bigint -> array(array(T))",
    "list_transform(cumulet_choices(CAST(len({0}) AS BIGINT), {1}), lambda c: list_transform(c, lambda i: ({0})[i]))",
)
define(
    "contains_sequence",
    "array(T), array(T) -> boolean",
    "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN len({1}) = 0 THEN TRUE ELSE list_contains(list_transform("
    "range(1, greatest(CAST(len({0}) AS BIGINT) - len({1}) + 2, 1)), "
    "lambda n: list_slice({0}, n, n + len({1}) - 1) IS NOT DISTINCT FROM {1}), TRUE) END)",
)
define(
    "shuffle",
    "array(T) -> array(T)",
    "list_transform(list_sort(list_transform({0}, lambda e: struct_pack(r := random(), v := e))), lambda e: e.v)",
)


def given(call: Call, place: int, names: list[Typed]) -> Typed:
    """A lambda's body, its parameters being these values."""
    tree: Any = call.arguments[place] if place < len(call.arguments) else None
    if not isinstance(tree, exp.Lambda) or len(tree.expressions) != len(names):
        raise call.to.error(
            "TYPE_MISMATCH", call.tree, f"{call.name} takes a lambda of {len(names)} parameters"
        )
    known = {each.name.lower(): value for each, value in zip(tree.expressions, names, strict=True)}
    return call.to.inside(known)(tree.this)


def two(call: Call, base: str) -> tuple[Typed, Typed]:
    one, other = (call.to(each) for each in call.arguments[:2])
    if one.type.base != base or other.type.base != base:
        raise call.unexpected([one, other])
    return one, other


def folded(call: Call, value: Typed, start: Typed) -> Typed:
    """The state after all elements, by the lambda in the third place. State and element travel in one struct,
    for DuckDB's list_reduce knows one type only."""
    element, kind = value.type.parts[0], start.type
    one, other, item = (call.to.plan.alias("p") for _ in range(3))
    body = given(call, 2, [Typed(f"({one}).s", kind), Typed(f"({other}).e", element)])
    wider = t.common(kind, body.type)
    if wider is None:
        raise call.unexpected([value, start])
    if wider != kind:
        return folded(call, value, coerce(start, wider))
    nothing = cast("NULL", element)
    items = f"list_transform({value.sql}, lambda {item}: struct_pack(s := {cast('NULL', kind)}, e := {item}))"
    step = f"lambda {one}, {other}: struct_pack(s := {coerce(body, kind).sql}, e := {nothing})"
    return Typed(
        f"(list_reduce({items}, {step}, struct_pack(s := {cast(start.sql, kind)}, e := {nothing}))).s", kind
    )


@function("reduce")
def reduce(call: Call) -> Typed:
    """The state keeps one type: the common one of the start and of what the input function gives."""
    value, start = call.to(call.arguments[0]), call.to(call.arguments[1])
    if value.type.base != "array":
        raise call.unexpected([value, start])
    state = folded(call, value, start)
    name = call.to.plan.alias("p")
    out = given(call, 3, [Typed(name, state.type)])
    shown = f"list_transform([{state.sql}], lambda {name}: {out.sql})[1]"
    return Typed(f"(CASE WHEN {value.sql} IS NOT NULL THEN {shown} END)", out.type)


@function("zip_with")
def zip_with(call: Call) -> Typed:
    """The shorter array counts as filled up with NULLs."""
    one, other = two(call, "array")
    at = call.to.plan.alias("p")
    body = given(call, 2, [Typed(f"({each.sql})[{at}]", each.type.parts[0]) for each in (one, other)])
    longest = f"CAST(greatest(len({one.sql}), len({other.sql})) AS BIGINT)"
    merged = f"list_transform(range(1, {longest} + 1), lambda {at}: {body.sql})"
    nulls = f"{one.sql} IS NULL OR {other.sql} IS NULL"
    return Typed(f"(CASE WHEN {nulls} THEN NULL ELSE {merged} END)", t.array(body.type))


@function("map_zip_with")
def map_zip_with(call: Call) -> Typed:
    """A key that one map has not got has the value NULL there."""
    one, other = two(call, "map")
    if one.type.parts[0] != other.type.parts[0]:
        raise call.unexpected([one, other])
    key, kind = call.to.plan.alias("p"), one.type.parts[0]
    values = [Typed(f"map_extract_value({each.sql}, {key})", each.type.parts[1]) for each in (one, other)]
    body = given(call, 2, [Typed(key, kind), *values])
    keys = distinct(f"list_concat(map_keys({one.sql}), map_keys({other.sql}))")
    merged = f"map({keys}, list_transform({keys}, lambda {key}: {body.sql}))"
    nulls = f"{one.sql} IS NULL OR {other.sql} IS NULL"
    return Typed(f"(CASE WHEN {nulls} THEN NULL ELSE {merged} END)", t.mapping(kind, body.type))


def distinct(keys: str) -> str:
    """The elements in the order of their first coming."""
    return f"list_filter({keys}, lambda e, i: list_position({keys}, e) = i)"


def grouped(entries: str, key: str, value: str) -> str:
    """A list of structs as a map of each key's values."""
    keys = distinct(f"list_transform({entries}, lambda e: e.{key})")
    held = f"list_transform(list_filter({entries}, lambda e: e.{key} = k), lambda e: e.{value})"
    return f"map({keys}, list_transform({keys}, lambda k: {held}))"


@function("multimap_from_entries")
def multimap_from_entries(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    inner = value.type.parts[0] if value.type.base == "array" else t.UNKNOWN
    if inner.base != "row" or len(inner.parts) != 2:
        raise call.unexpected([value])
    key, item = inner.parts
    return Typed(grouped(value.sql, "f0", "f1"), t.mapping(key, t.array(item)))
