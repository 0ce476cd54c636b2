"""Values to the bytes of the answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cumulet.engines.sql.picking.base import Form
from cumulet.engines.sql.picking.casting import text
from cumulet.engines.sql.picking.values import MISSING

Write = Callable[[list[tuple[str, Any]]], str]  # named values to a record's text


def writer(form: Form) -> Write:
    return json_writer(form) if form.kind == "json" else csv_writer(form)


def csv_writer(form: Form) -> Write:
    special = {form.delimiter, form.quote, form.record, "\n", "\r"} - {""}

    def field(value: Any) -> str:
        found = "" if value is None or value is MISSING else value if isinstance(value, str) else shown(value)
        if not form.quote or not (form.always_quote or any(each in found for each in special)):
            return found
        return form.quote + found.replace(form.quote, form.escape + form.quote) + form.quote

    return lambda fields: form.delimiter.join(field(value) for _, value in fields) + form.record


def shown(value: Any) -> str:
    return jsoned(value) if isinstance(value, dict | list) else text(value)


def json_writer(form: Form) -> Write:
    names: dict[str, str] = {}

    def named(name: str) -> str:
        if name not in names:
            names[name] = json.dumps(name, ensure_ascii=False)
        return names[name]

    def write(fields: list[tuple[str, Any]]) -> str:
        pairs = (f"{named(name)}:{jsoned(value)}" for name, value in fields if value is not MISSING)
        return "{" + ",".join(pairs) + "}" + form.record

    return write


def jsoned(value: Any) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if value is None or value is MISSING:
        return "null"
    if isinstance(value, dict):
        return "{" + ",".join(f"{jsoned(name)}:{jsoned(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jsoned, value)) + "]"
    found = text(value)
    numeric = isinstance(value, bool) or (found.lstrip("-")[:1].isdigit() and not hasattr(value, "moment"))
    return found if numeric else json.dumps(found)
