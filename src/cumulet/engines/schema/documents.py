"""JSON: one document a line, documents one after the other, or one array."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from cumulet.engines.schema import types
from cumulet.engines.schema.base import Column, Document, Schema, Unrecognised

SPACE = re.compile(r"[\s,]*")
STEP = re.compile(r"\.([^.\[\]*]+)|\['([^']+)'\]|\[(\*)\]|\.(\*)")


def read(text: str, complete: bool, hint: Document | None = None) -> Schema:
    """The schema of all records together, fields in the order in which they first came."""
    steps = parsed_path(hint.path) if hint else []
    tree: types.Tree = {}
    count = 0
    for value in documents(text, complete):
        for record in at(value, steps):
            tree = types.merged(
                tree, types.of_value(record if isinstance(record, dict) else {"array": record})
            )
            count += 1
    if not count or not isinstance(tree, dict):
        raise Unrecognised("no JSON objects")
    columns: dict[str, types.Tree] = {}
    for name, kind in tree.items():
        columns[name.lower()] = types.merged(columns.get(name.lower()), kind)
    size = max(1, round(len(text.encode()) / count))
    return Schema(
        "json", [Column(name, types.spelt(kind)) for name, kind in columns.items()], {}, count, size
    )


def documents(text: str, complete: bool) -> Iterator[Any]:
    """Every whole document of a text. One cut off at the end of a sample is left out; of an array that
    is cut off, the members before that are one shorter array."""
    decoder = json.JSONDecoder()
    at = SPACE.match(text).end()  # type: ignore[union-attr]
    if at < len(text) and text[at] not in "{[":
        raise Unrecognised("neither an object nor an array")
    while at < len(text):
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if complete:
                raise Unrecognised(str(error)) from None
            if text[at] == "[":
                yield list(documents(text[at + 1 :], complete=False))
            return
        yield value
        at = SPACE.match(text, end).end()  # type: ignore[union-attr]


def parsed_path(path: str) -> list[str]:
    """`$.items[*]` as its steps, of which "*" is every member."""
    steps, at = [], 1
    while at < len(path):
        match = STEP.match(path, at)
        if match is None:
            raise Unrecognised(f"{path} is not a JSON path that can be followed")
        steps.append(next(part for part in match.groups() if part))
        at = match.end()
    return steps


def at(value: Any, steps: list[str]) -> Iterator[Any]:
    """The values at the end of a path."""
    if not steps:
        yield value
    elif steps[0] == "*":
        members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
        for member in members:
            yield from at(member, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from at(value[steps[0]], steps[1:])
