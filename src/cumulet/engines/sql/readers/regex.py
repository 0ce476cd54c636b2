"""RegexSerDe: a column for each group of an expression; a line that does not match is a row of NULLs.

https://docs.aws.amazon.com/athena/latest/ug/regex-serde.html
"""

from __future__ import annotations

import re

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.lines import lines
from cumulet.engines.sql.readers.text import value
from cumulet.engines.sql.trino.typed import quote

NAMED = re.compile(r"\(\?<(?=[A-Za-z])")  # Java's (?<name>...), which Python writes (?P<name>...)


def read(reading: Reading) -> Source:
    pattern = python(reading.options)
    if (groups := re.compile(pattern).groups) < len(reading.columns):
        columns = len(reading.columns)
        text = f"Number of matching groups ({groups}) doesn't match the number of columns ({columns})"
        raise SqlError("HIVE_CURSOR_ERROR", text)
    relation = f"(SELECT cumulet_groups(line, {quote(pattern)}) AS fields, file_index FROM {lines(reading)})"
    fields = (f"fields[{place}]" for place in range(1, len(reading.columns) + 1))
    pairs = zip(fields, reading.columns, strict=True)
    return Source(relation, [value(field, kind, reading.options, 0) for field, (_, kind) in pairs])


def python(options: dict[str, str]) -> str:
    """Java's expression as Python reads it; what only Java has is refused."""
    if "input.regex" not in options:
        text = 'This table does not have serde property "input.regex"!'
        raise SqlError("HIVE_INVALID_METADATA", text)
    given = NAMED.sub("(?P<", options["input.regex"])
    if options.get("input.regex.case.insensitive", "").lower() == "true":
        given = f"(?i:{given})"
    try:
        re.compile(given)
    except re.error as error:
        raise NotSupported(f"The regular expression {options['input.regex']} ({error})") from None
    return given
