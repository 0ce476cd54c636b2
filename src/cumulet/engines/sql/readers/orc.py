"""ORC, columns found by their places (or by their names, where the table says so).

DuckDB does not read ORC, so a file is written anew as Parquet beside a worker's spill files, once.
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import orc

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.readers import Reading, Source, parquet


def read(reading: Reading) -> Source:
    by_place = reading.options.get("orc.column.index.access", "true").lower() != "false"
    make = by_places if by_place else by_names
    files = [replace(each, path=reading.aside(each.path, make)) for each in reading.files]
    columns = [(str(n) if by_place else label, kind) for n, (label, kind) in enumerate(reading.columns)]
    return parquet.read(replace(reading, files=files, columns=columns))


def by_names(path: str, target: Path) -> None:
    repack(path, target, names=None)


def by_places(path: str, target: Path) -> None:
    repack(path, target, names=[str(n) for n in range(len(opened(path).schema))])


def repack(path: str, target: Path, names: list[str] | None) -> None:
    """The rows of an ORC file as Parquet, stripe by stripe."""
    file = opened(path)
    schema = file.schema if names is None else pa.schema(map(renamed, file.schema, names))
    with pq.ParquetWriter(target, schema) as writer:
        for n in range(file.nstripes):
            writer.write_batch(pa.RecordBatch.from_arrays(file.read_stripe(n).columns, schema=schema))


def renamed(field: pa.Field, name: str) -> pa.Field:
    return field.with_name(name)


def opened(path: str) -> orc.ORCFile:
    try:
        return orc.ORCFile(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise SqlError("HIVE_CANNOT_OPEN_SPLIT", f"Error opening an ORC file: {error}") from None
