"""The interface of the SQL engine: tables are columns, a format and files; a catalog is asked for them.

Types of columns are spelt as Hive spells them ("bigint", "array<string>", "decimal(10,2)").
"""

from __future__ import annotations

from collections.abc import Callable
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


def check_names(names: list[str]) -> None:
    """A table has each column once."""
    if twice := next((each for each in names if names.count(each) > 1), None):
        raise SqlError("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{twice}' specified more than once")


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
    scan: Callable[[list[dict[str, Any]]], list[File]] | None = None  # its files, where it knows them itself
    buckets: list[str] = field(default_factory=list)  # the columns whose hash tells a row's file
    bucket_count: int = 0
    at: Callable[[str, Any], Table] | None = None  # as it was at a "TIMESTAMP" or "VERSION"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a table. `name` is what "$path" shows; `values` are its partition's, as text.

    `deletes` are files that name rows of this one which are gone (Iceberg's position deletes).
    """

    path: str
    name: str
    size: int
    values: list[str] = field(default_factory=list)
    deletes: list[str] = field(default_factory=list)


class Catalog(Protocol):
    """What the engine asks back while it plans. Names come in lower case."""

    def databases(self) -> list[str]: ...

    def tables(self, database: str) -> list[Table]: ...

    def table(self, database: str, name: str) -> Table | None: ...

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        """A table's files; `predicate` are conditions on partition keys that every wanted row fulfils:
        {"column", "operator" (=, <>, <, <=, >, >=, in), "values": [text, ...]}."""

    def partitions(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[list[str]]:
        """The values of a table's partitions, as text, in the order of the keys."""


class Lake(Catalog, Protocol):
    """What writing tables needs besides: objects, and the exchange of an Iceberg table's metadata file."""

    def several(self, questions: list[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """The answers to several of a catalog's questions, each told as its name and its arguments."""

    def open(self, location: str) -> str | None:
        """Where the bytes of the object at an s3:// location lie, or None."""

    def keep(self, location: str, path: str) -> None:
        """Make a file the object at a location; the file is taken over."""

    def discard(self, locations: list[str]) -> None:
        """Delete objects."""

    def under(self, location: str) -> list[tuple[str, float]]:
        """All objects of a folder: their locations, and when each was last written, in epoch seconds."""

    def metadata_location(self, database: str, name: str) -> str | None:
        """The metadata file of an Iceberg table at this moment."""

    def commit(self, database: str, name: str, before: str, after: str, shown: dict[str, Any]) -> None:
        """Make `after` the metadata file of an Iceberg table whose metadata file is `before` ("": of a new
        table); ICEBERG_COMMIT_ERROR where it is another by now. `shown`: its location and Glue's columns."""


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
    """A data file that a query wrote. `values`: its partition's, as text, in the order of the keys;
    `bucket` is its number where rows are spread by a hash."""

    path: str
    rows: int
    values: list[str] = field(default_factory=list)
    bucket: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    columns: list[ResultColumn]
    rows: int
    scanned: int
    planning: float  # seconds
    execution: float
    files: list[Written] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)  # of upkeep: what it wrote anew, what it deleted


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that changes an Iceberg table, or makes one: an operation of `iceberg.statements`.

    `text` is the statement, or the query in it; `arguments` are the operation's own.
    """

    operation: str
    database: str
    name: str
    folder: Path
    text: str = ""
    session: str = ""  # the database of names without one
    arguments: dict[str, Any] = field(default_factory=dict)
    parameters: list[str] = field(default_factory=list)
    now: float = 0.0


class Engine(Protocol):
    def check(self, text: str, *, change: bool = False) -> None:
        """`SqlError` where a query (or, asked so, an UPDATE, DELETE or MERGE) does not parse."""

    def warm(self) -> None:
        """Make ready for a query that is likely to follow."""

    def run(self, query: Query, catalog: Lake, key: str, begun: Callable[[], None] | None = None) -> Outcome:
        """Run to the end, in the caller's thread; `SqlError` or `Cancelled` where it does not get there. Called
        back when it waits for no other query any more."""

    def change(
        self, change: Change, catalog: Lake, key: str, begun: Callable[[], None] | None = None
    ) -> Outcome:
        """Do what a statement says to an Iceberg table; the rows of the outcome are those it touched."""

    def cancel(self, key: str) -> None:
        """End the query that runs, or waits, under a key."""

    def close(self) -> None: ...
