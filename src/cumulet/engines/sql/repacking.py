"""Parquet files written anew as what DuckDB does not write: ORC, Avro, and Parquet with Hive's timestamps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from cumulet.engines.sql.base import NotSupported, Written
from cumulet.engines.sql.codecs import AVRO_CODECS, ORC_CODECS


def repacked(files: list[Written], form: str, compression: str) -> list[Written]:
    """The same rows in another form; the Parquet files that were there go."""
    found = []
    for file in files:
        source = Path(file.path)
        target, part = source.with_suffix(f".{form}"), source.with_suffix(".part")
        WRITERS[form](source, part, compression)
        source.unlink()
        part.rename(target)
        found.append(replace(file, path=str(target)))
    return found


def parquet(source: Path, target: Path, compression: str) -> None:
    """Timestamps of 96 bits, as Hive and Athena write them; pyarrow and Polars read those as nanoseconds."""
    with (
        pq.ParquetFile(source) as file,
        pq.ParquetWriter(
            target,
            file.schema_arrow,
            compression=compression,
            use_deprecated_int96_timestamps=True,
            store_schema=False,
        ) as writer,
    ):
        for number in range(file.num_row_groups):
            writer.write_table(file.read_row_group(number))


def orc(source: Path, target: Path, compression: str) -> None:
    from pyarrow.orc import ORCWriter

    with (
        pq.ParquetFile(source) as file,
        ORCWriter(str(target), compression=ORC_CODECS[compression]) as writer,
    ):
        for batch in file.iter_batches():
            writer.write(pa.Table.from_batches([batch]))


def avro(source: Path, target: Path, compression: str) -> None:
    import fastavro

    with pq.ParquetFile(source) as file, target.open("wb") as output:
        schema = {"type": "record", "name": "row", "fields": list(fields(file.schema_arrow, "row"))}
        records = (row for batch in file.iter_batches() for row in batch.to_pylist(maps_as_pydicts="strict"))
        fastavro.writer(output, fastavro.parse_schema(schema), records, codec=AVRO_CODECS[compression])


def fields(schema: Any, path: str) -> Iterator[dict[str, Any]]:
    for field in schema:
        kind = avro_type(field.type, f"{path}_{field.name}")
        yield {"name": field.name, "type": ["null", kind], "default": None}


def avro_type(kind: pa.DataType, path: str) -> Any:
    """An Arrow type as Avro spells it; `path` makes the names of records unique."""
    if pa.types.is_struct(kind):
        inner = [kind.field(n) for n in range(kind.num_fields)]
        return {"type": "record", "name": path, "fields": list(fields(inner, path))}
    if pa.types.is_list(kind):
        return {"type": "array", "items": ["null", avro_type(kind.value_type, path)]}
    if pa.types.is_map(kind):
        return {"type": "map", "values": ["null", avro_type(kind.item_type, path)]}
    if pa.types.is_decimal(kind):
        return {"type": "bytes", "logicalType": "decimal", "precision": kind.precision, "scale": kind.scale}
    for test, spelt in AVRO_TYPES:
        if test(kind):
            return spelt
    raise NotSupported(f"Writing {kind} to Avro")


AVRO_TYPES: list[tuple[Any, Any]] = [
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int64, "long"),
    (pa.types.is_integer, "int"),
    (pa.types.is_float32, "float"),
    (pa.types.is_floating, "double"),
    (pa.types.is_string, "string"),
    (pa.types.is_binary, "bytes"),
    (pa.types.is_date, {"type": "int", "logicalType": "date"}),
    (pa.types.is_timestamp, {"type": "long", "logicalType": "timestamp-millis"}),
]
WRITERS = {"parquet": parquet, "orc": orc, "avro": avro}
