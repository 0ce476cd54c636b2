"""The catalog as a statement sees it: Hive's tables as the server tells them, Iceberg's by their metadata.

pyiceberg is loaded when the first Iceberg table is met, so that a worker that meets none stays small.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from cumulet.engines.sql.base import File, Lake, Table
from cumulet.engines.sql.trino.catalog_tables import PARTITIONS
from cumulet.engines.sql.witness import Witness

if TYPE_CHECKING:
    from cumulet.engines.sql.iceberg.tables import Snapshots


class Lakes:
    """One per statement: what it has once seen of a table stays so to its end."""

    def __init__(self, catalog: Lake, folder: Path) -> None:
        self.witness = Witness(catalog)
        self.catalog = cast(Lake, self.witness)
        self.folder = folder
        self.known: dict[tuple[str, str], Table | None] = {}
        self.places: dict[str, str] = {}  # where in the lake a file belongs, by its place on this machine
        self._snapshots: Snapshots | None = None

    @property
    def snapshots(self) -> Snapshots:
        if self._snapshots is None:
            from cumulet.engines.sql.iceberg.tables import Snapshots

            self._snapshots = Snapshots(self.catalog, self.folder)
        return self._snapshots

    def databases(self) -> list[str]:
        return self.catalog.databases()

    def tables(self, database: str) -> list[Table]:
        return self.catalog.tables(database)

    def table(self, database: str, name: str) -> Table | None:
        if (database, name) not in self.known:
            self.known[database, name] = self._table(database, name)
        return self.known[database, name]

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        found = self.catalog.files(database, name, predicate)
        self.places.update((each.path, each.name) for each in found)
        return found

    def partitions(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[list[str]]:
        return self.catalog.partitions(database, name, predicate)

    def _table(self, database: str, name: str) -> Table | None:
        base, mark, part = name.rpartition("$")
        found = self.catalog.table(database, base if mark else name)
        if found is not None and found.keys and part == PARTITIONS and found.format != "iceberg":
            return Table(database, name, keys=found.keys, format=PARTITIONS)
        if found is None or found.format != "iceberg":
            return None if mark else found
        return self.snapshots.about(found, part) if mark else self.snapshots.current(found)
