"""Reading Hive's DDL, and the errors in Hive's words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cumulet.services.athena.lexer import HIVE, Words
from cumulet.services.athena.places import bucket_and_key
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run

Act = Callable[["Run"], list[str]]
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-7]{3}|.)", re.DOTALL)
LINE_END = re.compile(r"\s*\n\s*")
ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "Z": "\x1a", "0": "\0"}


ENDS = ("COMMENT", "FIRST", "AFTER")  # words that can follow a type


class Reader(Words):
    """Words with Hive's literals."""

    pattern = HIVE

    def literal(self) -> str:
        """A string literal: Hive reads \\t, \\001 and \\u0001 in it."""
        return ESCAPE.sub(lambda found: unescaped(found[1]), self.string())

    def comment(self) -> str:
        """A table's comment: Athena makes one space of a line's end."""
        return LINE_END.sub(" ", self.literal())

    def location(self) -> str:
        """A folder in S3. One that is nowhere is told here, not when the table is asked."""
        given = self.literal()
        try:
            bucket_and_key(given)
        except AwsError:
            raise failed(
                f"SemanticException The LOCATION '{given}' is no folder in S3: LOCATION 's3://bucket/folder/'"
            ) from None
        return given

    def table(self) -> tuple[str, str]:
        """[database.]table; the database is "" where it is not said. Hive takes `db.table` in one quote too."""
        parts = [piece for part in self.dotted() for piece in part.split(".")]
        if len(parts) == 3 and parts[0] == "awsdatacatalog":
            parts = parts[1:]
        if len(parts) > 2:
            raise self.unexpected("a table name")
        return (parts[0], parts[1]) if len(parts) == 2 else ("", parts[0])

    def properties(self) -> dict[str, str]:
        """('key' = 'value', ...)."""
        self.expect("(")
        found: dict[str, str] = {}
        while self.peek().text != ")":
            key = self.literal() if self.peek().kind in ("string", "quoted") else self.name()
            self.expect("=")
            found[key] = self.literal() if self.peek().kind in ("string", "quoted") else self.next().text
            if not self.take(","):
                break
        self.expect(")")
        return found

    def keys(self) -> list[str]:
        """('key', ...)."""
        self.expect("(")
        found = [self.literal()]
        while self.take(","):
            found.append(self.literal())
        self.expect(")")
        return found

    def type(self) -> str:
        """A column's type, as it is written, without blanks."""
        depth, start = 0, self.at
        while self.left:
            mark = self.peek().text
            if depth == 0 and self.at > start and (mark in (",", ")", ";") or self.peek().upper in ENDS):
                break
            depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(mark, 0)
            if depth < 0:
                break
            self.at += 1
        if self.at == start:
            raise self.unexpected("a type")
        return "".join(each.text.strip("`") for each in self.words[start : self.at]).lower()

    def columns(self) -> list[dict[str, Any]]:
        """(name type [COMMENT 'text'], ...)."""
        self.expect("(")
        found = []
        while True:
            column: dict[str, Any] = {"Name": self.name(), "Type": self.type()}
            if self.take("COMMENT"):
                column["Comment"] = self.literal()
            found.append(column)
            if not self.take(","):
                break
        self.expect(")")
        return found

    def transform(self) -> str:
        """A column, or a function of one, as Iceberg partitions by: `day(at)`, `bucket(16, id)`."""
        found = self.name()
        return f"{found}({self.bracket()})" if self.peek().text == "(" else found

    def partition(self) -> dict[str, str]:
        """PARTITION (key = value, ...)."""
        self.expect("PARTITION")
        found: dict[str, str] = {}
        self.expect("(")
        while True:
            key = self.name()
            self.expect("=")
            minus = "-" if self.take("-") else ""
            found[key] = (
                self.literal() if self.peek().kind in ("string", "quoted") else minus + self.next().text
            )
            if not self.take(","):
                break
        self.expect(")")
        return found


def unescaped(mark: str) -> str:
    if mark[0] == "u" and len(mark) == 5:
        return chr(int(mark[1:], 16))
    if len(mark) == 3 and mark.isdigit():
        return chr(int(mark, 8))
    return ESCAPED.get(mark, mark)


def failed(message: str) -> AwsError:
    """An error of Hive's own, which names no code."""
    return AwsError("InvalidRequestException", f"FAILED: {message}")


def task_failed(message: str) -> AwsError:
    return failed(f"Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. {message}")


def no_table(database: str, name: str) -> AwsError:
    return failed(f"SemanticException [Error 10001]: Table not found {database}.{name}")


def found_table(run: Run, place: tuple[str, str]) -> dict[str, Any]:
    """A table's record in Glue, which must be there."""
    database, name = place[0] or run.database, place[1]
    table = run.lake.glue_table(database, name)
    if table is None:
        raise no_table(database, name)
    return table


INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "StorageDescriptor",
    "PartitionKeys",
    "ViewOriginalText",
    "ViewExpandedText",
    "TableType",
    "Parameters",
    "LastAccessTime",
    "LastAnalyzedTime",
)


def updated(run: Run, table: dict[str, Any], **changes: Any) -> None:
    """Write a changed table back."""
    given = {key: table[key] for key in INPUT if table.get(key) is not None}
    run.lake.glue.update_table(DatabaseName=table["DatabaseName"], TableInput={**given, **changes})
