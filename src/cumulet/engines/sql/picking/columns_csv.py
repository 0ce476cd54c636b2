"""CSV to columns of text, where Arrow's parser certainly finds the same fields in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.picking.base import Doubt, Form

if TYPE_CHECKING:
    from pyarrow import Table

BLOCK = 1 << 20  # bytes that one thread parses
CONTROLS = re.compile(r"[\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Layout:
    """`width`: the fields that a record has; `used`: which of them are asked for."""

    source: Form
    answer: Form
    width: int
    used: list[int]

    def plain(self, text: str) -> bool:
        """Whether no field holds a character that means something in the answer."""
        source, answer = self.source, self.answer
        if source.quote and source.quote in text:
            return False
        if answer.kind == "json":
            rest = text.replace(source.record, "").replace("\r", "") if source.record == "\n" else text
            clean = rest.isprintable() or not CONTROLS.search(rest)  # the first is much faster
            return clean and '"' not in text and "\\" not in text
        parted = {source.delimiter, source.record} | ({"\r"} if source.record == "\n" else set())
        special = {answer.delimiter, answer.quote, answer.record, "\n", "\r"} - parted - {""}
        return not any(each in text for each in special)

    def table(self, text: str) -> Table:
        import pyarrow
        from pyarrow import csv

        if not self.width:
            raise Doubt
        lines = Lines(self.source, text)
        names = [f"c{number}" for number in range(self.width)]
        used = [names[number] for number in self.used or [0]]
        try:
            return csv.read_csv(
                pyarrow.BufferReader(lines.data()),
                csv.ReadOptions(column_names=names, block_size=BLOCK),
                csv.ParseOptions(**lines.options()),
                csv.ConvertOptions(
                    include_columns=used,
                    column_types=dict.fromkeys(used, pyarrow.string()),
                    strings_can_be_null=False,
                    null_values=[],
                ),
            )
        except pyarrow.ArrowException:
            raise Doubt from None


class Lines:
    """Whole records as Arrow reads them: one a line, quotes where they belong."""

    def __init__(self, form: Form, text: str) -> None:
        self.form = form
        self.text = text
        self.is_quoted = bool(form.quote) and form.quote in text

    def options(self) -> dict[str, Any]:
        quote = self.form.quote if self.is_quoted else False
        return {
            "delimiter": self.form.delimiter,
            "quote_char": quote,
            "double_quote": self.form.escape == self.form.quote,
            "newlines_in_values": self.is_quoted and self.form.quoted_records,
        }

    def data(self) -> bytes:
        form = self.form
        if not form.delimiter.isascii() or len(form.delimiter) != 1 or form.delimiter in "\r\n":
            raise Doubt
        text = self._uncommented(self.text)
        if text.startswith("\ufeff"):
            raise Doubt
        text = self._by_lines(text + form.record)
        data = text.encode()
        if self.is_quoted:
            self._check_quotes(data)
        return data

    def _uncommented(self, text: str) -> str:
        mark, record = self.form.comment, self.form.record
        if not mark or not (text.startswith(mark) or record + mark in text):
            return text
        if self.is_quoted:
            raise Doubt
        return record.join(line for line in text.split(record) if not line.startswith(mark))

    def _by_lines(self, text: str) -> str:
        record = self.form.record
        returns = text.count("\r")
        if record == "\n":
            if returns and returns != text.count("\r\n"):
                raise Doubt
            return text
        if record == "\r\n":
            if not returns == text.count("\n") == text.count("\r\n"):
                raise Doubt
            return text
        if returns or "\n" in text:
            raise Doubt
        return text.replace(record, "\n")

    def _check_quotes(self, data: bytes) -> None:
        """Whether quotes open where fields begin, close where they end, and are doubled within."""
        import numpy

        form = self.form
        if not form.quote.isascii() or form.quote in form.delimiter or form.quote in form.record:
            raise Doubt
        if form.escape != form.quote and form.escape in self.text:
            raise Doubt
        bytes_ = numpy.frombuffer(b"\n" + data, numpy.uint8)
        at = numpy.flatnonzero(bytes_ == ord(form.quote))
        if len(at) % 2:
            raise Doubt
        edges = numpy.zeros(256, bool)
        edges[[ord(form.delimiter), 10]] = True
        before, after = edges.copy(), edges.copy()
        after[13] = True  # of a line's end: there are no others
        if form.escape == form.quote:
            before[ord(form.quote)] = after[ord(form.quote)] = True
        if not (before[bytes_[at[::2] - 1]].all() and after[bytes_[at[1::2] + 1]].all()):
            raise Doubt
        self._check_breaks(bytes_, at)

    def _check_breaks(self, data: Any, quotes: Any) -> None:
        """Line breaks within quotes are for those who allow them, and for lines alone."""
        import numpy

        breaks = numpy.flatnonzero(data[1:] == 10) + 1
        within = (numpy.searchsorted(quotes, breaks) % 2).any()
        if within and not (self.form.quoted_records and self.form.record == "\n"):
            raise Doubt
