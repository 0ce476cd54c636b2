"""Partition transforms: from a statement's words, and as DuckDB SQL over a column.

https://iceberg.apache.org/spec/#partition-transforms and
https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.partitioning import _to_partition_representation as internal
from pyiceberg.schema import Schema
from pyiceberg.transforms import BucketTransform, Transform, TruncateTransform, parse_transform

from cumulet.engines.sql.base import NotSupported, SqlError
from cumulet.engines.sql.trino.types import Type

CALL = re.compile(r"(\w+)\s*\(\s*(?:(\d+)\s*,\s*)?([^\s,()]+)\s*(?:,\s*(\d+)\s*)?\)")
CUTS = ("year", "month", "day", "hour")
FIRST = 1000  # the id of the first partition field, by the specification


def specification(schema: Schema, wanted: list[str]) -> PartitionSpec:
    """`day(at)`, `bucket(16, id)`, `truncate(4, name)` or a column's name, each as one field."""
    if not wanted:
        return UNPARTITIONED_PARTITION_SPEC
    return PartitionSpec(*(_field(schema, text, FIRST + n) for n, text in enumerate(wanted)))


def _field(schema: Schema, text: str, number: int) -> PartitionField:
    call = CALL.fullmatch(text.strip())
    name = (call[3] if call else text).strip().strip('"`').lower()
    try:
        source = schema.find_field(name, case_sensitive=False)
    except ValueError:
        raise SqlError("COLUMN_NOT_FOUND", f"Unknown partition column: {name}") from None
    transform, label = _transform(call, text), source.name
    if not transform.can_transform(source.field_type):
        raise SqlError("INVALID_TABLE_PROPERTY", f"{text}: {source.field_type} cannot be partitioned so")
    if call:
        label = f"{source.name}_{call[1].lower().rstrip('s').replace('truncate', 'trunc')}"
    return PartitionField(source.field_id, number, transform, label)


def _transform(call: re.Match[str] | None, text: str) -> Transform[Any, Any]:
    if call is None:
        return parse_transform("identity")
    word, number = call[1].lower(), call[2] or call[4]
    if word.rstrip("s") in CUTS and number is None:
        return parse_transform(word.rstrip("s"))
    if word in ("bucket", "truncate") and number is not None and int(number) > 0:
        return parse_transform(f"{word}[{number}]")
    raise SqlError("INVALID_TABLE_PROPERTY", f"Unable to parse partitioning value: {text}")


def values(connection: Any, field: PartitionField, sql: str, kind: Type) -> str:
    """A column's value as its partition's, in SQL."""
    transform = field.transform
    days = f"date_diff('day', DATE '1970-01-01', CAST({sql} AS DATE))"
    match str(transform):
        case "identity":
            return sql
        case "void":
            return "CAST(NULL AS INTEGER)"
        case "year":
            return f"CAST(year({sql}) - 1970 AS INTEGER)"
        case "month":
            return f"CAST((year({sql}) - 1970) * 12 + month({sql}) - 1 AS INTEGER)"
        case "day":
            return f"CAST({days} AS INTEGER)"
        case "hour":
            return f"CAST({days} * 24 + hour({sql}) AS INTEGER)"
    if isinstance(transform, TruncateTransform):
        return _truncated(sql, kind, transform.width)
    if isinstance(transform, BucketTransform):
        return _bucket(connection, transform, sql, kind)
    raise NotSupported(f"Writing partitions by {transform}")


def _truncated(sql: str, kind: Type, width: int) -> str:
    if kind.base == "varchar":
        return f"left({sql}, {width})"
    if kind.integral:
        return f"CAST({sql} - ((({sql} % {width}) + {width}) % {width}) AS {kind.duck})"
    if kind.base == "decimal":
        unit = f"CAST({Decimal(width).scaleb(-kind.numbers[1]):f} AS {kind.duck})"
        return f"CAST({sql} - ((({sql} % {unit}) + {unit}) % {unit}) AS {kind.duck})"
    raise NotSupported(f"Writing partitions by truncate of {kind}")


def _bucket(connection: Any, transform: BucketTransform[Any], sql: str, kind: Type) -> str:
    """Iceberg's own hash, which DuckDB has not got: a function over columns of values."""
    from cumulet.engines.sql.iceberg.metadata_tables import arrow_of
    from cumulet.engines.sql.iceberg.types import iceberg

    name = f"iceberg_bucket_{transform.num_buckets}_{re.sub(r'[^a-z0-9]', '_', str(kind))}"
    source = iceberg(kind, lambda: 0)
    hashed = transform.transform(source)

    def buckets(column: pa.Array) -> pa.Array:
        found = (None if each is None else hashed(internal(source, each)) for each in column.to_pylist())
        return pa.array(list(found), pa.int32())

    if not connection.execute(
        "SELECT count(*) FROM duckdb_functions() WHERE function_name = ?", [name]
    ).fetchall()[0][0]:
        duck = "TIMESTAMP" if arrow_of(kind) == pa.timestamp("us", tz="UTC") else kind.duck
        connection.create_function(name, buckets, [duck], "INTEGER", type="arrow")
    return f"{name}({sql})"


__all__ = ["internal", "specification", "values"]
