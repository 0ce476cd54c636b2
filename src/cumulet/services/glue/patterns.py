"""Regular expressions that callers give, matched so that none of them can hold up the server.

Python's own engine takes exponential time over some patterns while nothing else runs; RE2 (in Arrow) does
not, and reads all of Java's syntax but look-around and back-references, which are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from cumulet.services.glue.refusals import invalid

SIMPLE = re.compile(r"[A-Za-z0-9_-]*")
WILD = re.compile(r"(?<![.)\]}])(?<!\\[dDsSwW])\*")


def matching(expression: str, names: Iterable[str]) -> set[str]:
    """The names that an expression matches as a whole, whatever their case.

    A star by itself stands for any text, as Hive has it and Glue does: `tmp_*`, `*_raw`, and not only `tmp_.*`.
    """
    expression = WILD.sub(".*", expression)
    parts = expression.lower().split(".*")
    if all(SIMPLE.fullmatch(part) for part in parts):
        return {name for name in names if has_parts(name, parts)}
    return {name for name, hit in searched(expression, list(names)) if hit}


def has_parts(name: str, parts: list[str]) -> bool:
    """`a.*b.*c` without an engine: the common case, and no library is loaded for it."""
    if len(parts) == 1:
        return name == parts[0]
    first, *middle, last = parts
    if not (name.startswith(first) and name.endswith(last) and len(name) >= len(first) + len(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def searched(expression: str, names: list[str]) -> list[tuple[str, bool]]:
    import pyarrow
    import pyarrow.compute

    array = pyarrow.array(names, pyarrow.string())
    try:
        hits = pyarrow.compute.match_substring_regex(array, f"^(?:{expression})$", ignore_case=True)
    except pyarrow.ArrowInvalid as error:
        raise invalid(f"Expression {expression!r} cannot be read: {error}") from None
    return list(zip(names, hits.to_pylist(), strict=True))
