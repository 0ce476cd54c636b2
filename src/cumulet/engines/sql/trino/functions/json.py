"""JSON functions. https://trino.io/docs/current/functions/json.html"""

from __future__ import annotations

import re

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.typed import Typed, fail, quote

STEP = re.compile(r"""\.([A-Za-z_][\w\-:]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['((?:[^'\\]|\\.)*)'\]""")

define(
    "json_array_length",
    "json -> bigint",
    "CASE WHEN json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END",
)
define(
    "json_array_length",
    "varchar -> bigint",
    "CASE WHEN json_valid({0}) AND json_type({0}) = 'ARRAY' THEN CAST(json_array_length({0}) AS BIGINT) END",
)
define("is_json_scalar", "json -> boolean", "(json_type({0}) NOT IN ('ARRAY', 'OBJECT'))")
define("json_format", "json -> varchar", "{0}")


def document(call: Call) -> str:
    """The first argument: json, or a text that is NULL where it is not JSON."""
    value = call.to(call.arguments[0])
    if value.type.base == "json":
        return value.sql
    if value.type.base not in ("varchar", "unknown"):
        raise call.unexpected(call.values())
    return f"(CASE WHEN json_valid({value.sql}) THEN {value.sql} END)"


def path(call: Call) -> str:
    """A JSONPath of plain steps in DuckDB's spelling."""
    given = call.to(call.arguments[1]).text
    if given is None:
        raise NotSupported(f"{call.to.at(call.tree)}: {call.name} with a path that is not a literal")
    at, out = 1, "$"
    if not given.startswith("$"):
        raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, f"Invalid JSON path: '{given}'")
    while at < len(given):
        if (found := STEP.match(given, at)) is None:
            raise NotSupported(f"{call.to.at(call.tree)}: the JSON path '{given}'")
        name = found[1] or found[3] or found[4]
        if name is not None and ('"' in name or "\\" in name or "*" in name):
            raise NotSupported(f"{call.to.at(call.tree)}: the JSON path '{given}'")
        out += f"[{found[2]}]" if name is None else f'."{name}"'
        at = found.end()
    return quote(out)


@function("json_extract")
def extract(call: Call) -> Typed:
    return Typed(f"CAST(json_extract({document(call)}, {path(call)}) AS VARCHAR)", t.JSON)


@function("json_extract_scalar")
def scalar(call: Call) -> Typed:
    found = f"json_extract({document(call)}, {path(call)})"
    value = (
        f"CASE json_type({found}) WHEN 'DOUBLE' THEN "
        f"cumulet_json_number({document(call)}, {path(call)}) ELSE "
        f"json_extract_string({found}, '$') END"
    )
    return Typed(f"(CASE WHEN json_type({found}) NOT IN ('ARRAY', 'OBJECT') THEN {value} END)", t.VARCHAR)


@function("json_size")
def size(call: Call) -> Typed:
    found = f"json_extract({document(call)}, {path(call)})"
    return Typed(
        f"(CASE json_type({found}) WHEN 'ARRAY' THEN CAST(json_array_length({found}) AS BIGINT) WHEN 'OBJECT' THEN "
        f"CAST(len(json_keys({found})) AS BIGINT) ELSE CASE WHEN {found} IS NOT NULL THEN CAST(0 AS BIGINT) END END)",
        t.BIGINT,
    )


@function("json_parse")
def parse(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    if value.type.base != "varchar":
        raise call.unexpected([value])
    return parsed(value)


@node(exp.ParseJSON)
def json_literal(to: Expressions, tree: exp.ParseJSON) -> Typed:
    """JSON '...'."""
    return parsed(to(tree.this))


def parsed(value: Typed) -> Typed:
    bad = fail(
        "INVALID_FUNCTION_ARGUMENT", f"'Cannot convert value to JSON: ''' || {value.sql} || ''''", t.JSON
    )
    return Typed(
        (
            f"(CASE WHEN {value.sql} IS NULL THEN NULL WHEN json_valid({value.sql}) THEN "
            f"cumulet_json({value.sql}) ELSE {bad} END)"
        ),
        t.JSON,
    )


@function("json_array_contains")
def array_contains(call: Call) -> Typed:
    wanted = call.to(call.arguments[1])
    found = document(call)
    kind = {"varchar": "VARCHAR", "boolean": "BOOLEAN"}.get(wanted.type.base)
    if kind is None:
        raise NotSupported(f"{call.to.at(call.tree)}: json_array_contains of {wanted.type}")
    same = f"json_type(e) = '{kind}' AND json_extract_string(e, '$') = CAST({wanted.sql} AS VARCHAR)"
    return Typed(f"(len(list_filter(json_extract({found}, '$[*]'), lambda e: {same})) > 0)", t.BOOLEAN)
