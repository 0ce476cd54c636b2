"""Answering a question: which records, which of their fields, into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from cumulet.engines.sql.picking import statement as parts
from cumulet.engines.sql.picking import timestamps
from cumulet.engines.sql.picking.base import Question, Tally
from cumulet.engines.sql.picking.columns import Portion, planned
from cumulet.engines.sql.picking.compiling import Compiler, truth
from cumulet.engines.sql.picking.folding import Fold
from cumulet.engines.sql.picking.parser import parse, too_deep
from cumulet.engines.sql.picking.reading_csv import CsvReader
from cumulet.engines.sql.picking.reading_json import JsonReader
from cumulet.engines.sql.picking.reading_parquet import ParquetReader
from cumulet.engines.sql.picking.statement import Aggregate, Item, Statement
from cumulet.engines.sql.picking.terms import Term
from cumulet.engines.sql.picking.values import MISSING
from cumulet.engines.sql.picking.writing import writer

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Fields = list[tuple[str, Any]]
GATHERED = 1000  # records that go to the file in one piece


class Reader(Protocol):
    """The records of one kind of file."""

    def portions(self) -> Iterator[Portion]: ...

    def resolve(self, path: parts.Path) -> Callable[[Any], Any]: ...

    def fields(self, record: Any) -> Fields:
        """All of a record, for `*`."""

    def column(self, path: parts.Path) -> Term:
        """A field as DuckDB reads it from a portion's table."""

    def columns(self) -> list[tuple[str, Term]]:
        """All fields, for `*`."""


READERS: dict[str, Callable[[Question, Statement, Tally], Reader]] = {
    "csv": CsvReader,
    "json lines": JsonReader,
    "json document": JsonReader,
    "parquet": ParquetReader,
}


def answer(
    question: Question, connection: DuckDBPyConnection | None = None, tell: Callable[[Tally], object] = id
) -> Tally:
    """Write the answer to the question's target; record by record where there is no DuckDB. `tell` hears how far
    it has come."""
    try:
        return _answer(question, connection, tell)
    except RecursionError:
        raise too_deep() from None


def _answer(
    question: Question, connection: DuckDBPyConnection | None, tell: Callable[[Tally], object]
) -> Tally:
    tally = Tally()
    statement = parse(question.text)
    reader = READERS[question.source.kind](question, statement, tally)
    picking = Picking(question, statement, reader, connection)
    with Path(question.target).open("wb", buffering=0) as file:
        for piece in picking.answers():
            tally.returned += file.write(piece)
            tell(tally)
    return tally


class Picking:
    """A statement at work on the records of a file: by columns in DuckDB where the answer is certainly the same,
    else record by record."""

    def __init__(
        self,
        question: Question,
        statement: Statement,
        reader: Reader,
        connection: DuckDBPyConnection | None,
    ) -> None:
        self.statement = statement
        self.reader = reader
        self.write = writer(question.answer)
        now = timestamps.of(datetime.fromtimestamp(question.now, UTC))
        self.compiler = Compiler(reader.resolve, self._fold, now)
        self.folds: dict[Aggregate, Fold] = {}
        self.where = self.compiler.compile(statement.where) if statement.where else None
        self.items = [
            (label(n, item), self.compiler.compile(item.expression))
            for n, item in enumerate(statement.items, 1)
        ]
        self.left = statement.limit
        self.columns = planned(question, statement, reader, self.folds, label, now, connection)

    def answers(self) -> Iterator[bytes]:
        """The answer's bytes, portion by portion; empty ones are signs of life."""
        if self.left == 0:
            return
        for portion in self.reader.portions():
            if self.columns is None or not (yield from self.columns.answers(portion, self)):
                yield from self._aggregate(portion) if self.folds else self._pick(portion)
            if self.left == 0:
                return
        if self.folds:
            yield self.write([(name, evaluate(None)) for name, evaluate in self.items]).encode()

    def _fold(self, aggregate: Aggregate) -> Callable[[Any], Any]:
        if aggregate not in self.folds:
            argument = aggregate.argument
            self.folds[aggregate] = Fold(aggregate, self.compiler.compile(argument) if argument else None)
        return self.folds[aggregate].value

    def _kept(self, portion: Portion) -> Iterator[Any]:
        where = self.where
        if where is None:
            return portion.records()
        return (record for record in portion.records() if truth(where(record)))

    def _pick(self, portion: Portion) -> Iterator[bytes]:
        gathered: list[str] = []
        for record in islice(self._kept(portion), self.left):
            gathered.append(self.write(self._fields(record)))
            if len(gathered) == GATHERED:
                yield self._told(gathered)
                gathered = []
        yield self._told(gathered)

    def _told(self, gathered: list[str]) -> bytes:
        self.count(len(gathered))
        return "".join(gathered).encode()

    def count(self, answered: int) -> None:
        if self.left is not None:
            self.left -= answered

    def _fields(self, record: Any) -> Fields:
        if self.items:
            return [(name, evaluate(record)) for name, evaluate in self.items]
        return [] if record is MISSING else self.reader.fields(record)

    def _aggregate(self, portion: Portion) -> Iterator[bytes]:
        folds = list(self.folds.values())
        for record in self._kept(portion):
            for fold in folds:
                fold.take(record)
        yield b""


def label(number: int, item: Item) -> str:
    """What a value is called in the answer: as it was asked for, or by its number."""
    if item.alias:
        return item.alias
    if isinstance(item.expression, parts.Path) and isinstance(last := item.expression.steps[-1], parts.Name):
        return last.text
    return f"_{number}"
