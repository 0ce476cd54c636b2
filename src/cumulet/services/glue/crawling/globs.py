"""The glob patterns of exclusions, by Glue's rules.

`*` and `?` stay within a folder, `**` crosses folders, `[a-z]` and `[!a]` are sets, `{a,b}` are alternatives,
a backslash takes a character's meaning away.
https://docs.aws.amazon.com/glue/latest/dg/define-crawler.html#crawler-data-stores-exclude
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"\\(?P<escaped>.)|(?P<stars>\*+)|\[(?P<not>[!^]?)(?P<set>[^\]/]+)\]|(?P<other>.)", re.DOTALL
)


def expression(glob: str) -> str:
    """A glob as a regular expression (of RE2's kind) for whole relative keys."""
    parts, depth = [], 0
    for match in TOKEN.finditer(glob):
        other = match["other"]
        if other == "{":
            depth += 1
            parts.append("(?:")
        elif other == "}" and depth:
            depth -= 1
            parts.append(")")
        elif other == "," and depth:
            parts.append("|")
        else:
            parts.append(part(match))
    return "".join(parts) + ")" * depth


def part(match: re.Match[str]) -> str:
    if match["escaped"]:
        return re.escape(match["escaped"])
    if match["stars"]:
        return "(?s:.*)" if len(match["stars"]) > 1 else "[^/]*"
    if match["set"]:
        inner = match["set"].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{'^/' if match['not'] else ''}{inner}]"
    return "[^/]" if match["other"] == "?" else re.escape(match["other"])


def excluded(globs: list[str], keys: list[str]) -> set[str]:
    """The keys that any glob matches. By RE2, whose time is linear in the key whatever the glob."""
    if not globs or not keys:
        return set()
    import pyarrow
    import pyarrow.compute

    array = pyarrow.array(keys, pyarrow.string())
    found: set[str] = set()
    for glob in globs:
        hits = pyarrow.compute.match_substring_regex(array, f"^(?:{expression(glob)})$")
        found.update(key for key, hit in zip(keys, hits.to_pylist(), strict=True) if hit)
    return found
