"""Files that carry their own schema: Parquet, ORC and Avro."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow
from pyarrow import types as kinds

from cumulet.engines.schema.base import Column, Schema, Unrecognised

PLAIN = {
    "bool": "boolean",
    "int8": "tinyint",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "uint8": "smallint",
    "uint16": "int",
    "uint32": "bigint",
    "uint64": "decimal(20,0)",
    "halffloat": "float",
    "float": "float",
    "double": "double",
    "date32[day]": "date",
    "date64[ms]": "date",
    "null": "string",
}


def parquet(path: Path) -> Schema:
    from pyarrow.parquet import ParquetFile

    try:
        file = ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise Unrecognised(str(error)) from None
    metadata = file.metadata
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    codecs = (
        {metadata.row_group(0).column(i).compression for i in range(metadata.num_columns)} if size else set()
    )
    options = {"codec": codecs.pop().lower() if len(codecs) == 1 else ""}
    return Schema(
        "parquet", columns(file.schema_arrow), options, metadata.num_rows, mean(size, metadata.num_rows)
    )


def orc(path: Path) -> Schema:
    from pyarrow.orc import ORCFile

    try:
        file = ORCFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise Unrecognised(str(error)) from None
    return Schema("orc", columns(file.schema), {}, file.nrows, mean(file.content_length, file.nrows))


def avro(path: Path) -> Schema:
    import fastavro

    from cumulet.engines.avro import Unreadable, arrow

    try:
        with path.open("rb") as file:
            blocks = fastavro.block_reader(file)
            schema = arrow(blocks.writer_schema, {})
            rows = sum(block.num_records for block in blocks)
    except (ValueError, EOFError, Unreadable) as error:
        raise Unrecognised(str(error)) from None
    options = {"codec": blocks.codec, "schema": json.dumps(plain_schema(blocks.writer_schema))}
    return Schema("avro", columns(schema), options, rows, mean(path.stat().st_size, rows))


def plain_schema(schema: Any) -> Any:
    """A schema without what fastavro notes in it."""
    if isinstance(schema, dict):
        return {key: plain_schema(value) for key, value in schema.items() if not key.startswith("__")}
    return [plain_schema(each) for each in schema] if isinstance(schema, list) else schema


def mean(size: int, rows: int) -> int:
    return max(1, size // rows) if rows else 0


def columns(schema: Any) -> list[Column]:
    return [Column(field.name.lower(), hive(field.type)) for field in schema]


def hive(kind: Any) -> str:
    """An Arrow type as Hive writes it."""
    if kinds.is_dictionary(kind):
        return hive(kind.value_type)
    if kinds.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if kinds.is_timestamp(kind):
        return "timestamp"
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return f"array<{hive(kind.value_type)}>"
    if kinds.is_map(kind):
        return f"map<{hive(kind.key_type)},{hive(kind.item_type)}>"
    if kinds.is_struct(kind):
        return f"struct<{','.join(f'{field.name}:{hive(field.type)}' for field in kind)}>"
    if kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind):
        return "binary"
    return PLAIN.get(str(kind), "string")
