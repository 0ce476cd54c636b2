"""Expressions of DuckDB's SQL that stand for this SQL's, and what both agree on.

Wherever a value might come to something else there, the expression fails by `DOUBT`, and its portion of the records
is answered record by record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

DOUBT = "error('doubt')"
RISKY = re.compile(r"error\(|[-+*/%] ")  # what may fail: numbers can overflow
SURE = 15  # digits that a double holds without loss

# What certainly is a number, and what certainly is none.
# (Patterns that count how often, as in {1,15}, are ten times as slow.)
NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9][0-9]?)?"
NO_NUMBER = r"[!-*,/:-DF-^`a-df-z{-~]|[0-9]-[0-9]"


class Untold(Exception):
    """There is nothing in DuckDB's SQL that is certainly the same."""


@dataclass(frozen=True, slots=True)
class Term:
    """`kind`: "field" (text of CSV), "text", "integer", "float", "decimal" (a literal only), "boolean", "null",
    "json". `value` is a literal's."""

    sql: str
    kind: str
    value: Any = None
    bare: bool = False  # a column as it is, which always has a value

    @property
    def is_text(self) -> bool:
        return self.kind in ("field", "text")

    @property
    def is_number(self) -> bool:
        return self.kind in ("integer", "float", "decimal")


NULL = Term("NULL", "null")


def quoted(text: str) -> str:
    if "\0" in text:
        raise Untold
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> Term:
    """A value that is known."""
    if value is None:
        return NULL
    if isinstance(value, bool):
        return Term(str(value).upper(), "boolean", value)
    if isinstance(value, int) and abs(value) < 1 << 63:
        return Term(f"({value})::BIGINT", "integer", value)
    if isinstance(value, float) and abs(value) < 1e300:
        return Term(f"({value!r})::DOUBLE", "float", value)
    if isinstance(value, Decimal) and len(value.as_tuple().digits) <= SURE and abs(exponent(value)) <= SURE:
        return Term(f"({value:f})::DECIMAL(38, {max(0, -exponent(value))})", "decimal", value)
    if type(value) is str:
        return Term(quoted(value), "text", value)
    raise Untold


def exponent(value: Decimal) -> int:
    return int(value.as_tuple().exponent)


# --- comparing


def compare(symbol: str, left: Term, right: Term) -> Term:
    if "null" in (left.kind, right.kind):
        return unknown(left, right)
    if left.is_text and right.is_text:
        return Term(f"({left.sql} {symbol} {right.sql})", "boolean")
    if right.kind == "field" and left.kind != "field":
        left, right, symbol = right, left, MIRRORED[symbol]
    if left.kind == "field":
        return _field(symbol, left, right)
    if left.is_number and right.is_number:
        return _numbers(symbol, left, right)
    if left.kind == right.kind == "boolean":
        return Term(f"({left.sql} {symbol} {right.sql})", "boolean")
    return different(symbol, left, right)


MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def unknown(*dropped: Term) -> Term:
    """NULL, whatever the values are, unless one of them would be refused."""
    if any(RISKY.search(each.sql) for each in dropped):
        raise Untold
    return Term("NULL::BOOLEAN", "boolean")


def different(symbol: str, left: Term, right: Term) -> Term:
    """Of types that do not compare."""
    if symbol not in ("=", "<>"):
        return unknown(left, right)
    found = "FALSE" if symbol == "=" else "TRUE"
    return Term(f"(CASE WHEN {left.sql} IS NOT NULL AND {right.sql} IS NOT NULL THEN {found} END)", "boolean")


def _field(symbol: str, field: Term, other: Term) -> Term:
    if not other.is_number or other.value is None:
        raise Untold
    if other.kind == "integer" and abs(other.value) >= 10**SURE:
        raise Untold
    text, known = field.sql, f"({other.value!s})::DOUBLE"
    held = f"({text}::DOUBLE {symbol} {known})"
    if other.kind != "float":
        # As doubles they are in the same order as they are, unless only rounding makes them equal.
        rounded = f"length({text}) > {SURE + 1} AND {text}::DOUBLE = {known}"
        held = f"CASE WHEN {rounded} THEN {DOUBT} ELSE {held} END"
    unlike = {"=": "FALSE", "<>": "TRUE"}.get(symbol, "NULL")
    sql = (
        f"(CASE WHEN regexp_full_match({text}, '{NUMBER}') THEN {held}"
        f" WHEN {text} = '' OR regexp_matches({text}, '{NO_NUMBER}') THEN {unlike}"
        f" WHEN {text} IS NOT NULL THEN {DOUBT} END)"
    )
    return Term(sql, "boolean")


def _numbers(symbol: str, left: Term, right: Term) -> Term:
    kinds = {left.kind, right.kind}
    if "float" in kinds:
        return Term(f"({left.sql}::DOUBLE {symbol} {right.sql}::DOUBLE)", "boolean")
    if kinds == {"integer"}:
        return Term(f"({left.sql} {symbol} {right.sql})", "boolean")
    scale = max(-exponent(each.value) for each in (left, right) if each.kind == "decimal")
    wide = f"DECIMAL(38, {max(0, scale)})"
    return Term(f"({left.sql}::{wide} {symbol} {right.sql}::{wide})", "boolean")


# --- reckoning


def reckon(symbol: str, left: Term, right: Term) -> Term:
    kinds = {left.kind, right.kind}
    if kinds == {"integer"}:
        return Term(_integers(symbol, left.sql, right.sql), "integer")
    if "float" not in kinds or not (left.is_number and right.is_number) or symbol == "%":
        raise Untold
    first, second = f"{left.sql}::DOUBLE", f"{right.sql}::DOUBLE"
    if symbol == "/":
        return Term(f"(CASE WHEN {second} = 0 THEN {DOUBT} ELSE {first} / {second} END)", "float")
    return Term(f"({first} {symbol} {second})", "float")


def _integers(symbol: str, left: str, right: str) -> str:
    if symbol not in ("/", "%"):
        return f"({left} {symbol} {right})"
    act = "//" if symbol == "/" else "%"
    return f"(CASE WHEN {right} IN (0, -1) THEN {DOUBT} ELSE {left} {act} {right} END)"


# --- casting


def cast(kind: tuple[str, tuple[int, ...]], value: Term) -> Term:
    name, parameters = kind
    if value.kind == "null":
        return value
    if name == "string":
        return Term(_text(value, parameters), "text")
    if parameters and name != "float":
        raise Untold
    if name == "integer" and value.is_text:
        found = _checked(value.sql, "[+-]?[0-9]+", "BIGINT")
    elif name == "float" and value.is_text:
        found = _checked(value.sql, NUMBER, "DOUBLE")
    elif (name, value.kind) in (("integer", "integer"), ("float", "float"), ("boolean", "boolean")):
        return value
    elif (name, value.kind) == ("float", "integer"):
        found = f"{value.sql}::DOUBLE"
    else:
        raise Untold
    return Term(f"({found})", name)


def _checked(text: str, pattern: str, kind: str) -> str:
    return (
        f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN {text}::{kind}"
        f" WHEN {text} IS NOT NULL THEN {DOUBT} END"
    )


def _text(value: Term, parameters: Sequence[int]) -> str:
    if value.kind in ("decimal", "json"):
        raise Untold
    found = f"({value.sql}::VARCHAR)"
    return f"left({found}, {parameters[0]})" if parameters else found
