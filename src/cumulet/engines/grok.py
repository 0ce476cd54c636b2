"""Grok: regular expressions put together from named ones, whose parts become fields.

`%{NUMBER:num:int}` is what NUMBER matches, as the field `num`, an int.
https://docs.aws.amazon.com/glue/latest/dg/custom-classifier.html#custom-classifier-grok
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from cumulet.engines.grok_patterns import BUILT_IN

REFERENCE = re.compile(r"%\{(\w+)(?::([^:{}]+))?(?::(\w+))?\}|(?<!\\)\(\?P?<(?=[A-Za-z])([^>]+)>")
TYPES = {
    "byte": "tinyint",
    "boolean": "boolean",
    "double": "double",
    "short": "smallint",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "string": "string",
}
DEEPEST = 30  # patterns within patterns


class BadPattern(ValueError):
    """The pattern cannot be read; the text says why."""


@dataclass(slots=True)
class Pattern:
    """`expression` finds the fields anywhere in a line when it matches the whole of it; `fields` are names
    and Hive types, `groups` the numbers of the groups that each field's text may be in (and that of a pattern without a
    field's name, under its own)."""

    expression: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    groups: dict[str, list[int]] = field(default_factory=dict)


@lru_cache(maxsize=256)
def compiled(pattern: str, custom: str = "") -> Pattern:
    expander = Expander({**BUILT_IN, **own_patterns(custom)})
    text = expander.expanded(pattern, 0)
    expression = f"(?s:.*?)(?:{text})(?s:.*)"
    try:
        found = re.compile(expression)
    except re.error as error:
        raise BadPattern(f"The grok pattern {pattern} cannot be read: {error}") from None
    result = Pattern(expression)
    for number, (name, kind) in enumerate(expander.fields):
        result.fields.setdefault(name, kind)
        result.groups.setdefault(name, []).append(found.groupindex[f"field{number}"])
    for number, name in enumerate(expander.unnamed):
        if name not in result.fields:
            result.groups.setdefault(name, []).append(found.groupindex[f"unnamed{number}"])
    return result


def own_patterns(text: str) -> dict[str, str]:
    """Custom patterns: a name and its expression on each line."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, _, expression = line.strip().partition(" ")
        if name and not name.startswith("#"):
            if not expression.strip():
                raise BadPattern(f"The custom pattern {name} has no expression.")
            found[name] = expression.strip()
    return found


class Expander:
    """Puts the named expressions in place of their names, and notes the fields as it meets them."""

    def __init__(self, patterns: dict[str, str]) -> None:
        self.patterns = patterns
        self.fields: list[tuple[str, str]] = []
        self.unnamed: list[str] = []

    def expanded(self, text: str, depth: int) -> str:
        if depth > DEEPEST:
            raise BadPattern("The grok patterns contain one another.")
        return REFERENCE.sub(lambda match: self._replaced(match, depth), text)

    def _replaced(self, match: re.Match[str], depth: int) -> str:
        name, said, kind, group = match.groups()
        if group:  # Java's way to name a part of an expression
            return f"(?P<{self._field(group, 'string')}>"
        if name not in self.patterns:
            raise BadPattern(f"There is no grok pattern {name}.")
        if said is None:
            opened = self._unnamed(name) if depth == 0 else "?:"
            return f"({opened}{self.expanded(self.patterns[name], depth + 1)})"
        if (kind or "string") not in TYPES:
            raise BadPattern(f"{kind} is no type of a grok field, which are {', '.join(TYPES)}.")
        opened = self._field(said, kind or "string")
        return f"(?P<{opened}>{self.expanded(self.patterns[name], depth + 1)})"

    def _unnamed(self, name: str) -> str:
        """What a pattern matches that was given no name can be asked for by the pattern's own."""
        self.unnamed.append(name.lower())
        return f"?P<unnamed{len(self.unnamed) - 1}>"

    def _field(self, name: str, kind: str) -> str:
        self.fields.append((name.lower(), TYPES[kind]))
        return f"field{len(self.fields) - 1}"
