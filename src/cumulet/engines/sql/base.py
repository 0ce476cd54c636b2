"""The interface of the SQL engine: tables are columns, a format and files; a catalog is asked for them.

Types of columns are spelt as Hive spells them ("bigint", "array<string>", "decimal(10,2)").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class SqlError(Exception):
    """A statement that cannot be answered, in Trino's words.

    `name` is Trino's error code (COLUMN_NOT_FOUND), `kind` whose fault it is: "user", "system".
    """

    def __init__(self, name: str, message: str, kind: str = "user") -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.kind = kind


class NotSupported(SqlError):
    """Trino can do it and this engine cannot: said by name, never guessed."""

    def __init__(self, what: str) -> None:
        super().__init__("NOT_SUPPORTED", f"{what} is not supported by Cumulet yet", "engine")


class Cancelled(Exception):
    """The query was stopped by whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table, or one view where `view` holds its query."""

    database: str
    name: str
    columns: list[Column] = field(default_factory=list)
    keys: list[Column] = field(default_factory=list)  # the partition columns
    format: str = ""  # "csv", "quoted csv", "json", "parquet" ...: the name of a reader
    options: dict[str, str] = field(default_factory=dict)
    view: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a table. `name` is what "$path" shows; `values` are its partition's, as text."""

    path: str
    name: str
    size: int
    values: list[str] = field(default_factory=list)


class Catalog(Protocol):
    """What the engine asks back while it plans. Names come in lower case."""

    def databases(self) -> list[str]: ...

    def tables(self, database: str) -> list[Table]: ...

    def table(self, database: str, name: str) -> Table | None: ...

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        """A table's files; `predicate` are conditions on partition keys that every wanted row fulfils:
        {"column", "operator" (=, <>, <, <=, >, >=, in), "values": [text, ...]}."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where the rows go. "csv": one printed file at `folder/result.csv`; "parquet", "json", "textfile": data
    files; "explain", "explain analyze": the plan at `folder/plan.txt`; "nothing": the query is only analysed."""

    folder: Path
    format: str = "csv"
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Query:
    """One statement to run. `database` is where names without one are looked up; `now` is epoch seconds."""

    text: str
    database: str
    output: Output
    parameters: list[str] = field(default_factory=list)
    now: float = 0.0
    scan_limit: int | None = None  # bytes that the query may read
    target: list[list[str]] = field(
        default_factory=list
    )  # of INSERT: the table's columns, name and Hive type
    given: list[str] = field(default_factory=list)  # of INSERT: the columns named, [] for all
    no_rows: bool = False  # WITH NO DATA


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result; `type` spelt as Trino does, `hive` as Hive does."""

    name: str
    type: str
    hive: str


@dataclass(frozen=True, slots=True)
class Written:
    """A data file that a query wrote. `values`: its partition's, as text, in the order of the keys."""

    path: str
    rows: int
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    columns: list[ResultColumn]
    rows: int
    scanned: int
    planning: float  # seconds
    execution: float
    files: list[Written] = field(default_factory=list)


class Engine(Protocol):
    def check(self, text: str) -> None:
        """`SqlError` where a query does not parse."""

    def run(self, query: Query, catalog: Catalog, key: str) -> Outcome:
        """Run to the end, in the caller's thread; `SqlError` or `Cancelled` where it does not get there."""

    def cancel(self, key: str) -> None:
        """End the query that runs, or waits, under a key."""

    def close(self) -> None: ...
