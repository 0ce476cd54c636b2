"""Values to the text of the answer's records, by DuckDB."""

from __future__ import annotations

import json

from cumulet.engines.sql.picking.base import Form
from cumulet.engines.sql.picking.terms import DOUBT, Term, Untold, quoted

NUMERIC = set("0123456789.+-einfatrusl")
CONTROLS = r"[\x00-\x07\x0b\x0e-\x1f]"


def printed(items: list[tuple[str, Term]], form: Form, *, plain: bool) -> str:
    """A record. `plain`: no field that is read holds a character that means something in the answer."""
    return _json(items, form, plain) if form.kind == "json" else _csv(items, form, plain)


def _concatenated(pieces: list[str]) -> str:
    """Constants that stand beside one another are one."""
    found: list[str] = []
    for piece in pieces:
        if found and piece.startswith("'") and found[-1].startswith("'"):
            found[-1] = found[-1][:-1] + piece[1:]
        elif piece != "''":
            found.append(piece)
    return "(" + (" || ".join(found) or "''") + ")"


def _csv(items: list[tuple[str, Term]], form: Form, plain: bool) -> str:
    pieces: list[str] = []
    for number, (_, term) in enumerate(items):
        if number:
            pieces.append(quoted(form.delimiter))
        pieces.append(_field(term, form, plain))
    return _concatenated([*pieces, quoted(form.record)])


def _field(term: Term, form: Form, plain: bool) -> str:
    special = {form.delimiter, form.quote, form.record, "\n", "\r"} - {""}
    text = term.sql if term.bare else f"coalesce({_shown(term)}, '')"
    if not form.quote:
        return text
    mark, inner = (
        quoted(form.quote),
        f"replace({text}, {quoted(form.quote)}, {quoted(form.escape + form.quote)})",
    )
    within = f"({mark} || {inner} || {mark})"
    if form.always_quote:
        return within
    certain = NUMERIC.isdisjoint("".join(special)) if not term.is_text else plain and term.bare
    if certain:
        return text
    needed = " OR ".join(f"contains({text}, {quoted(each)})" for each in sorted(special))
    return f"(CASE WHEN {needed} THEN {within} ELSE {text} END)"


def _shown(term: Term) -> str:
    if term.kind in ("decimal", "json"):
        raise Untold
    return f"{term.sql}::VARCHAR"


def _json(items: list[tuple[str, Term]], form: Form, plain: bool) -> str:
    pieces = [quoted("{")]
    for number, (name, term) in enumerate(items):
        pieces += [quoted(("," if number else "") + json.dumps(name, ensure_ascii=False) + ":")]
        pieces += _value(term, plain)
    return _concatenated([*pieces, quoted("}" + form.record)])


def _value(term: Term, plain: bool) -> list[str]:
    if term.kind == "null":
        return ["'null'"]
    if plain and term.bare:
        return ["""'"'""", term.sql, """'"'"""]
    if term.is_text:
        text = f"CASE WHEN regexp_matches({term.sql}, '{CONTROLS}') THEN {DOUBT} ELSE to_json({term.sql})::VARCHAR END"
        return [f"coalesce({text}, 'null')"]
    shown = _shown(term)
    if term.kind == "float":
        shown = f"""CASE WHEN isfinite({term.sql}) THEN {shown} ELSE '"' || {shown} || '"' END"""
    return [f"coalesce({shown}, 'null')"]
