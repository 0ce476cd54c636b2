"""The tree of a path: what its text says, without a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, true, false or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Variable:
    """What a name stands for: "$" is the document, "@" the item in question, "last" an array's last place,
    "$name" what was passed."""

    name: str


@dataclass(frozen=True, slots=True)
class Sign:
    """One number's plus or minus."""

    sign: str
    of: Any


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Member:
    """`.name`, or every member where there is no name."""

    of: Any
    name: str | None


@dataclass(frozen=True, slots=True)
class Descendant:
    of: Any
    name: str


@dataclass(frozen=True, slots=True)
class Elements:
    """`[1, 2 to last]`: each a place, or two for a range; every element where there are none."""

    of: Any
    places: list[tuple[Any, Any | None]]


@dataclass(frozen=True, slots=True)
class Method:
    of: Any
    name: str


@dataclass(frozen=True, slots=True)
class Filter:
    of: Any
    test: Any


@dataclass(frozen=True, slots=True)
class Both:
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Either:
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Not:
    test: Any


@dataclass(frozen=True, slots=True)
class IsUnknown:
    test: Any


@dataclass(frozen=True, slots=True)
class Exists:
    of: Any


@dataclass(frozen=True, slots=True)
class StartsWith:
    of: Any
    with_: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Path:
    strict: bool
    root: Any
    variables: frozenset[str] = frozenset()  # the names that must be passed
