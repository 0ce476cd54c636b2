"""A statement answered by DuckDB, a portion of the records at a time.

A portion of which anything is doubtful (a field that may be a number in a way of its own, a value that does not
cast) is left to the evaluation record by record, which has the last word on every refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import duckdb

from cumulet.engines.sql.picking.base import Doubt, Question, Refused
from cumulet.engines.sql.picking.folding import Fold
from cumulet.engines.sql.picking.printing import printed
from cumulet.engines.sql.picking.statement import Aggregate, Path, Statement
from cumulet.engines.sql.picking.summing import Sum
from cumulet.engines.sql.picking.terms import NULL, Term, Untold
from cumulet.engines.sql.picking.timestamps import Timestamp
from cumulet.engines.sql.picking.translating import Translator

if TYPE_CHECKING:
    from pyarrow import Table

HARMLESS = {"common_subexpressions"}  # of DuckDB's optimizers
DOUBTS = 4  # portions in a row after which columns are given up
UNLIKE = (
    Doubt,
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
)


class Portion(Protocol):
    """Some records that follow one another."""

    @property
    def plain(self) -> bool:
        """Whether no field holds a character that means something in the answer."""

    def records(self) -> Iterator[Any]: ...

    def table(self) -> Table:
        """The same by columns, for DuckDB; `Doubt` where they cannot be had so."""


class Reader(Protocol):
    def column(self, path: Path) -> Term: ...

    def columns(self) -> list[tuple[str, Term]]: ...


class Progress(Protocol):
    left: int | None

    def count(self, answered: int) -> None: ...


def planned(
    question: Question,
    statement: Statement,
    reader: Reader,
    folds: dict[Aggregate, Fold],
    label: Callable[[int, Any], str],
    now: Timestamp,
    connection: duckdb.DuckDBPyConnection | None,
) -> Columns | None:
    """None where there is no DuckDB, or the statement says what cannot be said in its SQL."""
    if connection is None:
        return None
    translator = Translator(reader.column, now)
    try:
        condition = translator.condition(statement.where) if statement.where else ""
        if folds:
            sums = [
                Sum(fold, translator.term(each.argument) if each.argument else NULL)
                for each, fold in folds.items()
            ]
            return Folded(connection, condition, sums)
        items = [
            (label(n, item), translator.term(item.expression)) for n, item in enumerate(statement.items, 1)
        ]
        found = items or reader.columns()
        texts = {plain: printed(found, question.answer, plain=plain) for plain in (True, False)}
    except (Untold, Refused):
        return None
    return Picked(connection, condition, texts)


def connected(memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """A DuckDB that evaluates what it is told: no rewriting may lose a refusal."""
    connection = duckdb.connect(config={"memory_limit": memory, "threads": threads})
    names = {name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    connection.execute(f"SET disabled_optimizers = '{','.join(names - HARMLESS)}'")
    return connection


class Columns:
    def __init__(self, connection: duckdb.DuckDBPyConnection, condition: str) -> None:
        self.connection = connection
        # As a value every part of it is looked at, as a filter the cheapest part would be first.
        self.where = f"WHERE CASE WHEN {condition} THEN TRUE ELSE FALSE END" if condition else ""
        self.doubts = 0

    def answers(self, portion: Portion, progress: Progress) -> Generator[bytes, None, bool]:
        """Whether the portion has been answered."""
        if self.doubts >= DOUBTS:
            return False
        try:
            self.connection.register("portion", portion.table())
            found = self.answer(portion, progress)
        except UNLIKE:
            self.doubts += 1
            return False
        finally:
            self.connection.unregister("portion")
        self.doubts = 0
        yield found
        return True

    def answer(self, portion: Portion, progress: Progress) -> bytes:
        raise NotImplementedError


class Picked(Columns):
    """Records, each printed by DuckDB."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, condition: str, texts: dict[bool, str]) -> None:
        super().__init__(connection, condition)
        self.texts = texts

    def answer(self, portion: Portion, progress: Progress) -> bytes:
        limit = "" if progress.left is None else f" LIMIT {progress.left}"
        text = self.texts[portion.plain]
        found = self.connection.execute(
            f"SELECT {text} AS text FROM portion {self.where}{limit}"
        ).to_arrow_table()
        progress.count(found.num_rows)
        return b"".join(joined(chunk) for chunk in found.column(0).chunks)


def joined(texts: Any) -> bytes:
    """Texts behind one another, as they lie in memory."""
    import pyarrow

    if len(texts) == 0:
        return b""
    if texts.null_count:
        raise Doubt
    texts = texts.cast(pyarrow.large_string())
    _, bounds, data = texts.buffers()
    ends = memoryview(bounds).cast("q")
    first, last = ends[texts.offset], ends[texts.offset + len(texts)]
    return memoryview(data)[first:last].tobytes() if data else b""


class Folded(Columns):
    """Aggregates, each carried on by what a portion comes to."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, condition: str, sums: list[Sum]) -> None:
        super().__init__(connection, condition)
        self.sums = sums

    def answer(self, portion: Portion, progress: Progress) -> bytes:
        parts = [part for each in self.sums for part in each.parts]
        columns = ", ".join(f"{part} AS v{n}" for n, part in enumerate(parts))
        (values,) = self.connection.execute(f"SELECT {columns} FROM portion {self.where}").fetchall()
        left = iter(values)
        carried = [each.carried([next(left) for _ in each.parts], self._first) for each in self.sums]
        for each, (count, held) in zip(self.sums, carried, strict=True):
            each.fold.count, each.fold.held = count, held  # only once none of them is in doubt
        return b""

    def _first(self, value: str, condition: str) -> Any:
        """The first of the values that fulfil a condition."""
        found = self.connection.execute(
            f"SELECT value FROM (SELECT {value} AS value, {condition} AS meant FROM portion {self.where})"
            " WHERE meant LIMIT 1"
        ).fetchone()
        if found is None:
            raise Doubt
        return found[0]
