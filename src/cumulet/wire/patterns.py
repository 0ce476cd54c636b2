"""The models' regular expressions, as far as Python can check them in time that nobody can stretch.

They are Java's. A pattern that Python does not know (`\\p{L}`, class intersections) is not checked at all;
one that backtracks is checked only on texts short enough for it, one that could explode never.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from re import _parser as parser  # type: ignore[attr-defined]  # Python has no public one
from typing import Any

STEPS = 4_000_000  # how many steps a check may take, about: some ten milliseconds
ASTRAL = re.compile(
    r"\\uD800\\uDC00-\\uDBFF\\uDFFF", re.IGNORECASE
)  # how Java's classes spell U+10000 and up
EVERYTHING = frozenset(range(257))  # Latin-1, and 256 for all the rest
NOTHING: frozenset[int] = frozenset()
CLASSES = {
    "CATEGORY_DIGIT": frozenset(map(ord, "0123456789")),
    "CATEGORY_SPACE": frozenset(map(ord, " \t\n\r\f\v")),
    "CATEGORY_WORD": frozenset(c for c in range(128) if chr(c).isalnum() or c == 95),
}
REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
MANY = 16  # repetitions from which on a repeat counts as unbounded
FEW = 3  # and up to which what is repeated may be ambiguous


@dataclass(frozen=True, slots=True)
class Pattern:
    """A checkable expression. `longest` is the longest text that it is applied to."""

    expression: re.Pattern[str]
    longest: int

    def refuses(self, text: str) -> bool:
        """AWS matches a whole value, whether the expression has anchors or not."""
        return len(text) <= self.longest and not self.expression.fullmatch(text)


@lru_cache(8192)
def compiled(source: str) -> Pattern | None:
    """The pattern, or None where it cannot or must not be checked."""
    source = ASTRAL.sub(r"\\U00010000-\\U0010FFFF", source).replace(r"\z", r"\Z")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a nested set means something else in Java
            expression = re.compile(source, re.ASCII)
            tree = parser.parse(source, re.ASCII)
    except (re.error, Warning, OverflowError, RecursionError):
        return None
    if _explodes(tree):
        return None
    degree = _degree(tree)
    return Pattern(expression, int(STEPS ** (1 / degree)))


def _items(tree: Any) -> list[tuple[str, Any]]:
    """A sequence's items, groups opened where they are not repeated."""
    found: list[tuple[str, Any]] = []
    for code, argument in tree:
        if str(code) == "SUBPATTERN":
            found += _items(argument[3])
        elif str(code) == "ATOMIC_GROUP":
            found += _items(argument)
        else:
            found.append((str(code), argument))
    return found


def _chars(code: str, argument: Any) -> frozenset[int]:
    """The characters that an item of an expression may consume."""
    match code:
        case "LITERAL":
            return frozenset([min(argument, 256)])
        case "NOT_LITERAL":
            return EVERYTHING - ({argument} if argument < 256 else NOTHING)
        case "ANY":
            return EVERYTHING - {10}
        case "IN":
            return _class(argument)
        case "BRANCH":
            return NOTHING.union(*(_all(branch) for branch in argument[1]))
        case "AT" | "ASSERT" | "ASSERT_NOT":
            return NOTHING
        case _ if code in REPEATS:
            return _all(argument[2])
    return EVERYTHING


def _class(argument: Any) -> frozenset[int]:
    found: frozenset[int] = NOTHING
    negated = False
    for code, value in argument:
        if str(code) == "NEGATE":
            negated = True
        elif str(code) == "RANGE":
            found |= frozenset(range(min(value[0], 256), min(value[1], 256) + 1))
        elif str(code) == "CATEGORY":
            name = str(value).replace("_NOT", "")
            found |= EVERYTHING - CLASSES[name] if "_NOT" in str(value) else CLASSES[name]
        else:
            found |= {min(value, 256)}
    return EVERYTHING - (found - {256}) if negated else found


def _all(tree: Any) -> frozenset[int]:
    return NOTHING.union(*(_chars(*item) for item in _items(tree)))


def _varies(code: str, argument: Any) -> bool:
    return code in REPEATS and argument[0] != argument[1]


def _explodes(tree: Any) -> bool:
    """Whether some text could be split in exponentially many ways: a repeat of what is itself ambiguous."""
    return any(_item_explodes(code, argument) for code, argument in _items(tree))


def _item_explodes(code: str, argument: Any) -> bool:
    if code in REPEATS:
        return (argument[1] > FEW and _ambiguous(argument[2])) or _explodes(argument[2])
    if code == "BRANCH":
        return any(_explodes(branch) for branch in argument[1])
    if code in ("ASSERT", "ASSERT_NOT"):
        return _explodes(argument[1])
    return code in ("GROUPREF", "GROUPREF_EXISTS")


def _ambiguous(body: Any) -> bool:
    """A repeated body is unambiguous if its branches begin differently, and a character that its variable
    parts cannot consume marks off each round."""
    items = _items(body)
    if any(
        code == "BRANCH" and _overlap([_all(branch) for branch in argument[1]]) for code, argument in items
    ):
        return True
    variable = [(code, argument) for code, argument in items if _varies(code, argument)]
    if not variable:
        return False
    eaten = NOTHING.union(*(_chars(*item) for item in variable))
    marks = [_chars(*item) for item in items if item[0] in ("LITERAL", "IN", "NOT_LITERAL", "ANY")]
    return not any(mark and not mark & eaten for mark in marks)


def _overlap(sets: list[frozenset[int]]) -> bool:
    """Whether two branches could take the same text; two empty ones do."""
    if sum(not each for each in sets) > 1:
        return True
    return sum(map(len, sets)) > len(NOTHING.union(*sets))


def _degree(tree: Any) -> int:
    """The power of a text's length that a match may take: how many repeats in a row could share it."""
    worst, chain, eaten = 1, 0, NOTHING
    for chars, unbounded, needed, inner in _flat(tree, needed=True):
        if unbounded and chars & eaten:
            chain, eaten = chain + 1, eaten | chars
        elif unbounded:
            chain, eaten = (1, chars) if needed else (max(chain, 1), eaten | chars)
        elif needed and chars and not chars & eaten:
            chain, eaten = 0, NOTHING
        worst = max(worst, chain, inner + max(chain - 1, 0))
    return worst


def _flat(tree: Any, *, needed: bool) -> Iterator[tuple[frozenset[int], bool, bool, int]]:
    """A sequence's parts: what they consume, whether without bound, whether they must, their own power."""
    for code, argument in _items(tree):
        chars = _chars(code, argument)
        if code in REPEATS and argument[1] < MANY:
            for _ in range(min(argument[1], FEW)):
                yield from _flat(argument[2], needed=needed and argument[0] > 0)
        elif code in REPEATS:
            yield chars, argument[0] != argument[1], needed and argument[0] > 0, _degree(argument[2])
        elif code == "BRANCH":
            yield chars, False, needed, max(_degree(branch) for branch in argument[1])
        elif code in ("ASSERT", "ASSERT_NOT"):
            yield NOTHING, False, False, _degree(argument[1])
        else:
            yield chars, False, needed, 1
