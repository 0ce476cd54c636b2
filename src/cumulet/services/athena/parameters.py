"""Values of execution parameters as SQL.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W\d]\w*")
EXPRESSIONS = {"true", "false", "null", "localtime", "localtimestamp"}
EXPRESSIONS |= {f"current_{each}" for each in ("catalog", "date", "schema", "time", "timestamp", "user")}


def expressions(given: list[str]) -> list[str]:
    """Each value is an expression; a single word is a text, since no column is in sight of it."""
    return [f"'{each}'" if is_text(each) else each for each in given]


def is_text(value: str) -> bool:
    return WORD.fullmatch(value.strip()) is not None and value.strip().lower() not in EXPRESSIONS
