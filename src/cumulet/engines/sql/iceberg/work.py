"""A statement at work on one Iceberg table: its translation, its rows, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyiceberg.table import Table

from cumulet.engines.sql.base import Change, SqlError
from cumulet.engines.sql.iceberg.files import LakeIO
from cumulet.engines.sql.lakes import Lakes
from cumulet.engines.sql.scanning import scanned
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.scope import Plan
from cumulet.engines.sql.trino.translation import Translation, translated, with_parameters
from cumulet.engines.sql.trino.typed import name, quote
from cumulet.engines.sql.writers import checked


class Work:
    """One statement's state; `scanned` tells at its end how many bytes its queries have read, `counts` what
    became of files."""

    def __init__(
        self,
        connection: Any,
        lakes: Lakes,
        change: Change,
        reader: Callable[..., Any],
        constant: Callable[[str], Any],
    ) -> None:
        self.connection = connection
        self.lakes = lakes
        self.change = change
        self.reader = reader
        self.constant = constant
        self.text = with_parameters(change.text, change.parameters) if change.text else ""
        self.plans: list[Plan] = []
        self.counts: dict[str, int] = {}

    @property
    def io(self) -> LakeIO:
        return self.lakes.snapshots.catalog.io

    def table(self) -> tuple[Table, list[tuple[str, t.Type]]]:
        """The table that the statement names, and its columns."""
        from cumulet.engines.sql.trino.catalog_tables import parsed

        found = self.lakes.table(self.change.database, self.change.name)
        if found is None or found.format != "iceberg":
            raise SqlError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for Iceberg tables")
        opened = self.lakes.snapshots.catalog.opened(found)
        return opened, [(column.name, parsed(column.type)) for column in found.columns]

    def plan(self) -> Plan:
        session, now = self.change.session.lower(), self.change.now
        self.plans.append(Plan(self.lakes, session, self.text, now, self.reader, self.constant))
        return self.plans[-1]

    def translated(self) -> Translation:
        """The statement's query, once DuckDB agrees with its types."""
        made = translated(self.plan(), grammar.query(self.text))
        checked(self.connection, made)
        return made

    def scanned(self) -> int:
        made = (Translation("", [], plan.reads, plan.used) for plan in self.plans)
        return sum(scanned(self.connection, each) for each in made)

    def rows_of(self, paths: list[str]) -> str:
        """All rows of some of the table's files, with their places behind their columns."""
        database, table = name(self.change.database), name(self.change.name)
        text = f'SELECT *, "$path", "$row" FROM {database}.{table} WHERE "$path" IN ({", ".join(map(quote, paths))})'
        plan = self.plan()
        plan.text = text
        return translated(plan, grammar.query(text)).sql

    def count(self, query: str) -> int:
        return int(self.connection.execute(f"SELECT count(*) FROM ({query}) AS q").fetchall()[0][0])

    def holds(self, query: str) -> bool:
        return bool(self.connection.execute(f"SELECT EXISTS ({query})").fetchall()[0][0])
