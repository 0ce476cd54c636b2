"""The properties that Athena lets an Iceberg table have, and what Iceberg calls them.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-table-properties.html
"""

from __future__ import annotations

from typing import Any

from cumulet.engines.sql.base import NotSupported, SqlError

KNOWN = {
    "format": "write.format.default",
    "write_compression": "write.parquet.compression-codec",
    "compression_level": "write.parquet.compression-level",
    "optimize_rewrite_data_file_threshold": "",
    "optimize_rewrite_delete_file_threshold": "",
    "optimize_rewrite_data_file_size_bytes": "",
    "optimize_rewrite_min_data_file_size_bytes": "",
    "optimize_rewrite_max_data_file_size_bytes": "",
    "vacuum_min_snapshots_to_keep": "",
    "vacuum_max_snapshot_age_seconds": "",
    "vacuum_max_metadata_files_to_keep": "write.metadata.previous-versions-max",
    "write_target_data_file_size_bytes": "write.target-file-size-bytes",
}
CODECS = {"none": "uncompressed", "gzip": "gzip", "zstd": "zstd", "snappy": "snappy", "lz4": "lz4"}


def iceberg(given: dict[str, Any], *, new: bool = True, check: bool = True) -> dict[str, str]:
    """As Iceberg's own properties; one that Athena does not know is refused."""
    found = {"write.parquet.compression-codec": "zstd"} if new else {}
    for key, value in given.items():
        label = key.lower()
        if label not in KNOWN and not label.startswith("write."):
            raise SqlError("INVALID_TABLE_PROPERTY", f"Unsupported table property key: {key}")
        found[KNOWN.get(label) or label] = checked(label, str(value)) if check else ""
    return found


def checked(key: str, value: str) -> str:
    if key == "format":
        if value.lower() != "parquet":
            raise NotSupported(f"Iceberg tables with {value.upper()} files")
        return "parquet"
    if key == "write_compression":
        if value.lower() not in CODECS:
            raise SqlError("INVALID_TABLE_PROPERTY", f"Unsupported write_compression: {value}")
        return CODECS[value.lower()]
    if (key.startswith(("optimize_", "vacuum_")) or key.endswith("_bytes")) and not value.isdigit():
        raise SqlError("INVALID_TABLE_PROPERTY", f"{key} must be a whole number, not '{value}'")
    return value


def athena(key: str) -> str:
    """Athena's name of one of Iceberg's properties."""
    return next((name for name, known in KNOWN.items() if known == key), key)
