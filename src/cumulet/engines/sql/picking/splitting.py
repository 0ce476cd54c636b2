"""Text of CSV to records, and records to fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cumulet.engines.sql.picking.base import Form, Refused
from cumulet.engines.sql.picking.blocks import CHUNK

Row = list[str]


def whole(blocks: Iterable[str], form: Form) -> Iterator[str]:
    """Blocks that end between records, also where fields in quotes hold the delimiter."""
    rest = ""
    for block in blocks:
        rest = rest + form.record + block if rest else block
        end = boundary(rest, form)
        if end:
            yield rest[:end].removesuffix(form.record)
            rest = rest[end:]
        elif len(rest) > CHUNK:
            raise Refused("OverMaxRecordSize", "The length of a record in the input is greater than 1 MB.")
    if rest:
        yield rest


def boundary(text: str, form: Form) -> int:
    """Where the last record ends that does: behind its delimiter, or at the end of all; 0 where none does."""
    if form.escape not in ("", form.quote) and form.escape in text:
        return _forward(text, form)
    if text.count(form.quote) % 2 == 0:
        return len(text)
    opening = text.rfind(form.quote)  # of the field that has not ended
    while True:
        closing = text.rfind(form.quote, 0, opening)
        found = text.rfind(form.record, closing + 1, opening)
        if found >= 0:
            return found + len(form.record)
        if closing < 0:
            return 0
        opening = text.rfind(form.quote, 0, closing)


def _forward(text: str, form: Form) -> int:
    """The same where only from the front it can be told which quotes are escaped."""
    found = at = 0
    is_open = False
    escaped = re.compile(re.escape(form.escape) + ".", re.DOTALL)
    for piece in text.split(form.record):
        is_open ^= escaped.sub("", piece).count(form.quote) % 2 == 1
        at += len(piece) + len(form.record)
        found = found if is_open else at
    return min(found, len(text))


def joined(texts: Iterator[str], form: Form) -> Iterator[str]:
    """Pieces put together again that a delimiter between quotes had parted."""
    held: list[str] = []
    is_open = False
    escaped = (
        re.compile(re.escape(form.escape) + ".", re.DOTALL) if form.escape not in ("", form.quote) else None
    )
    for text in texts:
        plain = escaped.sub("", text) if escaped and form.escape in text else text
        is_open ^= plain.count(form.quote) % 2 == 1
        held.append(text)
        if not is_open:
            yield form.record.join(held) if len(held) > 1 else text
            held = []
    if held:
        raise Refused(
            "CSVParsingError", "Encountered an error parsing the CSV file: a quoted field does not end."
        )


class Splitter:
    """A record's text to its fields."""

    def __init__(self, form: Form) -> None:
        self.delimiter, self.quote, self.escape = form.delimiter, form.quote, form.escape

    def __call__(self, text: str) -> Row:
        if not self.quote or self.quote not in text:
            return text.split(self.delimiter)
        row: Row = []
        at = 0
        while True:
            field, at = self._quoted(text, at) if text.startswith(self.quote, at) else self._plain(text, at)
            row.append(field)
            if at == len(text):
                return row
            at += len(self.delimiter)

    def _plain(self, text: str, at: int) -> tuple[str, int]:
        end = text.find(self.delimiter, at)
        end = len(text) if end < 0 else end
        return text[at:end], end

    def _quoted(self, text: str, at: int) -> tuple[str, int]:
        """A field in quotes; where it ends there must be a delimiter or nothing."""
        found = ""
        at += 1
        while True:
            end = text.find(self.quote, at)
            mark = text.find(self.escape, at) if self.escape else -1
            if 0 <= mark < end or (mark == end and text.startswith(self.quote, end + 1) and end >= 0):
                found += text[at:mark] + text[mark + 1 : mark + 2]
                at = mark + 2
                continue
            if end < 0:
                raise Refused(
                    "CSVParsingError",
                    "Encountered an error parsing the CSV file: a quoted field does not end.",
                )
            break
        found, at = found + text[at:end], end + 1
        if at < len(text) and not text.startswith(self.delimiter, at):
            raise Refused(
                "CSVUnescapedQuote", "A quote within a quoted field is not escaped. Check the file."
            )
        return found, at
