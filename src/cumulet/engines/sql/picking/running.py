"""Answering a question: which records, which of their fields, into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from cumulet.engines.sql.picking import statement as parts
from cumulet.engines.sql.picking import timestamps
from cumulet.engines.sql.picking.base import Question, Tally
from cumulet.engines.sql.picking.compiling import Compiler, truth
from cumulet.engines.sql.picking.folding import Fold
from cumulet.engines.sql.picking.parser import parse, too_deep
from cumulet.engines.sql.picking.reading_csv import CsvReader
from cumulet.engines.sql.picking.reading_json import JsonReader
from cumulet.engines.sql.picking.reading_parquet import ParquetReader
from cumulet.engines.sql.picking.statement import Aggregate, Item, Statement
from cumulet.engines.sql.picking.values import MISSING
from cumulet.engines.sql.picking.writing import writer

Fields = list[tuple[str, Any]]
GATHERED = 1000  # records that go to the file in one piece


class Reader(Protocol):
    """The records of one kind of file."""

    def records(self) -> Iterator[Any]: ...

    def resolve(self, path: parts.Path) -> Callable[[Any], Any]: ...

    def fields(self, record: Any) -> Fields:
        """All of a record, for `*`."""


READERS: dict[str, Callable[[Question, Statement, Tally], Reader]] = {
    "csv": CsvReader,
    "json lines": JsonReader,
    "json document": JsonReader,
    "parquet": ParquetReader,
}


def answer(question: Question) -> Tally:
    """Write the answer to the question's target."""
    try:
        return _answer(question)
    except RecursionError:
        raise too_deep() from None


def _answer(question: Question) -> Tally:
    tally = Tally()
    statement = parse(question.text)
    reader = READERS[question.source.kind](question, statement, tally)
    write, gathered = writer(question.answer), []
    with Path(question.target).open("wb") as file:
        for fields in Picking(question, statement, reader).answers():
            gathered.append(write(fields))
            if len(gathered) == GATHERED:
                tally.returned += file.write("".join(gathered).encode())
                gathered = []
        tally.returned += file.write("".join(gathered).encode())
    return tally


class Picking:
    """A statement at work on the records of a file."""

    def __init__(self, question: Question, statement: Statement, reader: Reader) -> None:
        self.statement = statement
        self.reader = reader
        now = timestamps.of(datetime.fromtimestamp(question.now, UTC))
        self.compiler = Compiler(reader.resolve, self._fold, now)
        self.folds: dict[Aggregate, Fold] = {}
        self.where = self.compiler.compile(statement.where) if statement.where else None
        self.items = [
            (label(n, item), self.compiler.compile(item.expression))
            for n, item in enumerate(statement.items, 1)
        ]

    def answers(self) -> Iterator[Fields]:
        left = self.statement.limit
        if left == 0:
            return
        for fields in self._aggregated() if self.folds else self._picked():
            yield fields
            if left is not None and (left := left - 1) == 0:
                return

    def _fold(self, aggregate: Aggregate) -> Callable[[Any], Any]:
        if aggregate not in self.folds:
            argument = aggregate.argument
            self.folds[aggregate] = Fold(aggregate, self.compiler.compile(argument) if argument else None)
        return self.folds[aggregate].value

    def _kept(self) -> Iterator[Any]:
        where = self.where
        if where is None:
            return self.reader.records()
        return (record for record in self.reader.records() if truth(where(record)))

    def _picked(self) -> Iterator[Fields]:
        for record in self._kept():
            if not self.items:
                yield [] if record is MISSING else self.reader.fields(record)
            else:
                yield [(name, evaluate(record)) for name, evaluate in self.items]

    def _aggregated(self) -> Iterator[Fields]:
        folds = list(self.folds.values())
        for record in self._kept():
            for fold in folds:
                fold.take(record)
        yield [(name, evaluate(None)) for name, evaluate in self.items]


def label(number: int, item: Item) -> str:
    """What a value is called in the answer: as it was asked for, or by its number."""
    if item.alias:
        return item.alias
    if isinstance(item.expression, parts.Path) and isinstance(last := item.expression.steps[-1], parts.Name):
        return last.text
    return f"_{number}"
