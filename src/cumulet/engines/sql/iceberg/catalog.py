"""Loading an Iceberg table from its metadata file, and committing the next one.

What decides a commit is Glue: the table's record names the metadata file that holds, and the server
exchanges it only where it still is the one that the change began from.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyiceberg.catalog import MetastoreCatalog
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table, TableProperties
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata

from cumulet.engines.sql import base
from cumulet.engines.sql.base import Lake, SqlError
from cumulet.engines.sql.iceberg import types
from cumulet.engines.sql.iceberg.files import LakeIO, missing

LOCATION = "metadata_location"
CONFLICT = "ICEBERG_COMMIT_ERROR"
REMEMBERED = 256  # metadata files, which never change, that a worker keeps parsed

KNOWN: dict[str, TableMetadata] = {}


class LakeCatalog:
    """The part of a pyiceberg catalog that tables ask of it."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.lake = lake
        self.io = LakeIO(lake, folder)

    def load_table(self, identifier: str | tuple[str, ...]) -> Table:
        """The table as it is now; `SqlError` where it is none, or has lost its metadata."""
        database, name = identifier if isinstance(identifier, tuple) else identifier.split(".")
        location = self.lake.metadata_location(database, name)
        if location is None:
            raise SqlError("TABLE_NOT_FOUND", f"Table '{database}.{name}' does not exist")
        return self._opened(database, name, location)

    def opened(self, table: base.Table) -> Table:
        """The table as this statement has found it."""
        return self._opened(table.database, table.name, table.options.get(LOCATION, ""))

    def _opened(self, database: str, name: str, location: str) -> Table:
        try:
            metadata = self._metadata(location)
        except FileNotFoundError as error:
            raise missing(error, database, name) from None
        return self._table((database, name), metadata, location)

    def staged(self, database: str, name: str, metadata: TableMetadata) -> Table:
        """A table that is not there yet: its first commit makes it."""
        return self._table((database, name), metadata, "")

    def create(self, database: str, name: str, metadata: TableMetadata) -> Table:
        """A new table: its first metadata file, then its record in Glue."""
        location = self._write(metadata, 0)
        self.lake.commit(database, name, "", location, described(metadata))
        return self._table((database, name), metadata, location)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """The next metadata file; of a staged table the first, and with it the table."""
        database, name = table.name()
        staged = not table.metadata_location
        current = table if staged else self.load_table((database, name))
        for requirement in requirements:
            requirement.validate(current.metadata)
        changed = update_table_metadata(
            current.metadata,
            updates,
            enforce_validation=False,
            metadata_location=current.metadata_location or None,
        )
        if changed == current.metadata:
            return CommitTableResponse.model_validate(
                {"metadata": changed, "metadata-location": current.metadata_location}
            )
        version = 0 if staged else MetastoreCatalog._parse_metadata_version(current.metadata_location) + 1
        location = self._write(changed, version)
        try:
            self.lake.commit(database, name, current.metadata_location, location, described(changed))
        except SqlError as error:
            self.lake.discard([location])
            if staged or error.name != CONFLICT:
                raise  # a table that another has made meanwhile is not this one: nothing to try again
            raise CommitFailedException(error.message) from None
        return CommitTableResponse.model_validate({"metadata": changed, "metadata-location": location})

    @staticmethod
    def supports_server_side_planning() -> bool:
        return False

    def _table(self, identifier: tuple[str, str], metadata: TableMetadata, location: str) -> Table:
        catalog: Any = self
        return Table(identifier, metadata, location, self.io, catalog)

    def _metadata(self, location: str) -> TableMetadata:
        if location not in KNOWN:
            while len(KNOWN) >= REMEMBERED:
                del KNOWN[next(iter(KNOWN))]
            KNOWN[location] = FromInputFile.table_metadata(self.io.new_input(location))
        return KNOWN[location]

    def _write(self, metadata: TableMetadata, version: int) -> str:
        provider = load_location_provider(metadata.location, metadata.properties)
        location = provider.new_table_metadata_file_location(version)
        ToOutputFile.table_metadata(metadata, self.io.new_output(location))
        return location

    @staticmethod
    def _delete_old_metadata(io: LakeIO, before: TableMetadata, after: TableMetadata) -> None:
        """Metadata files that fell out of the log go where the table says so."""
        if after.properties.get(TableProperties.METADATA_DELETE_AFTER_COMMIT_ENABLED) == "true":
            kept = {each.metadata_file for each in after.metadata_log}
            io.lake.discard([e.metadata_file for e in before.metadata_log if e.metadata_file not in kept])


def described(metadata: TableMetadata) -> dict[str, Any]:
    """What Glue shows of a table: its place and its columns, those that once were included.

    https://docs.aws.amazon.com/glue/latest/dg/populate-otf.html
    """
    current = metadata.schema()
    columns = [column(field, True) for field in current.fields]
    seen = {field.name for field in current.fields}
    for schema in metadata.schemas:
        for field in schema.fields:
            if field.name not in seen:
                seen.add(field.name)
                columns.append(column(field, False))
    return {"location": metadata.location, "columns": columns}


def column(field: Any, current: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Name": field.name,
        "Type": types.hive(field.field_type),
        "Parameters": {
            "iceberg.field.id": str(field.field_id),
            "iceberg.field.optional": str(field.optional).lower(),
            "iceberg.field.current": str(current).lower(),
        },
    }
    return {**found, "Comment": field.doc} if field.doc else found
