"""Running a translated query in DuckDB, inside a worker: rows to files, errors in Trino's words."""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from cumulet.engines.packing import UNPACK, Broken
from cumulet.engines.sql import json_text, scalars
from cumulet.engines.sql.base import (
    Cancelled,
    Change,
    File,
    Lake,
    NotSupported,
    Outcome,
    Query,
    ResultColumn,
    SqlError,
)
from cumulet.engines.sql.lakes import Lakes
from cumulet.engines.sql.readers import Reading, Source, read
from cumulet.engines.sql.scanning import scanned
from cumulet.engines.sql.translations import Translations
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino.translation import Translation, translate
from cumulet.engines.sql.trino.types import Type
from cumulet.engines.sql.wholeness import Whole
from cumulet.engines.sql.writers import write

UNREAD = ("explain", "explain (format json)", "nothing")  # outputs for which a query does not run
KNOWN, LONG = 256, 10_000  # relations that are kept in mind, characters of each
MACROS = Path(__file__).with_name("trino") / "macros.sql"
RAISED = re.compile(r"trino:([A-Z_]+):(.*?):trino", re.DOTALL)


class TooShort(Exception):
    """A value needed more than the 64 bits that a hastened translation gave it."""


class Session:
    """One worker's DuckDB: an empty in-memory database with limits, and a folder to spill into."""

    def __init__(self, folder: Path, memory: str, threads: int) -> None:
        self.folder = folder
        self.memory = memory
        self.parsed: dict[str, Any] = {}  # the tree of the text that was checked last
        self.translations = Translations()
        self.whole = Whole(folder.parent / "whole")  # which all workers of a pool share
        self.known: dict[tuple[str, int], list[tuple[str, Any]]] = {}  # columns, by relation and bytes
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = duckdb.connect(
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": str(folder / "spill"),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET parquet_metadata_cache = true")  # a query looks at a file several times
        json_text.register(self.connection)
        scalars.register(self.connection)
        self.connection.execute(MACROS.read_text())

    def check(self, text: str, *, change: bool) -> None:
        """Whether it parses. The tree of a query is kept, for the run that mostly follows."""
        if change:
            grammar.change(text)
        else:
            self.parsed = {text: grammar.query(text)}

    def limit(self, memory: str) -> None:
        """How much of it the next query may use before it spills."""
        if memory != self.memory:
            self.connection.execute(f"SET memory_limit = '{memory}'")
            self.memory = memory

    def run(self, query: Query, catalog: Lake) -> Outcome:
        lakes = Lakes(catalog, query.output.folder)
        try:
            try:
                return self._run(query, lakes, hasty=True)
            except TooShort:
                shutil.rmtree(query.output.folder, ignore_errors=True)  # what it had written by then
                return self._run(query, lakes, hasty=False)
        except duckdb.Error as error:
            raise placed(spoken(error), lakes) from None
        except SqlError as error:
            raise placed(error, lakes) from None
        except RecursionError:
            raise SqlError(
                "STATEMENT_TOO_LARGE", "statement is too large (stack overflow while parsing)"
            ) from None

    def _run(self, query: Query, lakes: Lakes, *, hasty: bool) -> Outcome:
        began = time.monotonic()
        translation = self._translated(query, lakes, hasty=hasty)
        planned = time.monotonic()
        try:
            size = 0 if query.output.format in UNREAD else scanned(self.connection, translation)
            check_limit(query, size)
            rows, files = write(self.connection, translation, query.output)
            if not translation.checked:
                self.translations.keep(query, lakes, translation, hasty=hasty)
        except duckdb.BinderException as error:
            raise left_out(translation) or error from None
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            if translation.hastened and not RAISED.search(str(error)):
                raise TooShort from None
            raise
        columns = [ResultColumn(name, str(kind), kind.hive) for name, kind in translation.columns]
        return Outcome(columns, rows, size, planned - began, time.monotonic() - planned, files)

    def _translated(self, query: Query, lakes: Lakes, *, hasty: bool) -> Translation:
        tree = (
            None if query.parameters else self.parsed.pop(query.text, None)
        )  # translating it takes it apart
        if (kept := self.translations.again(query, lakes, hasty=hasty)) is not None:
            return kept
        return translate(query, lakes, self._reader, self._constant, hasty=hasty, tree=tree)

    def change(self, change: Change, catalog: Lake) -> Outcome:
        """A statement that makes or changes an Iceberg table."""
        from cumulet.engines.sql.iceberg.statements import OPERATIONS
        from cumulet.engines.sql.iceberg.work import Work

        began = time.monotonic()
        try:
            lakes = Lakes(catalog, change.folder)
            work = Work(self.connection, lakes, change, self._reader, self._constant)
            rows = OPERATIONS[change.operation](work)
            spent = time.monotonic() - began
            return Outcome([], rows, work.scanned(), 0.0, spent, counts=work.counts)
        except duckdb.Error as error:
            raise spoken(error) from None

    def interrupt(self) -> None:
        self.connection.interrupt()

    def _reader(
        self, form: str, columns: list[tuple[str, Type]], files: list[File], options: dict[str, str]
    ) -> Source:
        describe = partial(self._described, sum(each.size for each in files))
        return read(form, Reading(columns, files, options, describe, self._unpack, self._holds, self._aside))

    def _described(self, size: int, relation: str) -> list[tuple[str, Any]]:
        """What is known of files that this worker has met before: they never change."""
        if (found := self.known.get((relation, size))) is None:
            found = self._describe(relation)
            if len(self.known) >= KNOWN:
                self.known.clear()
            if len(relation) < LONG:
                self.known[relation, size] = found
        return found

    def _describe(self, relation: str) -> list[tuple[str, Any]]:
        try:
            found = self.connection.sql(f"SELECT * FROM {relation}")
        except duckdb.Error as error:
            raise spoken(error) from None
        return list(zip(found.columns, found.dtypes, strict=True))

    def _holds(self, question: str) -> bool:
        return bool(self._constant(f"({question})"))

    def _constant(self, expression: str) -> Any:
        try:
            return self.connection.execute(f"SELECT {expression}").fetchall()[0][0]
        except duckdb.Error as error:
            raise spoken(error) from None

    def _unpack(self, path: str) -> str:
        """DuckDB reads gzip and zstd itself; other codecs' files are unpacked beside the spill files, once."""
        ending = Path(path).suffix
        if ending == ".lzo":
            raise NotSupported("Text files compressed as lzo")
        if ending in UNPACK:
            return self._aside(path, unpacked)
        self.whole.check(path)
        return path

    def _aside(self, path: str, make: Callable[[str, Path], None]) -> str:
        """A file made of another that never changes: beside the spill files, while this worker lives."""
        mark = hashlib.sha256(f"{make.__name__} {path}".encode()).hexdigest()
        target = self.folder / "unpacked" / mark
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            make(path, target.with_suffix(".part"))
            target.with_suffix(".part").rename(target)
        return str(target)


def left_out(translation: Translation) -> SqlError | None:
    """The column that GROUP BY has left out, in Trino's words."""
    return next((found for each in translation.groups if (found := each()) is not None), None)


def unpacked(path: str, target: Path) -> None:
    """https://docs.aws.amazon.com/athena/latest/ug/compression-formats.html"""
    source = Path(path)
    try:
        with target.open("wb") as plain:
            plain.writelines(UNPACK[source.suffix](source))
    except Broken as error:
        raise SqlError("HIVE_CURSOR_ERROR", f"Failed to read file: {error} ({source.suffix[1:]})") from None


def check_limit(query: Query, size: int) -> None:
    if query.scan_limit is not None and size > query.scan_limit:
        raise SqlError(
            "EXCEEDED_SCAN_LIMIT",
            f"Bytes scanned limit was exceeded: the query would read {size} bytes of at most {query.scan_limit}",
        )


def spoken(error: duckdb.Error) -> Exception:
    """DuckDB's error as Trino would say it."""
    text = str(error)
    if (raised := RAISED.search(text)) is not None:
        return SqlError(raised[1], raised[2])
    if isinstance(error, duckdb.InterruptException):
        return Cancelled()
    if isinstance(error, duckdb.OutOfMemoryException):
        return SqlError(
            "EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exhausted resources at this scale factor", "system"
        )
    return by_text(text) or SqlError("GENERIC_INTERNAL_ERROR", text.partition("\n")[0], "system")


def placed(error: Exception, lakes: Lakes) -> Exception:
    """The error with a file's address in the lake, where DuckDB names its place on this machine."""
    if isinstance(error, SqlError):
        message = error.message
        for path, location in sorted(lakes.places.items(), reverse=True):
            message = message.replace(path, location)
        error.message, error.args = (
            message,
            (message,),
        )  # it stays of its own kind: what is not written is told apart
    return error


WORDS = [
    (r"Overflow in (\w+) of INT(\d+) \((.*)\)", "NUMERIC_VALUE_OUT_OF_RANGE", r"{width} {0} overflow: {2}"),
    (r"Overflow on abs|Overflow in negation", "NUMERIC_VALUE_OUT_OF_RANGE", "bigint overflow"),
    (r"Overflow in (?:\w+ of )?DECIMAL|Decimal overflow", "NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow"),
    (
        r"Casting value .* to type DECIMAL\(.*\) failed: value is out of range",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "Decimal overflow",
    ),
    (r"Unknown TimeZone '(.*)'", "INVALID_FUNCTION_ARGUMENT", "'{0}' is not a valid time zone"),
    (
        r"Type (?:HUGEINT|INT128) with value (-?\d+) can't be cast.*INT64",
        "NUMERIC_VALUE_OUT_OF_RANGE",
        "bigint overflow: {0}",
    ),
    (
        r"Could not parse string \"(.*)\" according to format",
        "INVALID_FUNCTION_ARGUMENT",
        'Invalid format: "{0}"',
    ),
    (r"Could not (?:convert|cast) (.*)", "INVALID_CAST_ARGUMENT", "Cannot cast {0}"),
    (
        r"More than one row returned by a subquery",
        "SUBQUERY_MULTIPLE_ROWS",
        "Scalar sub-query has returned multiple rows",
    ),
    (
        r"must appear in the GROUP BY clause|must be part of an aggregate",
        "EXPRESSION_NOT_AGGREGATE",
        "'expression' must be an aggregate expression or appear in GROUP BY clause",
    ),
    (r"Map keys must be unique", "INVALID_FUNCTION_ARGUMENT", "Duplicate map keys are not allowed"),
    (r"Map keys can not be NULL", "INVALID_FUNCTION_ARGUMENT", "map key cannot be null"),
    (r"Invalid unicode|not utf-8 encoded", "HIVE_BAD_DATA", "A text file is not encoded as UTF-8"),
    (
        r"(No magic bytes.*|.*too small to be a Parquet file.*|.*Parquet.*(?:corrupt|invalid|too small).*)",
        "HIVE_CANNOT_OPEN_SPLIT",
        "{0}",
    ),
    (
        r"No files found that match the pattern \"(.*)\"",
        "HIVE_CANNOT_OPEN_SPLIT",
        "Error opening Hive split {0}: the file does not exist any more",
    ),
    (r"(Failed to read file .*)", "HIVE_CURSOR_ERROR", "{0}"),
    (r"(Input is not a GZIP stream.*)", "HIVE_CURSOR_ERROR", "{0}"),
    (r"Type (\w+) with value (.*) can't be cast because (.*source column .*)", "HIVE_BAD_DATA", "{1}: {2}"),
]
WIDTHS = {"8": "tinyint", "16": "smallint", "32": "integer", "64": "bigint"}


def by_text(text: str) -> SqlError | None:
    for pattern, name, words in WORDS:
        if (found := re.search(pattern, text)) is not None:
            groups = [each or "" for each in found.groups()]
            width = WIDTHS.get(groups[1], "") if len(groups) > 1 else ""
            return SqlError(name, words.format(*groups, width=width))
    return None
