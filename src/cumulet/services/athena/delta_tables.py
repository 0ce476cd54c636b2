"""Delta Lake tables, read by their own log: Glue's record only says where they lie.

https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cumulet.engines import delta
from cumulet.engines.sql.base import Column, File, SqlError, Table
from cumulet.services.athena.places import folder
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.lake import Lake

NULL = "__HIVE_DEFAULT_PARTITION__"


def is_delta(table: dict[str, Any]) -> bool:
    said = table.get("Parameters") or {}
    return "delta" in (said.get("table_type", "").lower(), said.get("spark.sql.sources.provider", "").lower())


def described(lake: Lake, table: dict[str, Any]) -> Table:
    """Columns and partition columns as the log has them now."""
    log = state(lake, table)
    columns = [Column(name, kind) for name, kind in log.columns.items() if name not in log.keys]
    keys = [Column(name, log.columns[name]) for name in log.keys]
    return Table(table["DatabaseName"], table["Name"], columns, keys, "parquet", {})


def files(lake: Lake, table: dict[str, Any]) -> list[File]:
    """The files that are the table now, each with its partition's values."""
    bucket, prefix = folder(table["StorageDescriptor"]["Location"])
    objects = {one.key: one for one in lake.s3.files(Bucket=bucket, Prefix=prefix)}
    found = []
    for path, values in state(lake, table).files.items():
        key = path.removeprefix(f"s3://{bucket}/") if "://" in path else prefix + path
        if key not in objects:
            raise SqlError("HIVE_CANNOT_OPEN_SPLIT", f"s3://{bucket}/{key} is in the log and not there")
        one = objects[key]
        texts = [NULL if value is None else value for value in values]
        found.append(File(str(one.path), f"s3://{bucket}/{key}", one.size, texts))
    return found


def state(lake: Lake, table: dict[str, Any]) -> delta.Table:
    bucket, prefix = folder((table.get("StorageDescriptor") or {}).get("Location", ""))
    start = f"{prefix}_delta_log/"
    try:
        found = lake.s3.files(Bucket=bucket, Prefix=start)
        return delta.read({one.key[len(start) :]: one.path for one in found})
    except (delta.Unreadable, ValueError, KeyError, AwsError) as error:
        name = f"{table['DatabaseName']}.{table['Name']}"
        raise SqlError("DELTA_LAKE_INVALID_SCHEMA", f"Table {name} cannot be read: {error}") from None
