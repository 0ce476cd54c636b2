"""SQL's own JSON functions: what they ask of a document, and what they make.

https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.jsonpath.parsing import BadPath, UnwrittenPath, parse
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_sql
from cumulet.engines.sql.trino.casts import target
from cumulet.engines.sql.trino.expression import Expressions, node
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.sql_json import Asked, Given, Made
from cumulet.engines.sql.trino.typed import Typed, cast, coerce, fail, guarded, quote
from cumulet.engines.sql.trino.types import Type

TAGS = {"s": t.VARCHAR, "i": t.BIGINT, "d": t.DOUBLE, "b": t.BOOLEAN}
NOTHING = {
    "exists": "",
    "query": "conversion from JSON failed: JSON path found no items",
    "value": "cannot extract SQL scalar from JSON: JSON path found no items",
}


@node(Asked)
def asked(to: Expressions, tree: Asked) -> Typed:
    kind = tree.args["kind"]
    path, passed = path_of(to, tree), passing(to, tree.args.get("passing") or [])
    more = f", {quote(tree.args['wrapper'])}" if kind == "query" else ""
    answer = f"cumulet_json_{kind}({document(to, tree.this)}, {quote(path)}, {passed}{more})"
    return {"exists": existing, "query": queried, "value": valued}[kind](to, tree, answer)


def path_of(to: Expressions, tree: Asked) -> str:
    """The path, read once so that what is wrong with it is told before anything runs."""
    path = str(tree.args["path"].this)
    try:
        found = parse(path)
    except BadPath as error:
        raise to.error("INVALID_PATH", tree, f"{error} in the JSON path '{path}'") from None
    except UnwrittenPath as error:
        raise NotSupported(f"{to.at(tree)}: {error}") from None
    names = {each.args["name"] for each in tree.args.get("passing") or []}
    if missing := sorted(found.variables - names):
        raise to.error("INVALID_PATH", tree, f"no value passed for parameter {missing[0]}")
    return path


def document(to: Expressions, tree: Given) -> str:
    value, form = to(tree.this), tree.args["format"]
    if form not in ("", "UTF8") or value.type.base not in ("varchar", "varbinary", "unknown"):
        what = f"{form} text" if form not in ("", "UTF8") else str(value.type)
        raise NotSupported(f"{to.at(tree)}: {what} as a JSON function's input")
    if value.type.base == "varbinary":
        return f"decode({value.sql})"
    return coerce(value, t.VARCHAR).sql


def passing(to: Expressions, trees: list[Given]) -> str:
    """The passed values as a JSON array of [name, type, text]."""
    parts = []
    for each in trees:
        value = to(each.this)
        kind = "json" if each.args["format"] else passed_kind(to, each, value.type)
        shown = cast(value.sql, t.VARCHAR) if kind != "json" else document(to, each)
        head = f'["{each.args["name"]}","{kind}",'
        parts.append(f"{quote(head)} || coalesce(cumulet_json_text({shown}), 'null') || ']'")
    return "('[' || " + " || ',' || ".join(parts) + " || ']')" if parts else "'[]'"


def passed_kind(to: Expressions, tree: Given, kind: Type) -> str:
    if kind.integral or kind == t.UNKNOWN:
        return "integer"
    if kind.base in ("decimal", "double", "varchar", "boolean"):
        return kind.base
    raise NotSupported(f"{to.at(tree)}: passing {kind} to a JSON path")


def existing(to: Expressions, tree: Asked, answer: str) -> Typed:
    error = tree.args.get("on_error") or "FALSE"
    if error not in ("TRUE", "FALSE", "UNKNOWN", "ERROR"):
        raise to.error("SYNTAX_ERROR", tree, f"mismatched input '{error}'")
    failed = {"ERROR": raised(answer, t.BOOLEAN), "UNKNOWN": "NULL"}.get(error, error)
    return Typed(
        f"(CASE left({answer}, 1) WHEN '!' THEN {failed} WHEN 'b' THEN {answer} = 'btrue' END)", t.BOOLEAN
    )


def raised(answer: str, kind: Type) -> str:
    """The error that an answer tells: its name stands before the first colon."""
    name = f"split_part({answer}, ':', 1)"
    rest = f"substr({answer}, length({name}) + 2)"
    return fail("", "", kind).replace("'trino::' || ()", f"'trino:' || substr({name}, 2) || ':' || {rest}")


CONSTANTS = {"NULL": "NULL", "EMPTY ARRAY": "'[]'", "EMPTY OBJECT": "'{}'"}


def queried(to: Expressions, tree: Asked, answer: str) -> Typed:
    error, empty = (tree.args.get(f"on_{when}") or "NULL" for when in ("error", "empty"))
    for each in (error, empty):
        if each not in (*CONSTANTS, "ERROR"):
            raise to.error("SYNTAX_ERROR", tree, f"mismatched input '{each}'")
    if tree.args["quotes"] == "OMIT" and tree.args["wrapper"] != "WITHOUT":
        raise to.error("INVALID_FUNCTION_ARGUMENT", tree, "OMIT QUOTES behavior specified with WRAPPER")
    failed = CONSTANTS.get(error) or raised(answer, t.VARCHAR)
    nothing = CONSTANTS.get(empty) or fail("JSON_OUTPUT_CONVERSION_ERROR", quote(NOTHING["query"]), t.VARCHAR)
    plain = f"substr({answer}, 2)"
    shown = plain if tree.args["quotes"] == "OMIT" else f"cumulet_json_text({plain})"
    found = (
        f"(CASE left({answer}, 1) WHEN '!' THEN {failed} WHEN 'e' THEN {nothing} WHEN 's' THEN {shown} "
        f"WHEN '=' THEN {plain} END)"
    )
    return outgoing(to, tree, found)


def outgoing(to: Expressions, tree: Asked | Made, found: str) -> Typed:
    """RETURNING: another text, or its bytes."""
    returning = tree.args.get("returning")
    if returning is None:
        return Typed(found, t.VARCHAR)
    kind, form = target(to, returning.this), returning.args["format"]
    if form not in ("", "UTF8") or kind.base not in ("varchar", "varbinary"):
        raise NotSupported(f"{to.at(tree)}: RETURNING {kind} {form}".rstrip())
    if kind.base == "varbinary":
        return Typed(f"encode({found})", kind)
    if not kind.numbers:
        return Typed(found, kind)
    long = f"length({found}) > {kind.numbers[0]}"
    return Typed(guarded(long, "NOT_SUPPORTED", quote(f"JSON longer than {kind}"), found, kind), kind)


def valued(to: Expressions, tree: Asked, answer: str) -> Typed:
    """A scalar in the type that is asked for; what cannot be cast to it is an error like any other."""
    returning = tree.args.get("returning")
    kind = target(to, returning.this) if returning is not None else t.VARCHAR
    if kind.parts or kind.base in ("char", "json", "varbinary", "time", "timestamp with time zone"):
        raise NotSupported(f"{to.at(tree)}: json_value RETURNING {kind}")
    failed = fallback(to, tree, "error", raised(answer, kind), kind)
    missing = fail("JSON_VALUE_RESULT_ERROR", quote(NOTHING["value"]), kind)
    nothing = fallback(to, tree, "empty", missing, kind)
    misfit = fallback(to, tree, "error", unfit(kind), kind)
    whens = " ".join(
        f"WHEN '{tag}' THEN {fitted(answer, tag, each, kind, misfit)}" for tag, each in TAGS.items()
    )
    decimal = fail("NOT_SUPPORTED", "'A decimal out of json_value'", kind)
    return Typed(
        f"(CASE left({answer}, 1) WHEN '!' THEN {failed} WHEN 'e' THEN {nothing} {whens} WHEN 'n' THEN {decimal} END)",
        kind,
    )


def unfit(kind: Type) -> str:
    message = f"cannot extract SQL scalar from JSON: Cannot cast value to declared return type: {kind}"
    return fail("JSON_VALUE_RESULT_ERROR", quote(message), kind)


def fallback(to: Expressions, tree: Asked, when: str, error: str, kind: Type) -> str:
    """What ON EMPTY and ON ERROR give: NULL unless something is said."""
    what = tree.args.get(f"on_{when}") or "NULL"
    if what == "DEFAULT":
        value = to(tree.args[f"default_{when}"])
        if not t.fits(value.type, kind) and value.type.base != kind.base:
            raise to.mismatch(tree, f"Function JSON_VALUE default ON {when.upper()} result must be {kind}")
        return cast_sql(value.sql, value.type, kind)
    if what not in ("NULL", "ERROR"):
        raise to.error("SYNTAX_ERROR", tree, f"mismatched input '{what}'")
    return error if what == "ERROR" else "NULL"


def fitted(answer: str, tag: str, given: Type, kind: Type, misfit: str) -> str:
    from cumulet.engines.sql.base import SqlError

    plain = f"substr({answer}, 2)"
    try:
        value = cast_sql(cast(plain, given) if given != t.VARCHAR else plain, given, kind)
    except SqlError:
        return misfit
    return f"coalesce(TRY({value}), {misfit})"


@node(Made)
def made(to: Expressions, tree: Made) -> Typed:
    if tree.args["kind"] == "array":
        return outgoing(to, tree, array(to, tree))
    members = tree.expressions
    if any(each.args["format"] for each in members) and tree.args["unique"]:
        raise to.error(
            "NOT_SUPPORTED", tree, "WITH UNIQUE KEYS behavior is not supported for JSON_OBJECT with FORMAT"
        )
    keys = [to(each.args["key"]) for each in members]
    for key in keys:
        if key.type.base != "varchar":
            raise to.mismatch(tree, f"Invalid type of JSON object key: {key.type}")
    absent = "NULL" if tree.args["nulls"] == "ABSENT" else "'null'"
    values = ", ".join(f"coalesce({element(to, each)}, {absent})" for each in members)
    names = ", ".join(key.sql for key in keys)
    unique = "TRUE" if tree.args["unique"] else "FALSE"
    return outgoing(
        to,
        tree,
        f"cumulet_json_members(CAST([{names}] AS VARCHAR[]), CAST([{values}] AS VARCHAR[]), {unique})",
    )


def array(to: Expressions, tree: Made) -> str:
    kept = "'null'" if tree.args["nulls"] == "NULL" else "NULL"
    elements = ", ".join(f"coalesce({element(to, each)}, {kept})" for each in tree.expressions)
    return f"('[' || array_to_string(CAST([{elements}] AS VARCHAR[]), ',') || ']')"


def element(to: Expressions, tree: Given) -> str:
    """One value as JSON; NULL stays NULL."""
    value = to(tree.this)
    inner: Any = tree.this.this if isinstance(tree.this, exp.Paren) else tree.this
    if tree.args["format"]:
        return f"cumulet_json_formatted({document(to, tree)})"
    if isinstance(inner, Made) or (isinstance(inner, Asked) and inner.args["kind"] == "query"):
        return f"cumulet_json_formatted({value.sql})"
    kind = value.type
    if kind.integral or kind.base == "boolean" or kind == t.UNKNOWN:
        return cast(value.sql, t.VARCHAR)
    if kind.floating:
        return text(value.sql, kind)
    if kind.base == "decimal" and kind.numbers[1] <= 6:
        return text(value.sql, kind)
    if kind.base in ("varchar", "date", "timestamp"):
        return f"cumulet_json_text({text(value.sql, kind)})"
    raise NotSupported(f"{to.at(tree)}: {kind} in JSON_OBJECT and JSON_ARRAY")
