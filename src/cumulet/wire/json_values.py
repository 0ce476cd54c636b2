"""JSON to values and back, by a model's shapes: for AWS JSON, REST JSON and their event streams.

Strict as AWS is: a number is no string, null no element, a union has one member. The messages are AWS's.
"""

from __future__ import annotations

import base64
import json
import math
import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from cumulet.wire import texts, times
from cumulet.wire.shapes import Malformed, Shape

DEPTH = 100  # nesting that no honest request reaches


def decode(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise Malformed("The JSON is nested too deeply.") from error
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise Malformed(f"The body is not JSON: {error}") from error


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} must be written as a string in JSON.")


def encode(value: Any) -> bytes:
    """What is spelt already gets its place when all else is written."""
    spelt: list[Spelt] = []

    def mark(found: Any) -> str:
        if not isinstance(found, Spelt):
            raise TypeError(f"{type(found).__name__} is no value of JSON's")
        spelt.append(found)
        return found.mark

    body = json.dumps(value, separators=(",", ":"), default=mark).encode()
    for each in spelt:
        body = body.replace(f'"{each.mark}"'.encode(), each.json, 1)
    return body


# JSON to values


def parse_value(shape: Shape, value: Any, depth: int = 0) -> Any:
    return PARSE[shape.type](shape, value, depth)


def _structure(shape: Shape, value: Any, depth: int) -> Any:
    if shape.document:
        return document(value, depth)
    if type(value) is not dict:
        raise Malformed(_unexpected(value, "a structure"))
    if depth > DEPTH:
        raise Malformed("The JSON is nested too deeply.")
    known = shape.by_wire
    found = {}
    for key, item in value.items():
        if item is not None and (use := known.get(key)):
            found[use[0]] = PARSE[use[1].type](use[1], item, depth + 1)
    if shape.union and len(found) != 1:
        raise Malformed(f"{shape.name} is a union: exactly one of its members must be set.")
    return found


def _list(shape: Shape, value: Any, depth: int) -> Any:
    if type(value) is not list:
        raise Malformed(_unexpected(value, "a list"))
    member = shape.member
    walk = PARSE[member.type]
    if None in value:
        _only_sparse(shape)
        return [None if item is None else walk(member, item, depth + 1) for item in value]
    return [walk(member, item, depth + 1) for item in value]


def _map(shape: Shape, value: Any, depth: int) -> Any:
    if type(value) is not dict:
        raise Malformed(_unexpected(value, "a map"))
    member = shape.value
    walk = PARSE[member.type]
    if None in value.values():
        _only_sparse(shape)
    return {
        _string(shape, key, depth): None if item is None else walk(member, item, depth + 1)
        for key, item in value.items()
    }


def _only_sparse(shape: Shape) -> None:
    if not shape.sparse:
        raise Malformed(f"null is not allowed in {shape.name}.")


def _string(shape: Shape, value: Any, depth: int) -> str:
    if type(value) is not str:
        raise Malformed(_unexpected(value, "String"))
    return value if value.isascii() else encodable(value)


def encodable(text: str) -> str:
    """JSON can spell half a surrogate pair, which no file, database or XML can take."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("A string holds half of a surrogate pair.") from error
    return text


def _integer(shape: Shape, value: Any, depth: int) -> int:
    if type(value) is float and value.is_integer() and abs(value) < 1 << 53:
        value = int(value)
    if type(value) is not int:
        raise Malformed(_unexpected(value, shape.type.capitalize()))
    return texts.in_range(shape.type, value)


def _float(shape: Shape, value: Any, depth: int) -> float:
    if type(value) in (int, float):
        return _finite(value)
    if type(value) is str and value in texts.SPECIAL:
        return texts.SPECIAL[value]
    raise Malformed(_unexpected(value, shape.type.capitalize()))


def _finite(value: float) -> float:
    try:
        found = float(value)
    except OverflowError as error:
        raise Malformed("A number is too large.") from error
    if not math.isfinite(found):
        raise Malformed("A number is too large.")
    return found


def _boolean(shape: Shape, value: Any, depth: int) -> bool:
    if type(value) is not bool:
        raise Malformed(_unexpected(value, "Boolean"))
    return value


def _timestamp(shape: Shape, value: Any, depth: int) -> Any:
    form = shape.timestamp or "unixtimestamp"
    if type(value) in (int, float) and form == "unixtimestamp":
        return times.from_epoch(value)
    if type(value) is str and form != "unixtimestamp":
        return times.from_text(value, form)
    raise Malformed(_unexpected(value, f"Timestamp ({form})"))


def _blob(shape: Shape, value: Any, depth: int) -> bytes:
    if type(value) is not str:
        raise Malformed(_unexpected(value, "Blob"))
    return texts.blob(value)


def document(value: Any, depth: int) -> Any:
    """Free-form JSON: taken as it is, if its nesting and its strings are sound."""
    if depth > DEPTH:
        raise Malformed("The JSON is nested too deeply.")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, list):
        return [document(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {encodable(key): document(item, depth + 1) for key, item in value.items()}
    return value


def _unexpected(value: Any, wanted: str) -> str:
    """AWS's words for a value of the wrong type."""
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected."
    kinds = {str: "STRING_VALUE", bool: "TRUE_VALUE" if value else "FALSE_VALUE", type(None): "NULL_VALUE"}
    found = kinds.get(type(value), "DECIMAL_VALUE" if isinstance(value, float) else "NUMBER_VALUE")
    return f"{found} can not be converted to {wanted}."


PARSE: dict[str, Callable[[Shape, Any, int], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "character": _string,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "blob": _blob,
}


# Values to JSON


class AsItIs(list[Any]):
    """A long list whose elements need no walk: they have the model's members only, and none that is None."""


class Spelt(Sequence[Any]):
    """A long list whose JSON is there already, as AWS spells it; who looks into it has it read."""

    def __init__(self, content: bytes) -> None:
        self.json = content
        self.mark = uuid.uuid4().hex

    @cached_property
    def values(self) -> list[Any]:
        return list(json.loads(self.json))

    def __getitem__(self, place: Any) -> Any:
        return self.values[place]

    def __len__(self) -> int:
        return len(self.values)


def plain(shape: Shape, value: Any) -> Any:
    """A value as JSON's own types. Members that the model does not know, and None, are left out."""
    if shape.type == "structure" and not shape.document:
        return members(shape, value)
    if write := WRITE.get(shape.type):
        return write(shape, value)
    return value


def members(shape: Shape, value: dict[str, Any]) -> dict[str, Any]:
    found = {}
    known = shape.members
    for name, item in value.items():
        if item is not None and (use := known.get(name)):
            write = WRITE.get(use.type)
            found[use.wire or name] = write(use, item) if write else item
    return found


def _plain_structure(shape: Shape, value: Any) -> Any:
    return value if shape.document else members(shape, value)


def _plain_list(shape: Shape, value: Any) -> Any:
    if isinstance(value, (AsItIs, Spelt)):
        return value
    member = shape.member
    if not (write := WRITE.get(member.type)):
        return list(value)
    return [None if item is None else write(member, item) for item in value]


def _plain_map(shape: Shape, value: Any) -> Any:
    member = shape.value
    if not (write := WRITE.get(member.type)):
        return value
    return {key: None if item is None else write(member, item) for key, item in value.items()}


def _plain_timestamp(shape: Shape, value: Any) -> Any:
    form = shape.timestamp or "unixtimestamp"
    return times.to_epoch(value) if form == "unixtimestamp" else times.to_text(value, form)


def _plain_blob(shape: Shape, value: Any) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _plain_float(shape: Shape, value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return texts.number(value)
    return value if isinstance(value, (int, float)) else float(value)


WRITE: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _plain_structure,
    "list": _plain_list,
    "map": _plain_map,
    "timestamp": _plain_timestamp,
    "blob": _plain_blob,
    "float": _plain_float,
    "double": _plain_float,
}
