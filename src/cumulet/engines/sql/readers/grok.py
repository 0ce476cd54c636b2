"""GrokSerDe: a column for each field of a grok pattern, by name; a line without a match is a row of NULLs.

https://docs.aws.amazon.com/athena/latest/ug/grok-serde.html
"""

from __future__ import annotations

from cumulet.engines.grok import BadPattern, Pattern, compiled
from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.lines import lines
from cumulet.engines.sql.readers.text import value
from cumulet.engines.sql.trino.typed import quote


def read(reading: Reading) -> Source:
    pattern = pattern_of(reading.options)
    text = quote(pattern.expression)
    relation = f"(SELECT cumulet_groups(line, {text}) AS fields, file_index FROM {lines(reading)})"
    fields = [field(pattern.groups.get(name.lower(), [])) for name, _ in reading.columns]
    pairs = zip(fields, reading.columns, strict=True)
    return Source(relation, [value(found, kind, reading.options, 0) for found, (_, kind) in pairs])


def field(groups: list[int]) -> str:
    """What is in the first of the groups that has anything."""
    if not groups:
        return "CAST(NULL AS VARCHAR)"
    return f"coalesce({', '.join(f'fields[{group}]' for group in groups)})"


def pattern_of(options: dict[str, str]) -> Pattern:
    if "input.format" not in options:
        raise SqlError("HIVE_INVALID_METADATA", 'This table does not have serde property "input.format"!')
    try:
        return compiled(options["input.format"], options.get("input.grokCustomPatterns", ""))
    except BadPattern as error:
        raise SqlError("HIVE_INVALID_METADATA", str(error)) from None
