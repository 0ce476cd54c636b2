"""The constraints that a model puts on an operation's members, checked with AWS's own words.

Required members, lengths, ranges, patterns and enumerations, however deep; all of the violations in one
message, as AWS reports them. What has no constraint anywhere below it is not walked.

Enumerations are enforced, as AWS's servers do, but for instance types: AWS has new ones every month, and a
client whose models are newer than ours must not be refused. Of S3 only the required members are checked: it
has words of its own for everything else ("InvalidStorageClass"), and for a document that lacks something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from botocore.model import OperationModel

from cumulet.wire import models, patterns
from cumulet.wire.errors import AwsError
from cumulet.wire.shapes import Shape

INCOMPLETE = "The XML you provided was not well-formed or did not validate against our published schema"
LIMIT = 100  # violations that one message tells of
GROWING = re.compile(r"InstanceType|InstanceClass|InstanceSize|Accelerator")
SIZED = {"list", "map", "string", "blob"}
NUMBERS = {"integer", "long", "float", "double"}

Violation = tuple[str, str, str]  # the value, where it is, the constraint


def check(operation: OperationModel, members: dict[str, Any], code: str) -> None:
    """Raise `code` if members break constraints: "1 validation error detected: Value ... at ..."."""
    shape = models.plan(operation).input
    if shape is None or not _constrained(shape):
        return
    enforced = operation.service_model.service_name != "s3"
    found = []
    for violation in _structure(shape, members, "", enforced):
        found.append(violation)
        if len(found) == LIMIT:
            break
    if not enforced and any("." in where for _, where, _ in found):
        raise AwsError("MalformedXML", INCOMPLETE, status=400)
    if found:
        many = "error" if len(found) == 1 else "errors"
        told = "; ".join(_told(*violation) for violation in found)
        raise AwsError(code, f"{len(found)} validation {many} detected: {told}")


def _told(value: str, where: str, constraint: str) -> str:
    return f"Value{value} at '{where}' failed to satisfy constraint: {constraint}"


def _shown(shape: Shape, value: Any) -> str:
    """A value as AWS's messages show it, as Java prints it; secrets not at all."""
    if shape.traits.get("sensitive") or shape.type == "blob":
        return ""
    if shape.type == "list":
        return " '[" + ", ".join(str(item) for item in value)[:1000] + "]'"
    return f" '{str(value)[:1000]}'"


def _constrained(shape: Shape) -> bool:
    """Whether there is anything to check in a shape or below it, found out once."""
    if shape.constrained is None:
        _settle(shape)
    return bool(shape.constrained)


def _settle(shape: Shape) -> None:
    """Decide for all shapes below at once: shapes may hold themselves, so none is settled alone."""
    below: dict[Shape, list[Shape]] = {}
    waiting = [shape]
    while waiting:
        if (current := waiting.pop()) not in below:
            below[current] = _children(current)
            waiting += below[current]
    found = {each for each in below if _own(each) is not None or each.required}
    while grown := {each for each, children in below.items() if each not in found and found & set(children)}:
        found |= grown
    for each in below:
        each.constrained = each in found


def _children(shape: Shape) -> list[Shape]:
    if shape.type == "structure":
        return list(shape.members.values())
    if shape.type == "list":
        return [shape.member]
    return [shape.key, shape.value] if shape.type == "map" else []


Check = Callable[[Any], Iterator[str]]


def _own(shape: Shape) -> Check | None:
    """The constraints of a shape itself, made once: a function that names those a value breaks."""
    if shape.check is False:
        shape.check = _make(shape)
    return shape.check


def _make(shape: Shape) -> Check | None:
    tests: list[tuple[Callable[[Any], bool], str]] = []
    traits = shape.traits
    if shape.type in SIZED and not shape.streaming:
        tests += _lengths(traits)
    elif shape.type in NUMBERS:
        tests += _ranges(traits)
    if shape.type == "string":
        tests += _texts(shape)
    if not tests:
        return None

    def broken(value: Any) -> Iterator[str]:
        return (told for breaks, told in tests if breaks(value))

    return broken


def _lengths(traits: dict[str, Any]) -> Iterator[tuple[Callable[[Any], bool], str]]:
    least, most = traits.get("min"), traits.get("max")
    if least:
        yield (lambda value: len(value) < least), f"Member must have length greater than or equal to {least}"
    if most is not None:
        yield (lambda value: len(value) > most), f"Member must have length less than or equal to {most}"


def _ranges(traits: dict[str, Any]) -> Iterator[tuple[Callable[[Any], bool], str]]:
    least, most = traits.get("min"), traits.get("max")
    if least is not None:
        yield (lambda value: value < least), f"Member must have value greater than or equal to {least}"
    if most is not None:
        yield (lambda value: value > most), f"Member must have value less than or equal to {most}"


def _texts(shape: Shape) -> Iterator[tuple[Callable[[Any], bool], str]]:
    source, choices = shape.traits.get("pattern"), shape.traits.get("enum")
    if source and (pattern := patterns.compiled(source)):
        most = shape.traits.get("max", 1 << 30)
        refuses = pattern.refuses
        told = f"Member must satisfy regular expression pattern: {source}"
        yield (lambda value: len(value) <= most and refuses(value)), told
    if choices and not GROWING.search(shape.name):
        known = frozenset(choices)
        told = f"Member must satisfy enum value set: [{', '.join(choices)}]"
        yield (lambda value: value not in known), told


def _walk(shape: Shape, value: Any, where: str, enforced: bool) -> Iterator[Violation]:
    if enforced and (own := _own(shape)):
        for told in own(value):
            yield _shown(shape, value), where, told
    if shape.type == "structure" and not shape.document:
        yield from _structure(shape, value, where, enforced)
    elif shape.type == "list" and _constrained(shape.member):
        for i, item in enumerate(value, 1):
            if item is not None:
                yield from _walk(shape.member, item, f"{where}.{i}.member", enforced)
    elif shape.type == "map":
        yield from _map(shape, value, where, enforced)


def _structure(shape: Shape, members: dict[str, Any], where: str, enforced: bool) -> Iterator[Violation]:
    for name in shape.required:
        if name not in members:
            yield " null", _at(where, name), "Member must not be null"
    known = shape.members
    for name, value in members.items():
        if _constrained(member := known[name]) and not member.eventstream:
            yield from _walk(member, value, _at(where, name), enforced)


def _map(shape: Shape, value: dict[Any, Any], where: str, enforced: bool) -> Iterator[Violation]:
    keys, values = _constrained(shape.key), _constrained(shape.value)
    for key, item in value.items() if keys or values else ():
        if keys:
            yield from _walk(shape.key, key, where, enforced)
        if values and item is not None:
            yield from _walk(shape.value, item, f"{where}.{str(key)[:100]}.member", enforced)


def _at(where: str, name: str) -> str:
    """AWS names members in lower camel case: 'tags.1.member.key'."""
    lowered = name[0].lower() + name[1:]
    return f"{where}.{lowered}" if where else lowered
