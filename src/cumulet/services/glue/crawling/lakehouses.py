"""Tables that say themselves what they are: Iceberg's metadata files, Delta's log, Hudi's properties.

https://docs.aws.amazon.com/glue/latest/dg/crawler-delta-lake.html
https://docs.aws.amazon.com/glue/latest/dg/crawler-data-stores.html
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

from cumulet.engines import delta
from cumulet.services.glue.crawling.definitions import LAZY, LEAD, Definition, Source

METADATA = re.compile(r"(?:(.*)/)?metadata/v?(\d+)(?:-[^/]*)?(?:\.gz)?\.metadata\.json(?:\.gz)?")
LOG = re.compile(r"(?:(.*)/)?_delta_log/([^/]+)")
HUDI = re.compile(r"(?:(.*)/)?\.hoodie/hoodie\.properties")
ICEBERG = {"int": "int", "long": "bigint", "timestamptz": "timestamp", "time": "string", "uuid": "string"}


def lakehouses(files: dict[str, Path], source: Source) -> dict[str, Definition | str]:
    """Every Iceberg, Delta and Hudi table among files, by its folder; a text says why one cannot be read.

    Hudi's never can: its folders hold old versions of the same rows too, which only its timeline tells apart.
    """
    found: dict[str, Definition | str] = {}
    for root in hudi(files):
        found[root] = f"{root or source.bucket} is a Hudi table, which Cumulet cannot read; it is left out"
    for root, key in newest_metadata(files).items():
        found[root] = iceberg(root, key, files[key], source)
    for root, log in logs(files).items():
        found[root] = delta_table(root, log, source)
    return found


def newest_metadata(files: dict[str, Path]) -> dict[str, str]:
    """The metadata file with the highest number, by its table's folder."""
    best: dict[str, tuple[int, str]] = {}
    for key in files:
        if found := METADATA.fullmatch(key):
            root = found[1] or ""
            best[root] = max(best.get(root, (-1, "")), (int(found[2]), key))
    return {root: key for root, (_, key) in best.items()}


def logs(files: dict[str, Path]) -> dict[str, dict[str, Path]]:
    found: dict[str, dict[str, Path]] = {}
    for key, path in files.items():
        if match := LOG.fullmatch(key):
            found.setdefault(match[1] or "", {})[match[2]] = path
    return {root: log for root, log in found.items() if delta.commits(log) or delta.newest_checkpoint(log)}


def hudi(files: dict[str, Path]) -> list[str]:
    return [match[1] or "" for key in files if (match := HUDI.fullmatch(key))]


def iceberg(root: str, key: str, path: Path, source: Source) -> Definition | str:
    try:
        data = path.read_bytes()
        metadata = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
        number = metadata.get("current-schema-id", 0)
        schemas = metadata.get("schemas") or [metadata["schema"]]
        schema = next(one for one in schemas if one.get("schema-id", 0) == number)
        columns = {one["name"]: iceberg_type(one["type"]) for one in schema["fields"]}
    except (ValueError, KeyError, StopIteration, EOFError, OSError) as error:
        return f"{key} is no metadata file of Iceberg's: {type(error).__name__} {error}"
    said = {"table_type": "ICEBERG", "metadata_location": f"s3://{source.bucket}/{key}"}
    location = metadata.get("location") or f"s3://{source.bucket}/{root}"
    return definition(root, location.rstrip("/"), columns, said, source)


def delta_table(root: str, log: dict[str, Path], source: Source) -> Definition | str:
    try:
        table = delta.read(log)
    except (delta.Unreadable, ValueError, KeyError) as error:
        return f"{root}/_delta_log: {error}"
    said = {"table_type": "delta", "classification": "delta", "spark.sql.sources.provider": "delta"}
    location = f"s3://{source.bucket}/{root}{'/' if root else ''}"
    return definition(root, location, table.columns, {**said, "EXTERNAL": "TRUE"}, source)


def definition(
    root: str, location: str, columns: dict[str, str], said: dict[str, str], source: Source
) -> Definition:
    """A table of the catalog that only points: its columns are a copy of what the table itself says."""
    name = (source.prefix + LEAD.sub("_", (root.rpartition("/")[2] or source.bucket).lower())).lower()
    parameters = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        **said,
        "UPDATED_BY_CRAWLER": source.crawler,
    }
    formats: dict[str, Any] = {
        "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": LAZY,
            "Parameters": {"serialization.format": "1", "path": location},
        },
    }
    body = {
        "Name": name,
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [],
        "Parameters": parameters,
        "StorageDescriptor": {
            "Columns": [{"Name": name.lower(), "Type": kind} for name, kind in columns.items()],
            "Location": location,
            "Compressed": False,
            "NumberOfBuckets": -1,
            **(formats if said["table_type"] == "delta" else {}),
        },
    }
    return Definition(name, body, [])


def iceberg_type(kind: Any) -> str:
    """A type of Iceberg's metadata as Hive writes it."""
    if isinstance(kind, str):
        base = kind.partition("[")[0]
        return "binary" if base == "fixed" else ICEBERG.get(base, kind.replace(" ", ""))
    if kind["type"] == "list":
        return f"array<{iceberg_type(kind['element'])}>"
    if kind["type"] == "map":
        return f"map<{iceberg_type(kind['key'])},{iceberg_type(kind['value'])}>"
    inner = (one["name"] + ":" + iceberg_type(one["type"]) for one in kind["fields"])
    return f"struct<{','.join(inner)}>"
