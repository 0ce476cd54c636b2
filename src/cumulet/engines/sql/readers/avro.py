"""Avro, columns found by name. A file is written anew as Parquet beside a worker's spill files, once.

https://docs.aws.amazon.com/athena/latest/ug/avro-serde.html and https://avro.apache.org/docs/1.11.1/specification/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.parquet as pq

from cumulet.engines.avro import Unreadable, arrow
from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.readers import Reading, Source, parquet

BATCH = 20_000  # records that are held in memory at a time


def read(reading: Reading) -> Source:
    files = [replace(each, path=reading.aside(each.path, repack)) for each in reading.files]
    return parquet.read(replace(reading, files=files))


def repack(path: str, target: Path) -> None:
    """The records of an Avro file as Parquet."""
    try:
        with Path(path).open("rb") as file:
            records = fastavro.reader(file, return_record_name=False)
            schema = pa.schema(list(arrow(records.writer_schema, {})))
            with pq.ParquetWriter(target, schema) as writer:
                for batch in batches(records, schema):
                    writer.write_batch(batch)
    except Unreadable as error:
        raise NotSupported(str(error)) from None
    except (ValueError, EOFError, pa.ArrowInvalid) as error:
        raise SqlError("HIVE_BAD_DATA", f"Error reading an Avro file: {error}") from None


def batches(records: Iterator[Any], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while held := list(islice(records, BATCH)):
        yield pa.RecordBatch.from_pylist(held, schema=schema)
