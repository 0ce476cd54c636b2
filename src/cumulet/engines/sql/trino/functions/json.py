"""JSON functions. https://trino.io/docs/current/functions/json.html"""

from __future__ import annotations

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.json_text import pointer
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.functions.registry import Call, define, function
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded, quote

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
define(
    "is_json_scalar",
    "varchar -> boolean",
    guarded(
        "NOT json_valid({0})",
        "INVALID_FUNCTION_ARGUMENT",
        "'Invalid JSON value: ' || {0}",
        "json_type({0}) NOT IN ('ARRAY', 'OBJECT')",
        t.BOOLEAN,
    ),
)
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
    """`$.a["b c"][0]` as a JSON pointer, which like Trino takes a number for an array's place or a key."""
    given = call.to(call.arguments[1])
    if given.text is None:
        return f"cumulet_json_pointer({coerce(given, t.VARCHAR).sql})"
    try:
        return quote(pointer(given.text))
    except ValueError as error:
        _, name, rest = str(error).split(":", 2)
        message = rest.removesuffix(":trino")
        if name == "NOT_SUPPORTED":
            raise NotSupported(f"{call.to.at(call.tree)}: {message}") from None
        raise call.to.error(name, call.tree, message) from None


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
    found, kind = document(call), wanted.type
    if kind.base not in ("varchar", "boolean", "double") and not kind.integral:
        raise call.unexpected(call.values())
    tag = {"varchar": "s", "boolean": "b", "double": "d"}.get(kind.base, "i")
    return Typed(f"cumulet_json_contains({found}, '{tag}' || {cast(wanted.sql, t.VARCHAR)})", t.BOOLEAN)


@function("json_array_get")
def array_get(call: Call) -> Typed:
    """A text comes without its quotes, which is no JSON: so it is in Trino."""
    index = coerce(call.to(call.arguments[1]), t.BIGINT)
    return Typed(f"cumulet_json_element({document(call)}, {index.sql})", t.JSON)
