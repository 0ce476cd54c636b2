"""Records of Parquet: rows of the columns that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.picking import tabular, timestamps
from cumulet.engines.sql.picking.base import Names, Question, Refused, Tally
from cumulet.engines.sql.picking.statement import Path, Statement
from cumulet.engines.sql.picking.terms import Term, Untold
from cumulet.engines.sql.picking.timestamps import Timestamp

if TYPE_CHECKING:
    from pyarrow import DataType, RecordBatch, Table

BATCH = 64 << 10  # rows that are read at once


class ParquetReader:
    """Columns are numbered as in the file; only those that a path has named are read."""

    def __init__(self, question: Question, statement: Statement, tally: Tally) -> None:
        import pyarrow
        from pyarrow import parquet

        tabular.check_source(statement.source)
        self.question, self.statement, self.tally = question, statement, tally
        try:
            self.file = parquet.ParquetFile(question.path)
        except (pyarrow.ArrowException, OSError) as error:
            message = f"Error parsing Parquet file. Check the file and try again. ({error})"
            raise Refused("ParquetParsingError", message) from None
        self.schema = self.file.schema_arrow
        self.names = Names(list(self.schema.names), known=True)
        self.used: list[int] = [] if statement.items else list(range(len(self.schema)))
        for number in self.used:
            self._check(number)

    def portions(self) -> Iterator[Portion]:
        import pyarrow

        groups = [group for group in range(self.file.num_row_groups) if self._meant(group)]
        self._count(groups)
        columns = [self.names.fields[number] for number in self.used]
        try:
            for batch in self.file.iter_batches(BATCH, row_groups=groups, columns=columns):
                yield Portion(batch)
        except (pyarrow.ArrowException, OSError) as error:
            raise Refused("ParquetParsingError", f"Error parsing Parquet file: {error}") from None

    def resolve(self, path: Path) -> Callable[[Any], Any]:
        number = tabular.column(path, self.statement, self.names)
        if number >= len(self.schema):
            raise Refused("InvalidColumnIndex", f"The column index _{number + 1} is invalid.")
        if number not in self.used:
            self._check(number)
            self.used.append(number)
        return tabular.picked(self.used.index(number))

    def fields(self, row: Any) -> list[tuple[str, Any]]:
        return list(zip(self.names.fields, row, strict=True))

    # --- by columns

    def column(self, path: Path) -> Term:
        self.resolve(path)
        return self._column(tabular.column(path, self.statement, self.names))

    def columns(self) -> list[tuple[str, Term]]:
        return [(name, self._column(number)) for number, name in enumerate(self.names.fields)]

    def _column(self, number: int) -> Term:
        kind = next((found for is_so, found in kinds() if is_so(self.schema.field(number).type)), None)
        if kind is None:
            raise Untold
        name = f"c{self.used.index(number)}"
        return Term(
            f"{name}::BIGINT" if kind == "integer" else f"{name}::DOUBLE" if kind == "float" else name, kind
        )

    # --- the file

    def _check(self, number: int) -> None:
        import pyarrow

        kind = self.schema.field(number).type
        if pyarrow.types.is_nested(kind):
            message = (
                f"The column {self.names.fields[number]} is a {kind}: only scalar columns are supported."
            )
            raise Refused("UnsupportedParquetType", message)

    def _meant(self, group: int) -> bool:
        if self.question.span is None:
            return True
        start, end = self.question.span
        first = self.file.metadata.row_group(group).column(0)
        offset = first.dictionary_page_offset or first.data_page_offset
        return bool(start <= offset <= end)

    def _count(self, groups: list[int]) -> None:
        for group in groups:
            chunks = self.file.metadata.row_group(group)
            for number in self.used:
                chunk = chunks.column(number)
                self.tally.scanned += chunk.total_compressed_size
                self.tally.processed += chunk.total_uncompressed_size


class Portion:
    """Rows that are read at once."""

    plain = False

    def __init__(self, batch: RecordBatch) -> None:
        self.batch = batch

    def records(self) -> Iterator[tuple[Any, ...]]:
        columns = self.batch.columns
        if not columns:
            return iter([()] * self.batch.num_rows)
        return zip(*(made(column.to_pylist()) for column in columns), strict=True)

    def table(self) -> Table:
        import pyarrow

        if not self.batch.columns:
            return pyarrow.table({"none": pyarrow.nulls(self.batch.num_rows)})
        names = [f"c{number}" for number in range(self.batch.num_columns)]
        return pyarrow.Table.from_batches([self.batch.rename_columns(names)])


def kinds() -> list[tuple[Callable[[DataType], bool], str]]:
    """What columns of some types are in DuckDB. (Unsigned ones of 64 bits may be too large.)"""
    from pyarrow import types

    return [
        (types.is_boolean, "boolean"),
        (lambda kind: types.is_integer(kind) and not types.is_uint64(kind), "integer"),
        (lambda kind: types.is_float32(kind) or types.is_float64(kind), "float"),
        (lambda kind: types.is_string(kind) or types.is_large_string(kind), "text"),
    ]


def made(values: list[Any]) -> list[Any]:
    """A column's values as this SQL knows them. All of a column are of one type."""
    example = next((each for each in values if each is not None), None)
    if isinstance(example, datetime):
        return [each and timestamps.of(each) for each in values]
    if isinstance(example, date):
        return [
            each and Timestamp(timestamps.of(datetime(each.year, each.month, each.day)).moment, "DAY")
            for each in values
        ]
    if isinstance(example, bytes):
        return [each if each is None else each.decode(errors="replace") for each in values]
    if (
        example is not None
        and not isinstance(example, str | bool | int | float)
        and not hasattr(example, "as_tuple")
    ):
        raise Refused(
            "UnsupportedParquetType", f"Values of the type {type(example).__name__} are not supported."
        )
    return values
