"""OpenCSVSerde: quoted fields, every value a text that Trino then parses, strictly.

A line is a record: embedded line breaks are not supported, there as here. Athena goes on with broken
rows; here such a file is an error that says so.
https://docs.aws.amazon.com/athena/latest/ug/csv-serde.html
"""

from __future__ import annotations

import re
from dataclasses import replace

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.lines import NEVER, compression, header_lines, lines, paths_of
from cumulet.engines.sql.readers.text import REAL, WHOLE, character, control
from cumulet.engines.sql.trino.typed import fail, quote
from cumulet.engines.sql.trino.types import VARCHAR, Type

BROKEN = (
    "'A record with an unbalanced quote. OpenCSVSerDe does not support line breaks inside fields; write the data as "
    "Parquet or JSON, or replace the line breaks. The line starts: ' || left(line, 80)"
)


def read(reading: Reading) -> Source:
    separator, mark, escape = (
        one(reading, key, default)
        for key, default in (("separatorChar", ","), ("quoteChar", '"'), ("escapeChar", "\\"))
    )
    if regular(reading, separator, mark, escape):
        columns = [
            value(stripped(f"f{i}", escape, mark), kind, i) for i, (_, kind) in enumerate(reading.columns, 1)
        ]
        return Source(at_once(reading, separator, mark), columns)
    relation = (
        f"(SELECT {fields(separator, mark, escape)} AS fields, file_index FROM "
        f"{lines(reading)} WHERE line <> '')"
    )
    return Source(
        relation, [value(f"fields[{i}]", kind, i) for i, (_, kind) in enumerate(reading.columns, 1)]
    )


REGULAR: dict[tuple[str, ...], bool] = {}  # per path, which never changes, and its marks


def regular(reading: Reading, separator: str, mark: str, escape: str) -> bool:
    """Whether every line is plain CSV on its own, so that DuckDB's parser reads it as the SerDe does.

    Looked up once for each file: much faster afterwards than taking lines apart by regular expressions.
    """
    new = [each for each in reading.files if (each.path, separator, mark, escape) not in REGULAR]
    if new:
        s, q = (re.escape(c) if not c.isspace() else c for c in (separator, mark))
        field = f"(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{s}{q}]*)"
        plain = f"regexp_full_match(line, {quote(f'{field}(?:{s}{field})*')})"
        escapes = (
            ""
            if escape == mark
            else f" AND NOT contains(line, {quote(escape + mark)}) AND NOT contains(line, {quote(escape * 2)})"
        )
        answer = reading.holds(
            f"SELECT coalesce(bool_and({plain}{escapes}), TRUE) FROM {lines(replace(reading, files=new))}"
        )
        REGULAR.update({(each.path, separator, mark, escape): answer for each in new})
    return all(REGULAR[each.path, separator, mark, escape] for each in reading.files)


def at_once(reading: Reading, separator: str, mark: str) -> str:
    """Shorter lines are filled with NULL; what a longer one has too many is left out."""
    columns = ", ".join(f"'f{i}': 'VARCHAR'" for i in range(1, len(reading.columns) + 1))
    return (
        f"read_csv([{paths_of(reading)}], auto_detect=false, header=false, skip={header_lines(reading)}, "
        f"delim={control(separator)}, "
        f"quote={quote(mark)}, escape={quote(mark)}, null_padding=true, strict_mode=false, max_line_size=16777216, "
        f"columns={{{columns}}}, nullstr={quote(NEVER)}, compression={quote(compression(reading))})"
    )


def one(reading: Reading, key: str, default: str) -> str:
    text = character(reading.options.get(key, default) or default)
    if len(text) != 1:
        raise SqlError("HIVE_INVALID_METADATA", f"{key} must be one character, not {text!r}")
    return text


def fields(separator: str, mark: str, escape: str) -> str:
    """A line's fields: split at once where nothing is quoted, else token by token.

    Tokens must account for every character of the line, or the line is not what the SerDe can read.
    """
    s, q, e = (re.escape(c) if not c.isspace() else c for c in (separator, mark, escape))
    inside = f"(?:[^{q}]|{q}{q})*" if mark == escape else f"(?:[^{q}{e}]|{e}.|{q}{q})*"
    token = f"(?:^|{s})({q}{inside}{q}|[^{s}{q}]*)"
    found = f"regexp_extract_all(line, {quote(token)}, 1)"
    length = f"list_sum(list_transform({found}, lambda e: length(e))) + len({found}) - 1"
    parsed = f"list_transform({found}, lambda e: {unquoted('e', mark, escape)})"
    plain = f"string_split({stripped('line', escape, mark)}, {control(separator)})"
    return (
        f"CASE WHEN NOT contains(line, {quote(mark)}) THEN {plain} WHEN {length} <> length(line) "
        f"THEN {fail('HIVE_BAD_DATA', BROKEN, Type('array', parts=(VARCHAR,)))} ELSE {parsed} END"
    )


def stripped(text: str, escape: str, mark: str) -> str:
    """An escape that escapes neither a quote nor another one is dropped."""
    return text if escape == mark else f"replace({text}, {quote(escape)}, '')"


def unquoted(text: str, mark: str, escape: str) -> str:
    inner = f"replace(substr({text}, 2, length({text}) - 2), {quote(mark * 2)}, {quote(mark)})"
    if escape != mark:
        inner = f"regexp_replace({inner}, {quote(re.escape(escape) + '(.?)')}, '\\1', 'g')"
    return (
        f"CASE WHEN starts_with({text}, {quote(mark)}) THEN {inner} ELSE {stripped(text, escape, mark)} END"
    )


def value(field: str, kind: Type, place: int) -> str:
    """Dates are days and timestamps milliseconds since 1970, as the SerDe's page says."""
    if kind.base == "varchar":
        return f"left({field}, {kind.numbers[0]})" if kind.numbers else field
    wrong = (
        f"'Error parsing field value ''' || {field} || ''' for field {place - 1}: For "
        f"input string: \"' || {field} || '\"'"
    )
    bad = fail("HIVE_BAD_DATA", wrong, kind)
    if kind.base == "boolean":
        return f"CASE WHEN {field} IS NULL THEN NULL ELSE lower({field}) = 'true' END"
    if kind.base in ("date", "timestamp"):
        moment = (
            f"DATE '1970-01-01' + CAST({field} AS INTEGER)"
            if kind.base == "date"
            else f"make_timestamp(CAST({field} AS BIGINT) * 1000)"
        )
        return (
            f"CASE WHEN {field} IS NULL THEN NULL WHEN regexp_matches({field}, "
            f"{quote(WHOLE)}) THEN {moment} ELSE {bad} END"
        )
    if not kind.numeric:
        raise NotSupported(f"A quoted CSV column of type {kind}")
    pattern = WHOLE if kind.integral else REAL
    return (
        f"CASE WHEN {field} IS NULL THEN NULL WHEN regexp_matches({field}, "
        f"{quote(pattern)}) THEN CAST({field} AS {kind.duck}) ELSE {bad} END"
    )
