"""Records of CSV: lists of text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from cumulet.engines.sql.picking import tabular
from cumulet.engines.sql.picking.base import Form, Names, Question, Refused, Tally
from cumulet.engines.sql.picking.blocks import blocks
from cumulet.engines.sql.picking.statement import Path, Statement
from cumulet.engines.sql.picking.values import Field

Row = list[str]


class CsvReader:
    def __init__(self, question: Question, statement: Statement, tally: Tally) -> None:
        tabular.check_source(statement.source)
        self.question = question
        self.statement = statement
        self.tally = tally
        self.form = question.source
        self.names = Names(self._header(), known=True) if self.form.header == "USE" else Names()

    def records(self) -> Iterator[Row]:
        rows = self._rows(self.question, self.tally)
        begins = self.question.span is None or self.question.span[0] == 0
        if self.form.header != "NONE" and begins:
            next(rows, None)
        return rows

    def resolve(self, path: Path) -> Callable[[Row], Any]:
        return tabular.picked(tabular.column(path, self.statement, self.names), Field)

    def fields(self, row: Row) -> list[tuple[str, Any]]:
        return list(zip(tabular.labelled(self.names, row), row, strict=True))

    def _header(self) -> list[str]:
        """The first row, wherever the span begins."""
        return next(self._rows(replace(self.question, span=None), Tally()), [])

    def _rows(self, question: Question, tally: Tally) -> Iterator[Row]:
        parse, comment = Splitter(self.form), self.form.comment
        for text in self._texts(question, tally):
            if text and not (comment and text.startswith(comment)):
                yield parse(text)

    def _texts(self, question: Question, tally: Tally) -> Iterator[str]:
        found: Iterator[str] = (
            text
            for block in blocks(question, self.form.record, tally)
            for text in block.split(self.form.record)
        )
        if self.form.quoted_records and self.form.quote:
            found = joined(found, self.form)
        if self.form.record == "\n":
            return (text.removesuffix("\r") for text in found)
        return found


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
