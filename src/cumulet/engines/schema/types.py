"""Types, from text and from values, and the narrowest type that holds both of two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

WHOLE = re.compile(r"[+-]?\d{1,19}")
NUMBER = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?|[+-]?(?:nan|inf(?:inity)?)", re.IGNORECASE
)
LONGEST = 1 << 63
SMALL = 1 << 31
WIDER = ("int", "bigint", "double")


def of_text(text: str) -> str | None:
    """The type of one field of a delimited file; None of an empty one, which any type can be."""
    if not text:
        return None
    if WHOLE.fullmatch(text) and -LONGEST <= int(text) < LONGEST:
        return "bigint"
    if NUMBER.fullmatch(text) and not text.isdigit():
        return "double"
    return "boolean" if text.lower() in ("true", "false") else "string"


def common(one: str | None, other: str | None) -> str | None:
    """The type for a column that has held both."""
    if one is None or other is None or one == other:
        return one or other
    if one in WIDER and other in WIDER:
        return max(one, other, key=WIDER.index)
    return "string"


def of_texts(texts: Iterable[str]) -> str | None:
    found: str | None = None
    for text in texts:
        found = common(found, of_text(text))
        if found == "string":
            break
    return found


Tree = Any  # None, a type's name, ["array", Tree] or {"field": Tree}


def of_value(value: Any) -> Tree:
    """The type of a JSON value, as a tree that `merged` can widen."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int" if -SMALL <= value < SMALL else "bigint" if -LONGEST <= value < LONGEST else "double"
    if isinstance(value, float):
        return "double"
    if isinstance(value, list):
        inner: Tree = None
        for member in value:
            inner = merged(inner, of_value(member))
        return ["array", inner]
    if isinstance(value, dict):
        return {name: of_value(member) for name, member in value.items()}
    return "string"


def merged(one: Tree, other: Tree) -> Tree:
    if one is None or other is None or one == other:
        return other if one is None else one
    if isinstance(one, list) and isinstance(other, list):
        return ["array", merged(one[1], other[1])]
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: merged(one.get(name), other.get(name)) for name in {**one, **other}}
    if isinstance(one, str) and isinstance(other, str):
        return common(one, other)
    return "string"


def spelt(tree: Tree) -> str:
    """A tree as Hive writes it. What was only ever null is a string."""
    if tree is None:
        return "string"
    if isinstance(tree, list):
        return f"array<{spelt(tree[1])}>"
    if isinstance(tree, dict):
        return f"struct<{','.join(f'{name}:{spelt(member)}' for name, member in tree.items())}>"
    return str(tree)
