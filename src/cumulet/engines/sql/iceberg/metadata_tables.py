"""The tables about a table: "orders$snapshots", "orders$history", "orders$files" ...

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-metadata.html
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from cumulet.engines.sql.base import Column
from cumulet.engines.sql.iceberg import types

Rows = list[dict[str, Any]]

MOMENT = "timestamp(3) with time zone"
COUNTS, BOUNDS = "map(integer,bigint)", "map(integer,varchar)"
FILES = {
    "content": "integer",
    "file_path": "varchar",
    "record_count": "bigint",
    "file_format": "varchar",
    "file_size_in_bytes": "bigint",
    "column_sizes": COUNTS,
    "value_counts": COUNTS,
    "null_value_counts": COUNTS,
    "nan_value_counts": COUNTS,
    "lower_bounds": BOUNDS,
    "upper_bounds": BOUNDS,
    "key_metadata": "varbinary",
    "split_offsets": "array(bigint)",
    "equality_ids": "array(integer)",
}
SUMMARY = "row(contains_null boolean, contains_nan boolean, lower_bound varchar, upper_bound varchar)"
COLUMNS = {
    "history": {
        "made_current_at": MOMENT,
        "snapshot_id": "bigint",
        "parent_id": "bigint",
        "is_current_ancestor": "boolean",
    },
    "snapshots": {
        "committed_at": MOMENT,
        "snapshot_id": "bigint",
        "parent_id": "bigint",
        "operation": "varchar",
        "manifest_list": "varchar",
        "summary": "map(varchar,varchar)",
    },
    "files": FILES,
    "manifests": {
        "path": "varchar",
        "length": "bigint",
        "partition_spec_id": "integer",
        "added_snapshot_id": "bigint",
        "added_data_files_count": "integer",
        "added_rows_count": "bigint",
        "existing_data_files_count": "integer",
        "existing_rows_count": "bigint",
        "deleted_data_files_count": "integer",
        "deleted_rows_count": "bigint",
        "partition_summaries": f"array({SUMMARY})",
    },
    "refs": {
        "name": "varchar",
        "type": "varchar",
        "snapshot_id": "bigint",
        "max_reference_age_in_ms": "bigint",
        "min_snapshots_to_keep": "integer",
        "max_snapshot_age_in_ms": "bigint",
    },
    "properties": {"key": "varchar", "value": "varchar"},
}


def table(of: Table, part: str) -> tuple[pa.Table, list[Column]] | None:
    """The rows of a table about a table, and its columns; None where there is no such one."""
    if part == "partitions":
        columns, rows = _partitions(of)
    elif part in MAKERS:
        columns, rows = COLUMNS[part], MAKERS[part](of)
    else:
        return None
    made = [Column(name, kind) for name, kind in columns.items()]
    arrays = {each.name: _array([row[each.name] for row in rows], each.type) for each in made}
    return pa.table(arrays), made


def write(rows: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)


def _array(values: list[Any], kind: str) -> pa.Array:
    return pa.array(values, type=_arrow(kind))


def _arrow(kind: str) -> pa.DataType:
    from cumulet.engines.sql.trino.types import parse

    return arrow_of(parse(kind))


def arrow_of(kind: Any) -> pa.DataType:
    plain = {
        "boolean": pa.bool_(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "double": pa.float64(),
        "varchar": pa.string(),
        "varbinary": pa.binary(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "timestamp": pa.timestamp("us"),
        "timestamp with time zone": pa.timestamp("us", tz="UTC"),
    }
    match kind.base:
        case "array":
            return pa.list_(arrow_of(kind.parts[0]))
        case "map":
            return pa.map_(arrow_of(kind.parts[0]), arrow_of(kind.parts[1]))
        case "row":
            parts = zip(kind.names, kind.parts, strict=True)
            return pa.struct([pa.field(name, arrow_of(part)) for name, part in parts])
        case "decimal":
            return pa.decimal128(*kind.numbers)
    return plain[kind.base]


def _history(of: Table) -> Rows:
    parents = {each.snapshot_id: each.parent_snapshot_id for each in of.metadata.snapshots}
    ancestors, at = set(), of.metadata.current_snapshot_id
    while at is not None and at not in ancestors:
        ancestors.add(at)
        at = parents.get(at)
    return [
        {
            "made_current_at": each.timestamp_ms * 1000,
            "snapshot_id": each.snapshot_id,
            "parent_id": parents.get(each.snapshot_id),
            "is_current_ancestor": each.snapshot_id in ancestors,
        }
        for each in of.history()
    ]


def _snapshots(of: Table) -> Rows:
    return [
        {
            "committed_at": each.timestamp_ms * 1000,
            "snapshot_id": each.snapshot_id,
            "parent_id": each.parent_snapshot_id,
            "operation": each.summary.operation.value if each.summary else None,
            "manifest_list": each.manifest_list,
            "summary": list((each.summary.additional_properties if each.summary else {}).items()),
        }
        for each in of.metadata.snapshots
    ]


def _data_files(of: Table) -> list[DataFile]:
    snapshot = of.metadata.current_snapshot()
    manifests = snapshot.manifests(of.io) if snapshot else []
    return [entry.data_file for each in manifests for entry in each.fetch_manifest_entry(of.io)]


def _files(of: Table) -> Rows:
    schema = of.schema()
    return [
        {
            "content": int(each.content),
            "file_path": each.file_path,
            "record_count": each.record_count,
            "file_format": each.file_format.value,
            "file_size_in_bytes": each.file_size_in_bytes,
            "column_sizes": _pairs(each.column_sizes),
            "value_counts": _pairs(each.value_counts),
            "null_value_counts": _pairs(each.null_value_counts),
            "nan_value_counts": _pairs(each.nan_value_counts),
            "lower_bounds": _bounds(schema, each.lower_bounds),
            "upper_bounds": _bounds(schema, each.upper_bounds),
            "key_metadata": each.key_metadata,
            "split_offsets": each.split_offsets,
            "equality_ids": each.equality_ids,
        }
        for each in _data_files(of)
    ]


def _pairs(counts: dict[int, int] | None) -> list[tuple[int, int]] | None:
    return None if counts is None else list(counts.items())


def _bounds(schema: Any, bounds: dict[int, bytes] | None) -> list[tuple[int, str]] | None:
    if bounds is None:
        return None
    return [(key, str(from_bytes(schema.find_type(key), value))) for key, value in bounds.items()]


def _manifests(of: Table) -> Rows:
    snapshot = of.metadata.current_snapshot()
    found = of.inspect.manifests().to_pylist() if snapshot else []
    return [
        {
            "path": each["path"],
            "length": each["length"],
            "partition_spec_id": each["partition_spec_id"],
            "added_snapshot_id": each["added_snapshot_id"],
            "added_data_files_count": manifest.added_files_count,
            "added_rows_count": manifest.added_rows_count,
            "existing_data_files_count": manifest.existing_files_count,
            "existing_rows_count": manifest.existing_rows_count,
            "deleted_data_files_count": manifest.deleted_files_count,
            "deleted_rows_count": manifest.deleted_rows_count,
            "partition_summaries": each["partition_summaries"],
        }
        for each, manifest in zip(found, snapshot.manifests(of.io) if snapshot else [], strict=True)
    ]


def _refs(of: Table) -> Rows:
    return [
        {
            "name": name,
            "type": each.snapshot_ref_type.value.upper(),
            "snapshot_id": each.snapshot_id,
            "max_reference_age_in_ms": each.max_ref_age_ms,
            "min_snapshots_to_keep": each.min_snapshots_to_keep,
            "max_snapshot_age_in_ms": each.max_snapshot_age_ms,
        }
        for name, each in of.metadata.refs.items()
    ]


def _properties(of: Table) -> Rows:
    return [{"key": key, "value": value} for key, value in sorted(of.properties.items())]


def _partitions(of: Table) -> tuple[dict[str, str], Rows]:
    """A row for each partition of the current snapshot; an unpartitioned table has one."""
    schema, fields = of.schema(), of.spec().fields
    kinds = {f.name: types.trino(f.transform.result_type(schema.find_type(f.source_id))) for f in fields}
    columns = {"record_count": "bigint", "file_count": "bigint", "total_size": "bigint"}
    if kinds:
        columns = {
            "partition": f"row({', '.join(f'{types.quoted(k)} {v}' for k, v in kinds.items())})",
            **columns,
        }
    found: dict[tuple[Any, ...], list[int]] = {}
    for each in _data_files(of):
        if each.content == 0:
            values = tuple(each.partition[i] for i in range(len(kinds)))
            counts = found.setdefault(values, [0, 0, 0])
            for i, more in enumerate((each.record_count, 1, each.file_size_in_bytes)):
                counts[i] += more
    rows = [
        {
            "partition": dict(zip(kinds, values, strict=True)),
            "record_count": n,
            "file_count": m,
            "total_size": size,
        }
        for values, (n, m, size) in found.items()
    ]
    return columns, rows


MAKERS: dict[str, Callable[[Table], Rows]] = {
    "history": _history,
    "snapshots": _snapshots,
    "files": _files,
    "manifests": _manifests,
    "refs": _refs,
    "properties": _properties,
}
