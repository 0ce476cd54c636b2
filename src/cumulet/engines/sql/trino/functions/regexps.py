r"""Regular expressions: Trino speaks Java's, DuckDB RE2's.

What both read alike is passed on; look-around and back references are refused, for RE2 has none. `$1` in
a replacement becomes `\1`, a match that is not there is NULL and not ''.
https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import re

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.typed import Typed, coerce, quote

UNKNOWN_TO_RE2 = re.compile(r"\(\?[=!<>](?!P)|\\[1-9]|\\k<|[*+?}]\+|\\[GhHRvVXZ]|&&")
OPTIONAL_GROUP = re.compile(r"\)(\?|\*|\{0|\{,)|\|")


def pattern_of(call: Call, place: int = 1) -> Typed:
    """The pattern, which must be a literal: only then is it known that both engines read it alike."""
    value = call.to(call.arguments[place])
    if value.type.base != "varchar":
        raise call.unexpected(call.values())
    if value.text is None:
        raise NotSupported(f"{call.to.at(call.tree)}: {call.name} with a pattern that is not a literal")
    if UNKNOWN_TO_RE2.search(value.text.replace("\\\\", "")):
        raise NotSupported(
            f"{call.to.at(call.tree)}: look-around, back references and possessive quantifiers in {call.name}"
        )
    translated = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", value.text)
    return Typed(quote(translated), t.VARCHAR, text=translated)


def subject(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    if value.type.base not in ("varchar", "unknown"):
        raise call.unexpected(call.values())
    return coerce(value, t.VARCHAR)


def group_of(call: Call, pattern: Typed) -> int:
    if len(call.arguments) < 3:
        return 0
    found = call.to(call.arguments[2]).number
    if found is None:
        raise NotSupported(f"{call.to.at(call.tree)}: {call.name} with a group that is not a literal")
    groups = re.compile(pattern.text or "").groups
    if found > groups:
        raise call.to.error(
            "INVALID_FUNCTION_ARGUMENT",
            call.tree,
            f"Pattern has {groups} groups. Cannot access group {found}",
        )
    if found and OPTIONAL_GROUP.search(pattern.text or ""):
        raise NotSupported(
            f"{call.to.at(call.tree)}: {call.name} with groups that may not take part in a match"
        )
    return found


@function("regexp_like")
def like(call: Call) -> Typed:
    return Typed(f"regexp_matches({subject(call).sql}, {pattern_of(call).sql})", t.BOOLEAN)


@function("regexp_extract")
def extract(call: Call) -> Typed:
    text, pattern = subject(call).sql, pattern_of(call)
    group = group_of(call, pattern)
    return Typed(
        f"(CASE WHEN regexp_matches({text}, {pattern.sql}) THEN regexp_extract({text}, {pattern.sql}, {group}) END)",
        t.VARCHAR,
    )


@function("regexp_extract_all")
def extract_all(call: Call) -> Typed:
    text, pattern = subject(call).sql, pattern_of(call)
    return Typed(f"regexp_extract_all({text}, {pattern.sql}, {group_of(call, pattern)})", t.array(t.VARCHAR))


@function("regexp_count")
def count(call: Call) -> Typed:
    return Typed(
        f"CAST(len(regexp_extract_all({subject(call).sql}, {pattern_of(call).sql})) AS BIGINT)", t.BIGINT
    )


@function("regexp_split")
def split(call: Call) -> Typed:
    pattern = pattern_of(call)
    if re.compile(pattern.text or "").match(""):
        raise NotSupported(f"{call.to.at(call.tree)}: regexp_split at empty matches")
    return Typed(f"string_split_regex({subject(call).sql}, {pattern.sql})", t.array(t.VARCHAR))


@function("regexp_replace")
def replace(call: Call) -> Typed:
    text, pattern = subject(call).sql, pattern_of(call)
    if len(call.arguments) == 2:
        return Typed(f"regexp_replace({text}, {pattern.sql}, '', 'g')", t.VARCHAR)
    new = call.to(call.arguments[2])
    if new.text is None:
        raise NotSupported(
            f"{call.to.at(call.tree)}: regexp_replace with a replacement that is not a literal"
        )
    return Typed(
        f"regexp_replace({text}, {pattern.sql}, {quote(replacement(call, new.text, pattern.text or ''))}, 'g')",
        t.VARCHAR,
    )


def replacement(call: Call, text: str, pattern: str) -> str:
    """Java's replacement in RE2's words: $1, ${name} and escaped characters."""
    compiled = re.compile(pattern)
    out, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            out += "\\\\" if text[at + 1] == "\\" else text[at + 1]
            at += 2
        elif (found := re.compile(r"\$(\d|\{([A-Za-z]\w*)\})").match(text, at)) is not None:
            group = compiled.groupindex.get(found[2], -1) if found[2] else int(found[1])
            if not 0 <= group <= compiled.groups:
                raise call.to.error(
                    "INVALID_FUNCTION_ARGUMENT",
                    call.tree,
                    f"Illegal replacement sequence: unknown group {found[1]}",
                )
            if group > 9:
                raise NotSupported("More than 9 groups in a replacement")
            out += f"\\{group}"
            at = found.end()
        elif text[at] == "$":
            raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, "Illegal group reference")
        else:
            out += text[at]
            at += 1
    return out
