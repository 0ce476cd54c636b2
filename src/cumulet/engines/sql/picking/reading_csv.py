"""Records of CSV: lists of text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.picking import tabular
from cumulet.engines.sql.picking.base import Names, Question, Tally
from cumulet.engines.sql.picking.blocks import blocks
from cumulet.engines.sql.picking.columns_csv import Layout
from cumulet.engines.sql.picking.splitting import Row, Splitter, joined, whole
from cumulet.engines.sql.picking.statement import Path, Statement
from cumulet.engines.sql.picking.terms import Term, Untold
from cumulet.engines.sql.picking.values import Field

if TYPE_CHECKING:
    from pyarrow import Table


class CsvReader:
    def __init__(self, question: Question, statement: Statement, tally: Tally) -> None:
        tabular.check_source(statement.source)
        self.question = question
        self.statement = statement
        self.tally = tally
        self.form = question.source
        self.used: set[int] = set()
        self.first: Row | None = None
        self.names = Names(self._header(), known=True) if self.form.header == "USE" else Names()

    def portions(self) -> Iterator[Portion]:
        begins = self.question.span is None or self.question.span[0] == 0
        header = self.form.header != "NONE" and begins
        for text in self._texts(self.question, self.tally):
            portion = Portion(self, text, header=header)
            yield portion
            # A portion of comments alone does not hold the header.
            header = header and next(portion.rows(), None) is None

    def resolve(self, path: Path) -> Callable[[Row], Any]:
        return tabular.picked(tabular.column(path, self.statement, self.names), Field)

    def fields(self, row: Row) -> list[tuple[str, Any]]:
        return list(zip(tabular.labelled(self.names, row), row, strict=True))

    # --- by columns

    def column(self, path: Path) -> Term:
        return self._column(tabular.column(path, self.statement, self.names))

    def columns(self) -> list[tuple[str, Term]]:
        labels = tabular.labelled(self.names, self._header())
        return [(label, self._column(number)) for number, label in enumerate(labels)]

    def _column(self, number: int) -> Term:
        if number >= len(self._header()):
            raise Untold  # it is missing
        self.used.add(number)
        return Term(f"c{number}", "field", bare=True)

    def layout(self) -> Layout:
        return Layout(self.form, self.question.answer, len(self._header()), sorted(self.used))

    # --- text

    def _header(self) -> Row:
        """The first row, wherever the span begins."""
        if self.first is None:
            texts = self._texts(replace(self.question, span=None), Tally())
            rows = (row for text in texts for row in Portion(self, text, header=False).rows())
            self.first = next(rows, [])
        return self.first

    def _texts(self, question: Question, tally: Tally) -> Iterator[str]:
        found = blocks(question, self.form.record, tally)
        return whole(found, self.form) if self.form.quoted_records and self.form.quote else found


class Portion:
    """A block of whole records."""

    def __init__(self, reader: CsvReader, text: str, *, header: bool) -> None:
        self.reader = reader
        self.text = text
        self.header = header
        self.form = reader.form

    def records(self) -> Iterator[Row]:
        rows = self.rows()
        if self.header:
            next(rows, None)
        return rows

    def rows(self) -> Iterator[Row]:
        parse, comment = Splitter(self.form), self.form.comment
        for text in self._pieces():
            if text and not (comment and text.startswith(comment)):
                yield parse(text)

    def _pieces(self) -> Iterator[str]:
        found = iter(self.text.split(self.form.record))
        if self.form.quoted_records and self.form.quote:
            found = joined(found, self.form)
        if self.form.record == "\n":
            return (text.removesuffix("\r") for text in found)
        return found

    @property
    def plain(self) -> bool:
        return self.reader.layout().plain(self.text)

    def table(self) -> Table:
        return self.reader.layout().table(self.text).slice(1 if self.header else 0)
