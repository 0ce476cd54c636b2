"""What DuckDB calls: a document, a path and what was passed, all as text; the answer is a tagged text.

The first character says what an answer is: `=` an item's JSON, `s` a text, `i` an integer, `n` a decimal,
`d` a double, `b` a boolean, `0` JSON's null, `e` nothing found, `!` an error with its name and message.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from cumulet.engines.sql.json_text import Written, java_double
from cumulet.engines.sql.jsonpath import steps
from cumulet.engines.sql.jsonpath.items import PathError
from cumulet.engines.sql.jsonpath.parsing import UnwrittenPath, parse
from cumulet.engines.sql.jsonpath.walking import followed
from cumulet.engines.sql.refusing import refusal

EMPTY = "e"
INPUT = "JSON_INPUT_CONVERSION_ERROR:conversion to JSON failed: "
FOLLOWED = "PATH_EVALUATION_ERROR:path evaluation failed: "
OUTPUT = "JSON_OUTPUT_CONVERSION_ERROR:conversion from JSON failed: "
RESULT = "JSON_VALUE_RESULT_ERROR:cannot extract SQL scalar from JSON: "
MANY = "JSON path found multiple items"


class Failed(Exception):
    """What ON ERROR decides about: the error's name and message."""


@lru_cache(256)
def path_of(text: str) -> steps.Path:
    return parse(text)


def exists(document: str, path: str, passed: str) -> str:
    try:
        return "btrue" if found(document, path, passed, "EXISTS") else "bfalse"
    except Failed as error:
        return f"!{error}"


def query(document: str, path: str, passed: str, wrapper: str) -> str:
    """`wrapper` is "WITHOUT", "CONDITIONAL" or "UNCONDITIONAL"."""
    try:
        held = found(document, path, passed, "QUERY")
    except Failed as error:
        return f"!{error}"
    if not held:
        return EMPTY
    whole = len(held) == 1 and isinstance(held[0], (list, dict))
    if wrapper == "UNCONDITIONAL" or (wrapper == "CONDITIONAL" and not whole):
        held = [held]
    if len(held) > 1:
        return f"!{OUTPUT}{MANY}"
    return f"s{held[0]}" if isinstance(held[0], str) else "=" + spelt(held[0])


def value(document: str, path: str, passed: str) -> str:
    try:
        held = found(document, path, passed, "VALUE")
    except Failed as error:
        return f"!{error}"
    if not held:
        return EMPTY
    if len(held) > 1:
        return f"!{RESULT}{MANY}"
    return scalar(held[0])


def scalar(item: Any) -> str:
    big = isinstance(item, int) and not -(2**63) <= item < 2**63
    if isinstance(item, (list, dict)) or big:
        return f"!{RESULT}JSON path found an item that cannot be converted to an SQL value"
    if item is None:
        return "0"
    if isinstance(item, bool):
        return f"b{spelt(item)}"
    if isinstance(item, str):
        return f"s{item}"
    if isinstance(item, float):
        return f"d{item!r}"
    return f"i{item}" if isinstance(item, int) else f"n{item:f}"


def found(document: str, path: str, passed: str, name: str) -> list[Any]:
    root = read(document, f"malformed input argument to JSON_{name} function")
    known = {f"${key}": given(kind, text, name) for key, kind, text in json.loads(passed)}
    try:
        return followed(path_of(path), root, known)
    except PathError as error:
        raise Failed(f"{FOLLOWED}{error}") from None
    except UnwrittenPath as error:
        raise ValueError(f"trino:NOT_SUPPORTED:{error} is not supported by Cumulet yet:trino") from None


def read(text: str, otherwise: str) -> Any:
    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError:
        raise Failed(f"{INPUT}{otherwise}") from None


def refuse(text: str) -> Any:
    """NaN and Infinity, which Python reads and JSON has not got."""
    raise ValueError(text)


def given(kind: str, text: str | None, name: str) -> Any:
    """A value that was passed: its type and its text."""
    if text is None:
        return None
    if kind == "json":
        return read(text, f"malformed JSON path parameter to JSON_{name} function")
    makers: dict[str, Any] = {"integer": int, "decimal": Decimal, "double": float, "varchar": str}
    return text == "true" if kind == "boolean" else makers[kind](text)


def spelt(item: Any) -> str:
    """JSON without blanks, an object's keys in their order, numbers as Java prints them."""
    if isinstance(item, dict):
        return "{" + ",".join(f"{spelt(key)}:{spelt(held)}" for key, held in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ",".join(map(spelt, item)) + "]"
    if isinstance(item, float):
        return java_double(item)
    if isinstance(item, Decimal):
        return f"{item:f}"
    return json.dumps(item, ensure_ascii=False)


def quoted(text: str) -> str:
    """A text as JSON."""
    return spelt(text)


def formatted(text: str) -> str:
    """FORMAT JSON: a text that is JSON already, without blanks."""
    try:
        return spelt(read(text, "malformed JSON"))
    except Failed as error:
        raise ValueError(f"trino:{error}:trino") from None


def members(keys: list[str | None], values: list[str | None], unique: bool) -> str:
    """JSON_OBJECT: its members stand in the order in which Java's hash map gives its keys."""
    held: dict[str, str] = {}
    for key, text in zip(keys, values, strict=True):
        if key is None:
            raise refusal(
                "INVALID_FUNCTION_ARGUMENT", "null value passed for JSON object key to JSON_OBJECT function"
            )
        if text is None:
            continue
        if key in held:
            raise duplicate(unique)
        held[key] = text
    return "{" + ",".join(f"{quoted(key)}:{held[key]}" for key in hashed(list(held))) + "}"


def duplicate(unique: bool) -> ValueError:
    if unique:
        return refusal("INVALID_FUNCTION_ARGUMENT", "duplicate key passed to JSON_OBJECT function")
    return refusal("NOT_SUPPORTED", "cannot construct a JSON object with duplicate key")


def hashed(keys: list[str]) -> list[str]:
    """By bucket: Java's hash of the text, folded, in a table that is never more than three quarters full."""
    size = 16
    while len(keys) > size * 3 // 4:
        size *= 2
    return sorted(keys, key=lambda key: bucket(key, size))


def bucket(key: str, size: int) -> int:
    code = 0
    content = key.encode("utf-16-be")
    for at in range(0, len(content), 2):
        code = (31 * code + int.from_bytes(content[at : at + 2], "big")) & 0xFFFFFFFF
    return (code ^ (code >> 16)) & (size - 1)


def element(text: str, index: int) -> str | None:
    """json_array_get: from 0, from the end where negative; a text without its quotes."""
    held = array(text)
    if held is None or not -len(held) <= index < len(held):
        return None
    item = held[index]
    if item is None:
        return None
    return item if isinstance(item, str) else item.text if isinstance(item, Written) else spelt(item)


def array(text: str) -> list[Any] | None:
    try:
        held = json.loads(text, parse_constant=refuse, parse_float=Written)
    except ValueError:
        return None
    return held if isinstance(held, list) else None


def contains(text: str, wanted: str) -> bool | None:
    """json_array_contains: `wanted` is tagged as `scalar` tags; an integer is no double."""
    held = array(text)
    if held is None:
        return None
    if wanted.startswith("d"):
        return any(isinstance(item, float) and item == float(wanted[1:]) for item in held)
    return any(scalar(item) == wanted for item in held)


TEXT, TEXTS = "VARCHAR", "VARCHAR[]"
ANSWERS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "json_exists": (exists, [TEXT, TEXT, TEXT], TEXT),
    "json_query": (query, [TEXT, TEXT, TEXT, TEXT], TEXT),
    "json_value": (value, [TEXT, TEXT, TEXT], TEXT),
    "json_text": (quoted, [TEXT], TEXT),
    "json_formatted": (formatted, [TEXT], TEXT),
    "json_members": (members, [TEXTS, TEXTS, "BOOLEAN"], TEXT),
    "json_element": (element, [TEXT, "BIGINT"], TEXT),
    "json_contains": (contains, [TEXT, TEXT], "BOOLEAN"),
}
