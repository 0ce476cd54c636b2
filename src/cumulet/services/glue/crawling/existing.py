"""Tables that are in the catalog already, brought up to date: what CatalogTargets name.

https://docs.aws.amazon.com/glue/latest/dg/crawler-data-stores.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.glue.crawling.definitions import Definition, Source, definition
from cumulet.services.glue.crawling.tables import Table
from cumulet.services.glue.crawling.targets import Found, Target
from cumulet.services.glue.refusals import invalid

READ = ("InputFormat", "OutputFormat", "SerdeInfo", "BucketColumns", "NumberOfBuckets", "SortColumns")


def crawled(table: dict[str, Any], place: Target, files: list[Found], source: Source) -> Definition:
    """The table as its files have it now. Its name, its partition keys and how it is read stay as they were told."""
    keys = table.get("PartitionKeys") or []
    inside = [file for file in files if depth(file, place) >= len(keys)]
    made = definition(Table(place.prefix, inside, len(keys)), source)
    made.name = table["Name"]
    made.table.update(
        Name=table["Name"],
        PartitionKeys=keys,
        StorageDescriptor=as_told(table, made.table["StorageDescriptor"]),
        Parameters={**(table.get("Parameters") or {}), **made.table["Parameters"]},
    )
    made.table["StorageDescriptor"]["Location"] = table["StorageDescriptor"]["Location"]
    for partition in made.partitions:
        partition["StorageDescriptor"] = as_told(table, partition["StorageDescriptor"])
    return made


def as_told(table: dict[str, Any], descriptor: dict[str, Any]) -> dict[str, Any]:
    old = table["StorageDescriptor"]
    if not (old.get("SerdeInfo") or {}).get("SerializationLibrary"):
        return descriptor
    return {**descriptor, **{member: old[member] for member in READ if member in old}}


def depth(file: Found, place: Target) -> int:
    """How many levels of folders lie between a table's place and a file of it."""
    below = file.folder[len(place.prefix) :].strip("/")
    return len(below.split("/")) if below else 0


def location(table: dict[str, Any]) -> str:
    """Where a table lies, if it is one that files tell of."""
    name = f"{table['DatabaseName']}.{table['Name']}"
    found = (table.get("StorageDescriptor") or {}).get("Location", "")
    kind = str((table.get("Parameters") or {}).get("table_type", "")).lower()
    if table.get("TableType") == "VIRTUAL_VIEW" or kind in ("iceberg", "delta") or not found:
        raise invalid(f"Table {name} is not one of files in a folder, which alone can be crawled again.")
    return str(found)
