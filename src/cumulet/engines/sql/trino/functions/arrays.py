"""Arrays, maps, rows and the lambdas over them.

https://trino.io/docs/current/functions/array.html https://trino.io/docs/current/functions/map.html
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting.texts import json_to_varchar
from cumulet.engines.sql.trino.expression import make_row
from cumulet.engines.sql.trino.functions.registry import SIGNATURES, Call, applied, define, function
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, quote
from cumulet.engines.sql.trino.types import Type


def known(value: str) -> str:
    """NULL where one of two arrays is."""
    return f"(CASE WHEN {{0}} IS NOT NULL AND {{1}} IS NOT NULL THEN {value} END)"


def times(condition: str, limit: str) -> str:
    message = quote(f"count argument of repeat function must be {limit}")
    return (
        f"WHEN {condition} THEN CAST({fail('INVALID_FUNCTION_ARGUMENT', message, t.VARCHAR)} AS {{result}})"
    )


OFTEN = " ".join(
    (
        times("{1} < 0", "greater than or equal to 0"),
        times("{1} > 10000", "less than or equal to 10000"),
    )
)
define("cardinality", "array(T) -> bigint", "CAST(len({0}) AS BIGINT)")
define("cardinality", "map(K, V) -> bigint", "CAST(cardinality({0}) AS BIGINT)")
define("cardinality", "hyperloglog -> bigint", "CAST(len({0}) AS BIGINT)")
define("empty_approx_set", "-> hyperloglog", "CAST([] AS UBIGINT[])")
define(
    "contains",
    "array(T), T -> boolean",
    "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL WHEN list_contains({0}, {1}) THEN TRUE "
    "WHEN len({0}) > list_count({0}) THEN NULL ELSE FALSE END)",
)
define("array_distinct", "array(T) -> array(T)", "list_filter({0}, lambda e, i: list_position({0}, e) = i)")
define(
    "array_position",
    "array(T), T -> bigint",
    "(CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE CAST(coalesce(list_position({0}, {1}), 0) AS BIGINT) END)",
)
define(
    "array_remove",
    "array(T), T -> array(T)",
    "(CASE WHEN {1} IS NOT NULL THEN list_filter({0}, lambda e: e IS NULL OR e <> {1}) END)",
)
define("array_min", "array(T) -> T", "(CASE WHEN len({0}) = list_count({0}) THEN list_min({0}) END)")
define("flatten", "array(array(T)) -> array(T)", "flatten({0})")
define(
    "repeat",
    "T, bigint -> array(T)",
    f"(CASE {OFTEN} ELSE list_transform(range({{1}}), lambda i: {{0}}) END)",
)
define("map_keys", "map(K, V) -> array(K)", "map_keys({0})")
define("map_values", "map(K, V) -> array(V)", "map_values({0})")
define("map", "array(K), array(V) -> map(K, V)", "map({0}, {1})")
define("map", "-> map(integer, integer)", "CAST(MAP {} AS MAP(INTEGER, INTEGER))")
define(
    "array_union",
    "array(T), array(T) -> array(T)",
    known("list_filter(list_concat({0}, {1}), lambda e, i: list_position(list_concat({0}, {1}), e) = i)"),
)
define(
    "array_intersect",
    "array(T), array(T) -> array(T)",
    known("list_filter({0}, lambda e, i: list_position({1}, e) IS NOT NULL AND list_position({0}, e) = i)"),
)
define(
    "array_except",
    "array(T), array(T) -> array(T)",
    known("list_filter({0}, lambda e, i: list_position({1}, e) IS NULL AND list_position({0}, e) = i)"),
)
define(
    "arrays_overlap",
    "array(T), array(T) -> boolean",
    known(
        "CASE WHEN list_has_any({0}, {1}) THEN TRUE WHEN len({0}) = 0 OR len({1}) = 0 THEN FALSE "
        "WHEN len({0}) > list_count({0}) OR len({1}) > list_count({1}) THEN NULL ELSE FALSE END"
    ),
)


@function("contains", "array_position", "array_remove")
def sought(call: Call) -> Typed:
    """NaN equals nothing, so that it is never found."""
    values = call.values()
    found = applied(call, values, SIGNATURES[call.name])
    if len(values) != 2 or not values[1].type.floating:
        return found
    within, one = values[0].sql, values[1].sql
    none = {
        "contains": f"CASE WHEN len({within}) = list_count({within}) THEN FALSE END",
        "array_position": f"CASE WHEN {within} IS NOT NULL THEN CAST(0 AS BIGINT) END",
        "array_remove": cast(within, found.type),
    }
    return Typed(f"(CASE WHEN isnan({one}) THEN {none[call.name]} ELSE {found.sql} END)", found.type)


@function("slice")
def slice_(call: Call) -> Typed:
    """From a place on, counted from the end where it is negative; what lies outside is left out."""
    value, start, length = call.values()
    if value.type.base != "array" or not (start.type.integral and length.type.integral):
        raise call.unexpected([value, start, length])
    at, many = coerce(start, t.BIGINT).sql, coerce(length, t.BIGINT).sql
    zero = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", value.type)
    negative = fail("INVALID_FUNCTION_ARGUMENT", "'length must be greater than or equal to 0'", value.type)
    begin = f"(CASE WHEN {at} < 0 THEN len({value.sql}) + {at} + 1 ELSE {at} END)"
    return Typed(
        f"(CASE WHEN {at} = 0 THEN {zero} WHEN {many} < 0 THEN {negative} WHEN {many} = 0 OR {begin} < 1 THEN "
        f"list_filter({value.sql}, lambda e: FALSE) ELSE list_slice({value.sql}, {begin}, {begin} + {many} - 1) END)",
        value.type,
    )


@function("element_at")
def element_at(call: Call) -> Typed:
    """NULL where there is no such element; from the end where the index is negative."""
    value, index = call.values()
    if value.type.base == "map" and t.fits(index.type, value.type.parts[0]):
        key, kind = value.type.parts
        return Typed(f"map_extract_value({value.sql}, {coerce(index, key).sql})", kind)
    if value.type.base != "array" or not index.type.integral:
        raise call.unexpected([value, index])
    at = coerce(index, t.BIGINT).sql
    zero = fail("INVALID_FUNCTION_ARGUMENT", "'SQL array indices start at 1'", value.type.parts[0])
    return Typed(
        f"(CASE WHEN {at} = 0 THEN {zero} ELSE list_extract({value.sql}, {at}) END)", value.type.parts[0]
    )


@function("array_max")
def array_max(call: Call) -> Typed:
    """NULL where an element is; NaN only where there is nothing else."""
    value, kind = collection(call, "array"), call.to(call.arguments[0]).type.parts[0]
    found = f"list_max({value.sql})"
    if kind.floating:
        found = f"coalesce(list_max(list_filter({value.sql}, lambda e: NOT isnan(e))), {found})"
    return Typed(f"(CASE WHEN len({value.sql}) = list_count({value.sql}) THEN {found} END)", kind)


@function("array_sort")
def array_sort(call: Call) -> Typed:
    """NULLs last; or by a lambda, each element behind as many as the lambda puts in front of it."""
    value = collection(call, "array")
    if len(call.arguments) == 1:
        if not value.type.parts[0].orderable:
            raise call.unexpected([value])
        return Typed(f"list_sort({value.sql}, 'ASC', 'NULLS LAST')", value.type)
    kind = value.type.parts[0]
    names, body = lambda_of(call, 1, [kind, kind])
    if not body.type.integral:
        raise call.unexpected([value])
    one, other = names
    i, j = call.to.plan.alias("p"), call.to.plan.alias("p")
    tree: Any = call.arguments[1]
    turned = {
        each.name.lower(): Typed(name, kind)
        for each, name in zip(tree.expressions, (other, one), strict=True)
    }
    back = call.to.inside(turned)(tree.this).sql  # both may call the other one less: then their places decide
    before = f"(CASE WHEN ({body.sql} < 0) = ({back} < 0) THEN {i} < {j} ELSE {body.sql} < 0 END)"
    place = f"len(list_filter({value.sql}, lambda {one}, {i}: {before}))"
    ranked = f"list_transform({value.sql}, lambda {other}, {j}: struct_pack(r := {place}, v := {other}))"
    return Typed(f"list_transform(list_sort({ranked}), lambda e: e.v)", value.type)


@function("row")
def row(call: Call) -> Typed:
    return make_row(call.values())


@function("map_from_entries")
def map_from_entries(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    inner = value.type.parts[0] if value.type.base == "array" else t.UNKNOWN
    if inner.base != "row" or len(inner.parts) != 2:
        raise call.unexpected([value])
    return Typed(f"map_from_entries({value.sql})", t.mapping(*inner.parts))


@function("map_entries")
def map_entries(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    if value.type.base != "map":
        raise call.unexpected([value])
    pairs = f"list_transform(map_entries({value.sql}), lambda e: struct_pack(f0 := e.key, f1 := e.value))"
    return Typed(pairs, t.array(t.row(list(value.type.parts))))


@function("map_concat")
def map_concat(call: Call) -> Typed:
    values = call.to.unified(call.arguments, "map_concat arguments")
    if values[0].type.base != "map":
        raise call.unexpected(values)
    nulls = " OR ".join(f"{v.sql} IS NULL" for v in values)
    return Typed(
        f"(CASE WHEN {nulls} THEN NULL ELSE map_concat({', '.join(v.sql for v in values)}) END)",
        values[0].type,
    )


@function("array_join")
def array_join(call: Call) -> Typed:
    """NULLs are left out, unless there is a word for them."""
    values = call.values()
    if len(values) not in (2, 3) or values[0].type.base != "array" or values[0].type.parts[0].parts:
        raise call.unexpected(values)
    kind = values[0].type.parts[0]
    shown = json_to_varchar("e") if kind.base == "json" else text("e", kind)
    if len(values) == 3:
        shown = f"coalesce({shown}, {values[2].sql})"
    joined = f"array_to_string(list_transform({values[0].sql}, lambda e: {shown}), {values[1].sql})"
    there = " AND ".join(f"{each.sql} IS NOT NULL" for each in values[:2])
    return Typed(f"(CASE WHEN {there} THEN coalesce({joined}, '') END)", t.VARCHAR)


def lambda_of(call: Call, place: int, kinds: list[Type]) -> tuple[list[str], Typed]:
    """A lambda's parameters under names of our own, and its body."""
    tree: Any = call.arguments[place]
    if not isinstance(tree, exp.Lambda) or len(tree.expressions) != len(kinds):
        raise call.to.error(
            "TYPE_MISMATCH",
            call.tree,
            f"Argument {place + 1} of {call.name} must be a lambda of {len(kinds)} parameters",
        )
    names = [call.to.plan.alias("p") for _ in kinds]
    known = {
        each.name.lower(): Typed(name, kind)
        for each, name, kind in zip(tree.expressions, names, kinds, strict=True)
    }
    return names, call.to.inside(known)(tree.this)


def collection(call: Call, base: str) -> Typed:
    value = call.to(call.arguments[0])
    if value.type.base != base:
        raise call.unexpected([value])
    return value


@function("transform")
def transform(call: Call) -> Typed:
    value = collection(call, "array")
    names, body = lambda_of(call, 1, [value.type.parts[0]])
    return Typed(f"list_transform({value.sql}, lambda {names[0]}: {body.sql})", t.array(body.type))


@function("filter")
def filter_(call: Call) -> Typed:
    value = collection(call, "array")
    names, body = lambda_of(call, 1, [value.type.parts[0]])
    return Typed(f"list_filter({value.sql}, lambda {names[0]}: {coerce(body, t.BOOLEAN).sql})", value.type)


@function("any_match", "all_match", "none_match")
def matches(call: Call) -> Typed:
    """TRUE, FALSE, or NULL where that hangs on an element for which the answer is NULL."""
    value = collection(call, "array")
    names, body = lambda_of(call, 1, [value.type.parts[0]])
    answers = f"list_transform({value.sql}, lambda {names[0]}: {body.sql})"
    deciding = "FALSE" if call.name == "all_match" else "TRUE"
    found, rest = ("FALSE", "TRUE") if call.name in ("all_match", "none_match") else ("TRUE", "FALSE")
    return Typed(
        f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN list_contains({answers}, {deciding}) THEN {found} "
        f"WHEN len({answers}) > list_count({answers}) THEN NULL ELSE {rest} END)",
        t.BOOLEAN,
    )


@function("map_filter")
def map_filter(call: Call) -> Typed:
    value = collection(call, "map")
    name = call.to.plan.alias("p")
    body = entry_lambda(call, name, value.type)
    return Typed(
        f"map_from_entries(list_filter(map_entries({value.sql}), lambda {name}: {coerce(body, t.BOOLEAN).sql}))",
        value.type,
    )


@function("transform_values", "transform_keys")
def transform_map(call: Call) -> Typed:
    value = collection(call, "map")
    name = call.to.plan.alias("p")
    body = entry_lambda(call, name, value.type)
    key, item = value.type.parts
    if call.name == "transform_values":
        return Typed(
            f"map(map_keys({value.sql}), list_transform(map_entries({value.sql}), lambda {name}: {body.sql}))",
            t.mapping(key, body.type),
        )
    return Typed(
        f"map(list_transform(map_entries({value.sql}), lambda {name}: {body.sql}), map_values({value.sql}))",
        t.mapping(body.type, item),
    )


def entry_lambda(call: Call, name: str, kind: Type) -> Typed:
    tree: Any = call.arguments[1]
    if not isinstance(tree, exp.Lambda) or len(tree.expressions) != 2:
        raise call.to.error("TYPE_MISMATCH", call.tree, f"{call.name} takes a lambda of a key and a value")
    known = {
        each.name.lower(): Typed(f"{name}.{part}", each_kind)
        for each, part, each_kind in zip(tree.expressions, ("key", "value"), kind.parts, strict=True)
    }
    return call.to.inside(known)(tree.this)


@function("zip")
def zip_(call: Call) -> Typed:
    values = call.values()
    if any(v.type.base != "array" for v in values):
        raise call.unexpected(values)
    kind = t.row([v.type.parts[0] for v in values])
    longest = f"greatest({', '.join(f'len({v.sql})' for v in values)})"
    slots = ", ".join(f"{s} := ({v.sql})[i]" for s, v in zip(kind.slots, values, strict=True))
    return Typed(
        f"list_transform(range(1, CAST({longest} AS BIGINT) + 1), lambda i: struct_pack({slots}))",
        t.array(kind),
    )
