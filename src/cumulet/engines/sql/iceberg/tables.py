"""Iceberg's tables among the others: what the translation asks a catalog, answered from their metadata.

A table of format "iceberg" is shown as one of its snapshots: its columns are the snapshot's schema, its
files those that the conditions of a query leave, each with the deletes that apply to it. The tables about a
table ("orders$snapshots") are shown as small Parquet files.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pyiceberg.expressions import (
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    NotEqualTo,
)
from pyiceberg.expressions.literals import literal
from pyiceberg.manifest import FileFormat
from pyiceberg.schema import Schema
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.types import IcebergType, TimestampType

from cumulet.engines.sql import base
from cumulet.engines.sql.base import Column, File, Lake, NotSupported, SqlError
from cumulet.engines.sql.iceberg import metadata_tables, types
from cumulet.engines.sql.iceberg.catalog import LakeCatalog
from cumulet.engines.sql.iceberg.files import LakeIO, missing

COMPARISONS: dict[str, Callable[..., BooleanExpression]] = {
    "=": EqualTo,
    "<>": NotEqualTo,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}


class Snapshots:
    """Shows loaded Iceberg tables to the translation. One per statement."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.catalog = LakeCatalog(lake, folder)
        self.folder = folder

    def current(self, found: base.Table) -> base.Table:
        table = self.catalog.opened(found)
        return self._shown(found, table, table.schema(), table.metadata.current_snapshot())

    def at(self, found: base.Table, kind: str, value: int | datetime | str) -> base.Table:
        """The table as it was: `FOR VERSION AS OF id` or `FOR TIMESTAMP AS OF moment`."""
        table = self.catalog.opened(found)
        snapshot = _version(table, value) if kind == "VERSION" else _moment(table, value)
        by_id = {schema.schema_id: schema for schema in table.metadata.schemas}
        schema = table.schema() if snapshot.schema_id is None else by_id[snapshot.schema_id]
        return self._shown(found, table, schema, snapshot)

    def about(self, found: base.Table, part: str) -> base.Table | None:
        """ "table$history" and its like; None where there is no such table."""
        made = metadata_tables.table(self.catalog.opened(found), part)
        if made is None:
            return None
        rows, columns = made
        path = self.folder / f"{found.name}-{part}-{id(rows):x}.parquet"
        metadata_tables.write(rows, path)

        def scan(wanted: list[dict[str, Any]]) -> list[File]:
            return [File(str(path), "", path.stat().st_size)]

        return replace(found, name=f"{found.name}${part}", columns=columns, format="parquet", scan=scan)

    def _shown(
        self, found: base.Table, table: Table, schema: Schema, snapshot: Snapshot | None
    ) -> base.Table:
        def scan(wanted: list[dict[str, Any]]) -> list[File]:
            return self._files(table, schema, snapshot, wanted) if snapshot else []

        columns = [Column(field.name, types.trino(field.field_type)) for field in schema.fields]
        options = {**found.options, "schema": schema.model_dump_json()}
        at = partial(self.at, found)
        return replace(found, columns=columns, keys=[], options=options, scan=scan, at=at)

    def _files(
        self, table: Table, schema: Schema, snapshot: Snapshot, wanted: list[dict[str, Any]]
    ) -> list[File]:
        """The data files that can hold wanted rows, in a fixed order."""
        scan = table.scan(
            row_filter=_filter(schema, wanted), snapshot_id=snapshot.snapshot_id, case_sensitive=False
        )
        try:
            found = [task for task in scan.plan_files() if _chosen(task, wanted)]
            tasks = sorted(found, key=lambda task: task.file.file_path)
            return [_file(self.catalog.io, task) for task in tasks]
        except FileNotFoundError as error:
            raise missing(error, *table.name()) from None
        except ValueError as error:
            raise NotSupported(f"Reading this table: {error}") from None


def _chosen(task: FileScanTask, wanted: list[dict[str, Any]]) -> bool:
    """Whether a file is one that conditions on "$path" leave."""
    paths = [
        each["values"] for each in wanted if each["column"] == "$path" and each["operator"] in ("=", "in")
    ]
    return all(task.file.file_path in each for each in paths)


def _file(lake: LakeIO, task: FileScanTask) -> File:
    if task.file.file_format != FileFormat.PARQUET:
        raise NotSupported(f"Iceberg data files in {task.file.file_format.value}")
    if any(each.file_format != FileFormat.PARQUET for each in task.delete_files):
        raise NotSupported("Iceberg deletion vectors")
    deletes = sorted(str(lake.path(each.file_path)) for each in task.delete_files)
    place = str(lake.path(task.file.file_path))
    return File(place, task.file.file_path, task.file.file_size_in_bytes, [], deletes)


def _version(table: Table, value: Any) -> Snapshot:
    if isinstance(value, str):
        reference = table.metadata.refs.get(value)
        value = reference.snapshot_id if reference else value
    found = table.snapshot_by_id(value) if isinstance(value, int) else None
    if found is None:
        raise SqlError("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {value}")
    return found


def _moment(table: Table, value: Any) -> Snapshot:
    """The snapshot that was the table's at a moment."""
    at = round(value.replace(tzinfo=value.tzinfo or UTC).timestamp() * 1000)
    entries = [each for each in table.history() if each.timestamp_ms <= at]
    found = table.snapshot_by_id(entries[-1].snapshot_id) if entries else None
    if found is None:
        name = ".".join(table.name())
        raise SqlError(
            "INVALID_ARGUMENTS", f"No version history table {name} at or before {value.isoformat()}"
        )
    return found


def _filter(schema: Schema, wanted: list[dict[str, Any]]) -> BooleanExpression:
    """The conditions that Iceberg can use to leave files out; the query tests every row anyway."""
    found: BooleanExpression = AlwaysTrue()
    for each in wanted:
        if (term := _term(schema, each)) is not None:
            found = And(found, term)
    return found


def _term(schema: Schema, wanted: dict[str, Any]) -> BooleanExpression | None:
    try:
        field = schema.find_field(wanted["column"], case_sensitive=False)
        values = [
            literal(_spelt(str(each), field.field_type)).to(field.field_type) for each in wanted["values"]
        ]
    except (ValueError, TypeError):
        return None  # a text that is no value of the column's type: left to the query
    if wanted["operator"] == "in":
        return In(field.name, {each.value for each in values})  # type: ignore[call-arg, arg-type]
    return COMPARISONS[wanted["operator"]](field.name, values[0])


def _spelt(text: str, kind: IcebergType) -> str:
    """A literal as pyiceberg reads it: it wants moments in ISO 8601."""
    return text.replace(" ", "T", 1) if isinstance(kind, TimestampType) else text
