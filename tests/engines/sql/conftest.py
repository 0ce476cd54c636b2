"""The engine on its own: tables are written in the test, no service takes part."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.sql.base import Column, File, Outcome, Output, Query, Table
from cumulet.engines.sql.execution import Session

NOW = 1_700_000_000.123  # 2023-11-14 22:13:20.123 UTC


class Lake:
    """A catalog in memory; what the engine asked for is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.known: dict[str, Table] = {}
        self.stored: dict[str, list[File]] = {}
        self.predicates: list[list[dict[str, Any]]] = []

    def databases(self) -> list[str]:
        return ["db"]

    def tables(self, database: str) -> list[Table]:
        return list(self.known.values())

    def table(self, database: str, name: str) -> Table | None:
        return self.known.get(name) if database == "db" else None

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        self.predicates.append(predicate)
        return self.stored[name]

    def partitions(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[list[str]]:
        self.predicates.append(predicate)
        return list({tuple(each.values): each.values for each in self.stored[name]}.values())

    def several(self, questions: list[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        return [getattr(self, what)(*arguments) for what, arguments in questions]

    def add(
        self, name: str, columns: str, form: str, *contents: str | bytes, suffix: str = "", **options: str
    ) -> None:
        """A table of files with these contents; `columns` as "a int, b string"."""
        made = [Column(*each.split(" ", 1)) for each in columns.split(", ")]
        named = {key.replace("_", "."): value for key, value in options.items()}
        self.known[name] = Table("db", name, made, [], form, named)
        self.stored[name] = []
        for number, content in enumerate(contents):
            path = self.folder / f"{name}-{number}{suffix}"
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            self.stored[name].append(File(str(path), f"s3://b/{path.name}", path.stat().st_size))


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    made = Session(tmp_path_factory.mktemp("session"), "1GB", 2)
    yield made
    made.connection.close()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


@pytest.fixture
def ask(session: Session, lake: Lake, tmp_path: Path) -> Callable[..., Outcome]:
    """Run a query; `ask.rows(text)` gives the printed rows, NULL as None."""

    def run(text: str, parameters: list[str] | None = None, **more: Any) -> Outcome:
        output = Output(tmp_path / "out", **more.pop("output", {}))
        return session.run(Query(text, "db", output, parameters or [], now=NOW, **more), lake)

    return run


@pytest.fixture
def rows(ask: Callable[..., Outcome], tmp_path: Path) -> Callable[..., list[list[str | None]]]:
    """The rows of a query as they are printed; NULL is None."""

    def read(text: str, *parameters: str) -> list[list[str | None]]:
        ask(text, list(parameters))
        with (tmp_path / "out" / "result.csv").open(newline="") as file:
            lines = file.read()
        marked = (
            lines.replace(",,", ",\x00,")
            .replace(",,", ",\x00,")
            .replace("\n,", "\n\x00,")
            .replace(",\n", ",\x00\n")
        )
        found = list(csv.reader(marked.splitlines()))[1:]
        return [[None if value in ("\x00",) else value for value in row] if row else [None] for row in found]

    return read


@pytest.fixture
def value(rows: Callable[..., list[list[str | None]]]) -> Callable[[str], str | None]:
    """What one expression prints."""
    return lambda text: rows(f"SELECT {text}")[0][0]
