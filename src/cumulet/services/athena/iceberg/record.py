"""An Iceberg table's record in Glue: where its metadata file is, and what its columns are.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg.html and
https://docs.aws.amazon.com/glue/latest/dg/populate-otf.html
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from cumulet.engines.sql.base import SqlError
from cumulet.wire.errors import AwsError

KEPT = ("Name", "Description", "Owner", "Retention", "PartitionKeys", "TableType", "Parameters")


def commit(glue: Any, database: str, name: str, before: str, after: str, shown: dict[str, Any]) -> None:
    """Make `after` the table's metadata file if `before` still is ("": the table is made)."""
    try:
        if before:
            exchange(glue, database, name, before, after, shown)
        else:
            glue.create_table(DatabaseName=database, TableInput=record(name, after, shown))
    except AwsError as error:
        if error.code in ("ConcurrentModificationException", "AlreadyExistsException"):
            raise conflict(database, name) from None
        raise


def exchange(glue: Any, database: str, name: str, before: str, after: str, shown: dict[str, Any]) -> None:
    found = glue.get_table(DatabaseName=database, Name=name)["Table"]
    parameters = found.get("Parameters") or {}
    if parameters.get("metadata_location") != before:
        raise conflict(database, name)
    made = record(name, after, shown)
    kept = {key: found[key] for key in KEPT if found.get(key) is not None}
    storage = {**(found.get("StorageDescriptor") or {}), **made["StorageDescriptor"]}
    parameters = {**parameters, "metadata_location": after, "previous_metadata_location": before}
    changed = {**kept, "StorageDescriptor": storage, "Parameters": parameters}
    glue.update_table(
        DatabaseName=database, TableInput=changed, SkipArchive=True, VersionId=found["VersionId"]
    )


def record(name: str, metadata: str, shown: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"table_type": "ICEBERG", "metadata_location": metadata},
        "StorageDescriptor": {"Columns": shown["columns"], "Location": shown["location"]},
    }


def conflict(database: str, name: str) -> SqlError:
    return SqlError("ICEBERG_COMMIT_ERROR", f"Failed to commit Iceberg update to table: {database}.{name}")


def is_iceberg(table: dict[str, Any]) -> bool:
    return str((table.get("Parameters") or {}).get("table_type", "")).upper() == "ICEBERG"


def is_current(column: dict[str, Any]) -> bool:
    """Glue keeps the columns that an Iceberg table once had; they say that they are not current."""
    return str((column.get("Parameters") or {}).get("iceberg.field.current")) != "false"


def metadata(lake: Any, table: dict[str, Any]) -> dict[str, Any]:
    """The table's metadata file, as it is."""
    location = (table.get("Parameters") or {}).get("metadata_location", "")
    path = lake.open(location) if location else None
    if path is None:
        where = f"{table['DatabaseName']}.{table['Name']}"
        raise SqlError(
            "ICEBERG_MISSING_METADATA", f"Metadata not found in metadata location for table {where}"
        )
    content = Path(path).read_bytes()
    packed = location.endswith(".gz.metadata.json")
    found: dict[str, Any] = json.loads(gzip.decompress(content) if packed else content)
    return found


def partition_fields(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, transform and column of each field of the current partition spec."""
    names = {field["id"]: field["name"] for schema in found["schemas"] for field in schema["fields"]}
    spec = next(each for each in found["partition-specs"] if each["spec-id"] == found["default-spec-id"])
    return [(each["name"], each["transform"], names[each["source-id"]]) for each in spec["fields"]]
