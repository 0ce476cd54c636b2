r"""Regular expressions: Trino speaks Java's, DuckDB RE2's.

What both read alike is passed on; look-around, back references and patterns that are not literals go to
Python (`engines/sql/regexps.py`). `$1` in
a replacement becomes `\1`, a match that is not there is NULL and not ''.
https://trino.io/docs/current/functions/regexp.html
"""

from __future__ import annotations

import re

from sqlglot import exp

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.regexps import may_be_empty, numbered, unknown
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.casting import cast_value
from cumulet.engines.sql.trino.functions.arrays import lambda_of
from cumulet.engines.sql.trino.functions.registry import Call, function
from cumulet.engines.sql.trino.typed import Typed, coerce, quote

UNKNOWN_TO_RE2 = re.compile(r"\(\?(?:[=!>]|<[=!])|\\[1-9]|\\k<|[*+?}]\+|\\[GhHRvVXZ]|&&")
OPTIONAL_GROUP = re.compile(r"\)(\?|\*|\{0|\{,)|\|")


def pattern_of(call: Call) -> Typed:
    """The pattern; `text` only where RE2 is known to read it as Java does."""
    value = call.to(call.arguments[1])
    if value.type.base == "char":
        value = cast_value(value, t.VARCHAR)  # with the spaces at its end
    if value.type.base != "varchar":
        raise call.unexpected(call.values())
    if value.text is None:
        return coerce(value, t.VARCHAR) if value.type != t.VARCHAR else value
    if not UNKNOWN_TO_RE2.search(value.text.replace("\\\\", "")):
        translated = re.sub(r"\(\?<([A-Za-z]\w*)>", r"(?P<\1>", value.text)
        well_formed(call, translated)
        return Typed(quote(translated), t.VARCHAR, text=translated)
    if (piece := unknown(value.text)) is not None:
        raise NotSupported(f"{call.to.at(call.tree)}: {piece} in the pattern of {call.name}")
    return Typed(value.sql, t.VARCHAR)


def well_formed(call: Call, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        if "global flags" in str(error) and call.name == "regexp_like":
            return  # RE2 takes (?i) in the middle, as Java does
        raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, str(error)) from None


def full(call: Call, pattern: Typed) -> Typed:
    """For all matches: RE2 skips an empty one right behind another, Java does not."""
    if pattern.text is not None and may_be_empty(pattern.text):
        return Typed(call.to(call.arguments[1]).sql, t.VARCHAR)
    return pattern


def subject(call: Call) -> Typed:
    value = call.to(call.arguments[0])
    if value.type.base not in ("varchar", "unknown"):
        raise call.unexpected(call.values())
    return coerce(value, t.VARCHAR)


def group_of(call: Call) -> Typed:
    return (
        coerce(call.to(call.arguments[2]), t.BIGINT)
        if len(call.arguments) > 2
        else Typed("0", t.BIGINT, number=0)
    )


def plain_group(call: Call, pattern: Typed, group: Typed) -> bool:
    """Whether RE2 gives the group as Java does: one that takes no part in the match is '' there."""
    if pattern.text is None or group.number is None:
        return False
    groups = re.compile(pattern.text).groups
    if group.number < 0:
        raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, "Group cannot be negative")
    if group.number > groups:
        raise call.to.error(
            "INVALID_FUNCTION_ARGUMENT",
            call.tree,
            f"Pattern has {groups} groups. Cannot access group {group.number}",
        )
    return not group.number or not OPTIONAL_GROUP.search(pattern.text)


@function("regexp_like")
def like(call: Call) -> Typed:
    pattern = pattern_of(call)
    name = "cumulet_regexp_like" if pattern.text is None else "regexp_matches"
    return Typed(f"{name}({subject(call).sql}, {pattern.sql})", t.BOOLEAN)


@function("regexp_extract")
def extract(call: Call) -> Typed:
    text, pattern, group = subject(call).sql, pattern_of(call), group_of(call)
    if not plain_group(call, pattern, group):
        return Typed(f"cumulet_regexp_extract({text}, {pattern.sql}, {group.sql})", t.VARCHAR)
    found = f"regexp_extract({text}, {pattern.sql}, {group.number})"
    return Typed(f"(CASE WHEN regexp_matches({text}, {pattern.sql}) THEN {found} END)", t.VARCHAR)


@function("regexp_extract_all")
def extract_all(call: Call) -> Typed:
    text, pattern, group = subject(call).sql, full(call, pattern_of(call)), group_of(call)
    name, at = "cumulet_regexp_extract_all", group.sql
    if plain_group(call, pattern, group):
        name, at = "regexp_extract_all", str(group.number)
    return Typed(f"{name}({text}, {pattern.sql}, {at})", t.array(t.VARCHAR))


@function("regexp_count")
def count(call: Call) -> Typed:
    text, pattern = subject(call).sql, full(call, pattern_of(call))
    if pattern.text is None:
        return Typed(f"cumulet_regexp_count({text}, {pattern.sql})", t.BIGINT)
    return Typed(f"CAST(len(regexp_extract_all({text}, {pattern.sql})) AS BIGINT)", t.BIGINT)


@function("regexp_split")
def split(call: Call) -> Typed:
    pattern = pattern_of(call)
    if pattern.text is not None and may_be_empty(pattern.text):
        raise NotSupported(f"{call.to.at(call.tree)}: regexp_split at empty matches")
    name = "cumulet_regexp_split" if pattern.text is None else "string_split_regex"
    return Typed(f"{name}({subject(call).sql}, {pattern.sql})", t.array(t.VARCHAR))


@function("regexp_replace")
def replace(call: Call) -> Typed:
    text, pattern = subject(call).sql, full(call, pattern_of(call))
    if len(call.arguments) == 3 and isinstance(call.arguments[2], exp.Lambda):
        return replaced_by(call, text, call.to(call.arguments[1]))
    new = call.to(call.arguments[2]) if len(call.arguments) == 3 else Typed("''", t.VARCHAR, text="")
    written = None
    if new.text is not None and pattern.text is not None:
        written = replacement(call, new.text, pattern.text)
    if written is None:
        if pattern.text is not None:
            pattern = call.to(call.arguments[1])  # as it was written: Python is asked
        return Typed(
            f"cumulet_regexp_replace({text}, {pattern.sql}, {coerce(new, t.VARCHAR).sql})", t.VARCHAR
        )
    return Typed(f"regexp_replace({text}, {pattern.sql}, {quote(written)}, 'g')", t.VARCHAR)


def replaced_by(call: Call, text: str, pattern: Typed) -> Typed:
    """Each match by what a lambda makes of its groups; NULL where that is NULL for one of them."""
    names, body = lambda_of(call, 2, [t.array(t.VARCHAR)])
    if body.type.base not in ("varchar", "unknown"):
        raise call.unexpected([])
    piece, at = call.to.plan.alias("p"), call.to.plan.alias("p")
    found = f"cumulet_regexp_pieces({text}, {coerce(pattern, t.VARCHAR).sql})"
    made = f"list_transform([({piece})[2:]], lambda {names[0]}: {body.sql})[1]"
    last = f"{at} = len({found})"
    shown = f"({piece})[1] || CASE WHEN {last} THEN '' ELSE {made} END"
    parts = f"list_transform({found}, lambda {piece}, {at}: {shown})"
    return Typed(
        f"(CASE WHEN len({parts}) = list_count({parts}) THEN array_to_string({parts}, '') END)", t.VARCHAR
    )


@function("regexp_position")
def position(call: Call) -> Typed:
    if not 2 <= len(call.arguments) <= 4:
        raise call.unexpected(call.values())
    pattern = coerce(call.to(call.arguments[1]), t.VARCHAR).sql
    places = [coerce(call.to(each), t.BIGINT).sql for each in call.arguments[2:]]
    start, number = [*places, "CAST(1 AS BIGINT)", "CAST(1 AS BIGINT)"][:2]
    return Typed(f"cumulet_regexp_position({subject(call).sql}, {pattern}, {start}, {number})", t.BIGINT)


def replacement(call: Call, text: str, pattern: str) -> str | None:
    """Java's replacement in RE2's words: $1, ${name} and escaped characters; nothing where RE2 has no word."""
    known = re.compile(pattern)
    out, at, text = "", 0, numbered(text, known.groups)
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            out += "\\\\" if text[at + 1] == "\\" else text[at + 1]
            at += 2
        elif (found := re.compile(r"\$\{(?:#(\d+)|([A-Za-z]\w*))\}").match(text, at)) is not None:
            group = known.groupindex.get(found[2], -1) if found[2] else int(found[1])
            if not 0 <= group <= known.groups:
                raise call.to.error(
                    "INVALID_FUNCTION_ARGUMENT",
                    call.tree,
                    f"Illegal replacement sequence: unknown group {found[1] or found[2]}",
                )
            if group > 9:
                return None
            out += f"\\{group}"
            at = found.end()
        elif text[at] in "$\\":
            raise call.to.error("INVALID_FUNCTION_ARGUMENT", call.tree, "Illegal group reference")
        else:
            out += text[at]
            at += 1
    return out
