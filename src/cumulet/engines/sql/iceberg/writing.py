"""Rows into an Iceberg table's data files: Parquet with field ids, one file a partition, each with its numbers."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyiceberg import types as i
from pyiceberg.io.pyarrow import (
    compute_statistics_plan,
    data_file_statistics_from_parquet_metadata,
    parquet_path_to_id_mapping,
)
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import Table, TableProperties
from pyiceberg.typedef import Record

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.iceberg import partitioning, types
from cumulet.engines.sql.iceberg.files import LakeIO
from cumulet.engines.sql.trino.typed import name, quote
from cumulet.engines.sql.trino.types import Type, parse
from cumulet.engines.sql.writers import OPEN_PARTITIONS, outward

COMPRESSIONS = ("zstd", "snappy", "gzip", "lz4", "uncompressed")


class Writer:
    """Writes rows whose columns c0, c1, ... are a table's, in its order and of its types."""

    def __init__(self, connection: Any, table: Table, lake: LakeIO) -> None:
        self.connection = connection
        self.table = table
        self.lake = lake
        self.fields = table.schema().fields
        self.kinds = [parse(types.trino(field.field_type)) for field in self.fields]

    def write(self, rows: str) -> list[DataFile]:
        """The data files of a query's rows; none where it has none."""
        self.lake.folder.mkdir(parents=True, exist_ok=True)
        if self.table.spec().is_unpartitioned():
            return self._file(f"SELECT {self._exported('q')} FROM ({rows}) AS q", Record(), "")
        staged = f"staged_{uuid.uuid4().hex}"
        self.connection.execute(f"CREATE TEMP TABLE {staged} AS {self._with_partitions(rows)}")
        try:
            return [file for each in self._partitions(staged) for file in self._partition(staged, each)]
        finally:
            self.connection.execute(f"DROP TABLE {staged}")

    def _with_partitions(self, rows: str) -> str:
        by_id = {field.field_id: n for n, field in enumerate(self.fields)}
        made = []
        for n, field in enumerate(self.table.spec().fields):
            if field.source_id not in by_id:
                raise NotSupported("Writing partitions by a field inside a row")
            at = by_id[field.source_id]
            made.append(f"{partitioning.values(self.connection, field, f'q.c{at}', self.kinds[at])} AS p{n}")
        return f"SELECT q.*, {', '.join(made)} FROM ({rows}) AS q"

    def _partitions(self, staged: str) -> list[tuple[Any, ...]]:
        names = ", ".join(f"p{n}" for n in range(len(self.table.spec().fields)))
        found = self.connection.execute(f"SELECT DISTINCT {names} FROM {staged} ORDER BY ALL").fetchall()
        if len(found) > OPEN_PARTITIONS:
            text = f"Exceeded limit of {OPEN_PARTITIONS} open writers for partitions"
            raise SqlError("ICEBERG_TOO_MANY_OPEN_PARTITIONS", text)
        return list(found)

    def _partition(self, staged: str, values: tuple[Any, ...]) -> list[DataFile]:
        spec, schema = self.table.spec(), self.table.schema()
        kinds = [f.transform.result_type(schema.find_type(f.source_id)) for f in spec.fields]
        record = Record(
            *(partitioning.internal(kind, value) for kind, value in zip(kinds, values, strict=True))
        )
        chosen = " AND ".join(f"p{n} IS NOT DISTINCT FROM ?" for n in range(len(values)))
        query = f"SELECT {self._exported('q')} FROM {staged} AS q WHERE {chosen}"
        return self._file(query, record, f"{spec.partition_to_path(record, schema)}/", list(values))

    def _exported(self, alias: str) -> str:
        """The columns as Parquet keeps them: under their own names, moments of a zone as such."""
        pairs = zip(self.fields, self.kinds, strict=True)
        return ", ".join(
            f"{_outward(f'{alias}.c{n}', kind)} AS {name(field.name)}"
            for n, (field, kind) in enumerate(pairs)
        )

    def _file(
        self, query: str, partition: Record, folder: str, values: list[Any] | None = None
    ) -> list[DataFile]:
        path = self.lake.folder / f"{uuid.uuid4().hex}.parquet"
        ids = ", ".join(f"{name(f.name)}: {_ids(f.field_id, f.field_type)}" for f in self.fields)
        options = f"FORMAT parquet, FIELD_IDS {{{ids}}}, COMPRESSION {self._compression()}"
        copied = self.connection.execute(f"COPY ({query}) TO {quote(str(path))} ({options})", values or [])
        if not copied.fetchall()[0][0]:
            path.unlink()
            return []
        location = self.table.location_provider().new_data_location(f"{folder}{uuid.uuid4()}.parquet")
        described = self._described(path, location, partition)
        self.lake.keep(location, path)
        return [described]

    def _compression(self) -> str:
        asked = self.table.properties.get(TableProperties.PARQUET_COMPRESSION, "zstd").lower()
        if asked not in COMPRESSIONS:
            raise NotSupported(f"{asked.upper()} compression of Iceberg data")
        return asked

    def _described(self, path: Path, location: str, partition: Record) -> DataFile:
        """The file with the numbers that let readers leave it out."""
        schema = self.table.schema()
        statistics = data_file_statistics_from_parquet_metadata(
            parquet_metadata=pq.read_metadata(path),
            stats_columns=compute_statistics_plan(schema, self.table.properties),
            parquet_column_mapping=parquet_path_to_id_mapping(schema),
        )
        return DataFile.from_args(
            content=DataFileContent.DATA,
            file_path=location,
            file_format=FileFormat.PARQUET,
            partition=partition,
            file_size_in_bytes=path.stat().st_size,
            sort_order_id=None,
            spec_id=self.table.metadata.default_spec_id,
            equality_ids=None,
            key_metadata=None,
            **statistics.to_serialized_dict(),
        )


def _outward(sql: str, kind: Type) -> str:
    if kind.base == "timestamp with time zone":
        return f"timezone('UTC', {sql})"
    return outward(sql, kind)


def _ids(number: int, kind: i.IcebergType) -> str:
    """Field ids as DuckDB's COPY takes them, nested ones inside."""
    match kind:
        case i.StructType():
            inner = ", ".join(f"{name(f.name)}: {_ids(f.field_id, f.field_type)}" for f in kind.fields)
        case i.ListType():
            inner = f"element: {_ids(kind.element_id, kind.element_type)}"
        case i.MapType():
            inner = f"key: {_ids(kind.key_id, kind.key_type)}, value: {_ids(kind.value_id, kind.value_type)}"
        case _:
            return str(number)
    return f"{{__duckdb_field_id: {number}, {inner}}}"
