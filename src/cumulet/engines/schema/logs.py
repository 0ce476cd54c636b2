"""Lines of text that a grok pattern takes apart."""

from __future__ import annotations

import re

from cumulet.engines.grok import BadPattern, compiled
from cumulet.engines.schema.base import Column, Grok, Schema, Unrecognised

TRIED = 1000  # lines that decide
MOST = 0.7  # the part of them that must match


def read(text: str, complete: bool, hint: Grok) -> Schema:
    try:
        pattern = compiled(hint.pattern, hint.custom)
    except BadPattern as error:
        raise Unrecognised(str(error)) from None
    lines = text.splitlines()
    if not complete and len(lines) > 1:
        lines.pop()  # most likely cut in the middle
    full = [line for line in lines if line.strip()]
    tried = full[:TRIED]
    expression = re.compile(pattern.expression)
    matching = sum(1 for line in tried if expression.fullmatch(line))
    if not tried or matching < MOST * len(tried):
        raise Unrecognised(f"{matching} of {len(tried)} lines match")
    options = {"pattern": hint.pattern, "custom": hint.custom, "classification": hint.classification}
    columns = [Column(name, kind) for name, kind in pattern.fields.items()]
    size = max(1, round(len(text.encode()) / max(1, len(lines))))
    return Schema("grok", columns, options, len(full), size)
