"""Regular expressions that RE2 has not got (look-around, back references) or whose text is known late only.

By Python's `re`, whose grammar is Java's where both have a thing; what Python reads otherwise is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cumulet.engines.sql.refusing import refusal

ALIEN = re.compile(
    r"\\[GhHRvVXZzpPQEN]|\\x\{|&&|\[[^\]\\]*\[|\(\?[a-zA-Z-]*[^a-zA-Z:=!<>P()|-]|\(\?[a-zA-Z]*[uUdxL]"
)
REPLACED = re.compile(r"\\(.)|\$\{#(\d+)\}|\$\{([A-Za-z]\w*)\}|(\$)|([^\\$]+)|(\\)", re.DOTALL)


def unknown(pattern: str) -> str | None:
    """The piece of a pattern that Python would read otherwise than Java, or not at all."""
    found = ALIEN.search(pattern.replace("\\\\", ""))
    return found[0] if found else None


@lru_cache(512)
def compiled(pattern: str) -> re.Pattern[str]:
    if (piece := unknown(pattern)) is not None:
        raise refusal("NOT_SUPPORTED", f"{piece} in a regular expression is not supported by Cumulet yet")
    try:
        return re.compile(re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", pattern), re.ASCII)
    except re.error as error:
        raise refusal("INVALID_FUNCTION_ARGUMENT", f"{error}") from None


def may_be_empty(pattern: str) -> bool:
    """Whether a match may have no characters: engines differ in what comes after such a one."""
    return re.compile(re.sub(r"\\[bB]|(?<![\[\\])[\^$]", "", pattern)).match("") is not None


def group_in(pattern: re.Pattern[str], group: int) -> int:
    if group < 0:
        raise refusal("INVALID_FUNCTION_ARGUMENT", "Group cannot be negative")
    if group > pattern.groups:
        message = f"Pattern has {pattern.groups} groups. Cannot access group {group}"
        raise refusal("INVALID_FUNCTION_ARGUMENT", message)
    return group


def like(text: str, pattern: str) -> bool:
    return compiled(pattern).search(text) is not None


def extract(text: str, pattern: str, group: int) -> str | None:
    known = compiled(pattern)
    at = group_in(known, group)
    found = known.search(text)
    return found[at] if found else None


def extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    known = compiled(pattern)
    at = group_in(known, group)
    return [found[at] for found in known.finditer(text)]


def count(text: str, pattern: str) -> int:
    return sum(1 for _ in compiled(pattern).finditer(text))


def split(text: str, pattern: str) -> list[str]:
    known = compiled(pattern)
    if may_be_empty(pattern):
        raise refusal("NOT_SUPPORTED", "regexp_split at empty matches is not supported by Cumulet yet")
    parts, at = [], 0
    for found in known.finditer(text):
        parts.append(text[at : found.start()])
        at = found.end()
    return [*parts, text[at:]]


def replace(text: str, pattern: str, new: str) -> str:
    known = compiled(pattern)
    pieces = replacement(new, known)
    return known.sub(
        lambda found: "".join(piece if isinstance(piece, str) else found[piece] or "" for piece in pieces),
        text,
    )


def replacement(new: str, known: re.Pattern[str]) -> list[str | int]:
    """Java's replacement: $1, ${name}, and what a backslash stands before as it is."""
    pieces: list[str | int] = []
    for escaped, number, name, dollar, plain, lost in REPLACED.findall(numbered(new, known.groups)):
        if dollar or lost:
            raise refusal("INVALID_FUNCTION_ARGUMENT", "Illegal group reference")
        if name and name not in known.groupindex:
            raise refusal(
                "INVALID_FUNCTION_ARGUMENT", f"Illegal replacement sequence: unknown group {{ {name} }}"
            )
        if number and int(number) > known.groups:
            message = f"Illegal replacement sequence: unknown group {number}"
            raise refusal("INVALID_FUNCTION_ARGUMENT", message)
        pieces.append(int(number) if number else known.groupindex[name] if name else escaped or plain)
    return pieces


def numbered(new: str, groups: int) -> str:
    """`$12` is group 12 where there is one, and group 1 before a 2 elsewhere; `$01` is group 1."""

    def read(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        digits, number = found[1], int(found[1][0])
        at = 1
        while at < len(digits) and number * 10 + int(digits[at]) <= groups:
            number, at = number * 10 + int(digits[at]), at + 1
        return f"${{#{number}}}" + digits[at:]

    return re.sub(r"\\.|\$(\d+)", read, new, flags=re.DOTALL)


def position(text: str, pattern: str, start: int, occurrence: int) -> int:
    """The place of the n-th match from a place on; -1 where there is none."""
    if start < 1:
        raise refusal("INVALID_FUNCTION_ARGUMENT", "start position cannot be smaller than 1")
    if occurrence < 1:
        raise refusal("INVALID_FUNCTION_ARGUMENT", "occurrence cannot be smaller than 1")
    places = [found.start() + 1 for found in compiled(pattern).finditer(text, start - 1)]
    return places[occurrence - 1] if occurrence <= len(places) else -1


def pieces(text: str, pattern: str) -> list[list[str | None]]:
    """For each match what stands before it, and its groups; at the end what stands behind the last."""
    at: int = 0
    parts: list[list[str | None]] = []
    for found in compiled(pattern).finditer(text):
        parts.append([text[at : found.start()], *found.groups()])
        at = found.end()
    return [*parts, [text[at:]]]


TEXT = "VARCHAR"
REGEXPS: dict[str, tuple[Callable[..., Any], list[str], str]] = {
    "regexp_like": (like, [TEXT, TEXT], "BOOLEAN"),
    "regexp_extract": (extract, [TEXT, TEXT, "BIGINT"], TEXT),
    "regexp_extract_all": (extract_all, [TEXT, TEXT, "BIGINT"], "VARCHAR[]"),
    "regexp_count": (count, [TEXT, TEXT], "BIGINT"),
    "regexp_split": (split, [TEXT, TEXT], "VARCHAR[]"),
    "regexp_replace": (replace, [TEXT, TEXT, TEXT], TEXT),
    "regexp_position": (position, [TEXT, TEXT, "BIGINT", "BIGINT"], "BIGINT"),
    "regexp_pieces": (pieces, [TEXT, TEXT], "VARCHAR[][]"),
}
