"""The grammar of json_exists, json_query, json_value, json_object and json_array, whose clauses are words.

https://trino.io/docs/current/functions/json.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]

BEHAVIOURS = ("TRUE", "FALSE", "UNKNOWN", "ERROR", "NULL", "EMPTY ARRAY", "EMPTY OBJECT")
SEPARATORS = (TokenType.R_PAREN, TokenType.COMMA)


class Given(exp.Expression):
    """A value with FORMAT JSON or without; `name` is that of PASSING, `key` that of JSON_OBJECT."""

    arg_types = {"this": True, "format": False, "name": False, "key": False}


class Asked(exp.Expression):
    """json_exists, json_query and json_value: `kind`. Of the clauses only the written ones are there."""

    arg_types = {
        "kind": True, "this": True, "path": True, "passing": False, "returning": False, "wrapper": False,
        "quotes": False, "on_empty": False, "default_empty": False, "on_error": False, "default_error": False,
    }  # fmt: skip


class Made(exp.Expression):
    """json_object and json_array: `kind`."""

    arg_types = {"kind": True, "expressions": True, "nulls": False, "unique": False, "returning": False}


def given(parser: Any, **more: Any) -> Given:
    value = parser._parse_disjunction()
    if value is None:
        parser.raise_error("Expected a value")
    return Given(this=value, format=encoding(parser), **more)


def encoding(parser: Any) -> str:
    """FORMAT JSON [ENCODING ...]: "UTF8" where nothing is said of it, "" without FORMAT."""
    if not parser._match_text_seq("FORMAT", "JSON"):
        return ""
    if not parser._match_text_seq("ENCODING"):
        return "UTF8"
    return next((each for each in ("UTF8", "UTF16", "UTF32") if parser._match_text_seq(each)), "UNKNOWN")


def asked(kind: str) -> Callable[[Any], Asked]:
    def parse(parser: Any) -> Asked:
        made = Asked(kind=kind, this=given(parser))
        parser._match(TokenType.COMMA)
        made.set("path", parser._parse_string() or parser.raise_error("Expected a path in quotes"))
        if parser._match_text_seq("PASSING"):
            made.set("passing", parser._parse_csv(lambda: passed(parser)))
        made.set("returning", returned(parser))
        if kind == "query":
            made.set("wrapper", wrapper(parser))
            made.set("quotes", quotes(parser))
        while (found := behaviour(parser)) is not None:
            when, what, default = found
            made.set(f"on_{when}", what)
            made.set(f"default_{when}", default)
        return made

    return parse


def passed(parser: Any) -> Given:
    made = given(parser)
    if not parser._match(TokenType.ALIAS):
        parser.raise_error("Expected AS")
    name = parser._parse_id_var()
    made.set("name", name.name if name.args.get("quoted") else name.name.upper())
    return made


def returned(parser: Any) -> Any:
    """RETURNING type [FORMAT JSON]."""
    if not parser._match_text_seq("RETURNING"):
        return None
    kind = parser._parse_types()
    return Given(this=kind, format=encoding(parser))


def wrapper(parser: Any) -> str:
    if parser._match_text_seq("WITHOUT"):
        found = "WITHOUT"
    elif parser._match_text_seq("WITH"):
        found = "CONDITIONAL" if parser._match_text_seq("CONDITIONAL") else "UNCONDITIONAL"
        parser._match_text_seq("UNCONDITIONAL")
    else:
        return "WITHOUT"
    parser._match_text_seq("ARRAY")
    if not parser._match_text_seq("WRAPPER"):
        parser.raise_error("Expected WRAPPER")
    return found


def quotes(parser: Any) -> str:
    found = "KEEP" if parser._match_text_seq("KEEP") else "OMIT" if parser._match_text_seq("OMIT") else ""
    if found and not parser._match_text_seq("QUOTES"):
        parser.raise_error("Expected QUOTES")
    if found:
        parser._match_text_seq("ON", "SCALAR", "STRING")
    return found or "KEEP"


def behaviour(parser: Any) -> tuple[str, str, Any] | None:
    """What is done ON EMPTY or ON ERROR; an expression with DEFAULT."""
    default = None
    if parser._match(TokenType.DEFAULT):
        what, default = "DEFAULT", parser._parse_disjunction()
    else:
        what = next((each for each in BEHAVIOURS if parser._match_text_seq(*each.split())), "")
        if what == "" and parser._match_text_seq("EMPTY"):
            what = "EMPTY ARRAY"
    if not what:
        return None
    for when in ("EMPTY", "ERROR"):
        if parser._match_text_seq("ON", when):
            return when.lower(), what, default
    parser.raise_error("Expected ON EMPTY or ON ERROR")
    return None


def made_object(parser: Any) -> Made:
    members = [] if ends(parser) else parser._parse_csv(lambda: member(parser))
    nulls = null_handling(parser)
    unique = parser._match_text_seq("WITH", "UNIQUE")
    if unique or parser._match_text_seq("WITHOUT", "UNIQUE"):
        parser._match_text_seq("KEYS")
    return Made(
        kind="object", expressions=members, nulls=nulls, unique=bool(unique), returning=returned(parser)
    )


def made_array(parser: Any) -> Made:
    elements = [] if ends(parser) else parser._parse_csv(lambda: given(parser))
    return Made(kind="array", expressions=elements, nulls=null_handling(parser), returning=returned(parser))


def ends(parser: Any) -> bool:
    return bool(
        parser._curr is None
        or parser._curr.token_type == TokenType.R_PAREN
        or parser._curr.text.upper() == "RETURNING"
    )


def null_handling(parser: Any) -> str:
    return next((each for each in ("NULL", "ABSENT") if parser._match_text_seq(each, "ON", "NULL")), "")


def member(parser: Any) -> Given:
    """key : value, key VALUE value, KEY key VALUE value."""
    if parser._curr.text.upper() == "KEY" and parser._next.text.upper() not in (":", "VALUE", ".", "||"):
        parser._advance()
    key = parser._parse_disjunction()
    if not parser._match(TokenType.COLON) and not parser._match_text_seq("VALUE"):
        parser.raise_error("Expected VALUE")
    return given(parser, key=key)


PARSERS: dict[str, Callable[[Any], Any]] = {
    **{f"JSON_{kind.upper()}": asked(kind) for kind in ("exists", "query", "value")},
    "JSON_OBJECT": made_object,
    "JSON_ARRAY": made_array,
}
