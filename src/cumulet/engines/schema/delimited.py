"""Delimited text: which delimiter, quotes or none, a header or none, and the columns' types.

The delimiter is the one that cuts the lines most evenly. Quotes count only where reading with them keeps the
lines even: a TSV whose texts hold stray quotes is read as it is.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cumulet.engines.schema import types
from cumulet.engines.schema.base import Column, Delimited, Schema, Unrecognised

# How long a field may be is bounded by how much of a file is looked at; the limit is the whole process's.
csv.field_size_limit(1 << 30)

DELIMITERS = ",|\t;\x01"
TRIED = 1000  # lines that decide on the delimiter
EVEN = 0.7  # the part of the lines that must have the same number of fields
LONGEST_NAME = 150  # characters
Rows = list[list[str]]


@dataclass(slots=True)
class Cut:
    """One way to cut a text into rows, and how well it does."""

    delimiter: str
    quote: str | None
    rows: Rows
    width: int
    evenness: float
    clean: bool = True  # every quote opens or closes a field, or is doubled

    @property
    def rank(self) -> tuple[float, int, int]:
        quoting = 0 if self.quote is None else 1 if self.clean else -1
        return self.evenness, quoting, self.width


def read(text: str, complete: bool, hint: Delimited | None = None) -> Schema:
    """A delimited text's schema; `complete` says whether it is the whole file."""
    hint = hint or Delimited()
    best = best_cut(text, hint)
    rows = cut(text, best.delimiter, best.quote)
    if not complete and len(rows) > 1:
        rows.pop()  # most likely cut in the middle
    if hint.trim:
        rows = [[field.strip() for field in row] for row in rows]
    return schema(rows, best, hint, len(text.encode()))


def best_cut(text: str, hint: Delimited) -> Cut:
    head = "".join(text.splitlines(keepends=True)[:TRIED])
    quotes = [hint.quote] if hint.quote else ['"', None]
    cuts = [weighed(head, delimiter, quote) for delimiter in hint.delimiter or DELIMITERS for quote in quotes]
    smallest = 1 if hint.single_column else 2
    fitting = [one for one in cuts if one.width >= smallest and one.evenness >= EVEN]
    if not fitting:
        raise Unrecognised("no delimiter cuts the lines evenly")
    return max(fitting, key=lambda one: one.rank)


def weighed(text: str, delimiter: str, quote: str | None) -> Cut:
    rows = cut(text, delimiter, quote)
    if len(rows) > 1:
        rows.pop()  # the head may end within a quoted field
    if not rows:
        return Cut(delimiter, quote, [], 0, 0.0)
    width, often = Counter(map(len, rows)).most_common(1)[0]
    quoted = quote if quote and quote in text else None
    return Cut(
        delimiter, quoted, rows, width, often / len(rows), not quoted or is_clean(text, delimiter, quote)
    )


def is_clean(text: str, delimiter: str, quote: str | None) -> bool:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        return "end of data" in str(error)  # the head may end within a quoted field
    return True


def cut(text: str, delimiter: str, quote: str | None) -> Rows:
    lines = io.StringIO(text, newline="")
    if quote:
        reader = csv.reader(lines, delimiter=delimiter, quotechar=quote)
    else:
        reader = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return [row for row in reader if row]


def schema(rows: Rows, found: Cut, hint: Delimited, size: int) -> Schema:
    width = len(rows[0]) if rows and len(rows[0]) > 1 else found.width
    body = rows[1:]
    body_types = [column_type(body, number) for number in range(width)]
    header = hint.header
    if header is None:
        header = looks_like_header(rows[0], body_types) if len(rows) > 1 else False
    if header is False and hint.header is None and not hint.names and len(rows) < 2:
        raise Unrecognised("fewer than two rows")
    data = body if header else rows
    inferred = body_types if header else [column_type(rows, number) for number in range(width)]
    names = distinct(hint.names or (rows[0] if header else []), width)
    options = {
        "delimiter": found.delimiter,
        "quote": found.quote,
        "header": header,
        "blank": [any(len(row) <= number or not row[number] for row in data) for number in range(width)],
    }
    columns = [Column(name, kind) for name, kind in zip(names, chosen(inferred, hint.types), strict=True)]
    return Schema("csv", columns, options, len(data), max(1, round(size / max(1, len(rows)))))


def chosen(inferred: list[str | None], given: list[str]) -> list[str]:
    """The types that were said, for as many columns as they were said; what was always empty is a string."""
    return [given[i] if i < len(given) else kind or "string" for i, kind in enumerate(inferred)]


def column_type(rows: Rows, number: int) -> str | None:
    return types.of_texts(row[number] for row in rows if number < len(row))


def looks_like_header(row: list[str], body: Iterable[str | None]) -> bool:
    """Texts that could be names, above columns that are not all texts.

    A name is neither empty nor 150 characters long, but the last may be, as a trailing delimiter leaves it.
    """
    *first, last = row
    if any(types.of_text(name) != "string" or len(name) >= LONGEST_NAME or "\n" in name for name in first):
        return False
    return types.of_text(last) in ("string", None) and any(kind not in ("string", None) for kind in body)


def distinct(names: list[str], width: int) -> list[str]:
    """A name for every column, in lower case; a repeated name gets its column's number behind it."""
    result: list[str] = []
    for number in range(width):
        name = names[number].strip().lower() if number < len(names) else ""
        name = name or f"col{number}"
        result.append(f"{name}_{number}" if name in result else name)
    return result
