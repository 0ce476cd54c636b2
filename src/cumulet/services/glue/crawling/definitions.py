"""A table's and its partitions' definitions as the crawler writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from cumulet.engines.schema import types
from cumulet.engines.schema.base import Column, Schema
from cumulet.services.glue.crawling.tables import Table, partition_keys, partition_values
from cumulet.services.glue.crawling.targets import Found

TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
OPEN_CSV = "org.apache.hadoop.hive.serde2.OpenCSVSerde"
PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
ORC = "org.apache.hadoop.hive.ql.io.orc"
AVRO = "org.apache.hadoop.hive.ql.io.avro"
AVRO_SERDE = "org.apache.hadoop.hive.serde2.avro.AvroSerDe"
GROK = "com.amazonaws.glue.serde.GrokSerDe"
FORMATS = {
    "parquet": (
        f"{PARQUET}.MapredParquetInputFormat",
        f"{PARQUET}.MapredParquetOutputFormat",
        f"{PARQUET}.serde.ParquetHiveSerDe",
    ),
    "orc": (f"{ORC}.OrcInputFormat", f"{ORC}.OrcOutputFormat", f"{ORC}.OrcSerde"),
    "avro": (f"{AVRO}.AvroContainerInputFormat", f"{AVRO}.AvroContainerOutputFormat", AVRO_SERDE),
    "json": (TEXT_IN, TEXT_OUT, "org.openx.data.jsonserde.JsonSerDe"),
}
STATISTICS = ("objectCount", "recordCount", "sizeKey", "averageRecordSize")
LEAD = re.compile(r"[^a-z0-9_]")


@dataclass(slots=True)
class Source:
    """Whose definitions these are: the crawler, and the SerDes that its CSV classifiers ask for."""

    crawler: str
    bucket: str
    prefix: str = ""
    serdes: tuple[str, ...] = ()  # by the number of the hint: "OpenCSVSerDe", "LazySimpleSerDe", "None"


@dataclass(slots=True)
class Definition:
    """One table to be, with its partitions."""

    name: str
    table: dict[str, Any]
    partitions: list[dict[str, Any]]

    @property
    def location(self) -> str:
        return str(self.table["StorageDescriptor"]["Location"])


def definition(table: Table, source: Source) -> Definition:
    schemas = [file.schema for file in table.files]
    columns = together(schemas)
    keys = partition_keys(table, {column.name for column in columns})
    location = f"s3://{source.bucket}/{table.root}{'' if table.single or not table.root else '/'}"
    descriptor = descriptor_of(table.schema, columns, table.files, location, source)
    body = {
        "Name": table_name(table, source),
        "Owner": "owner",
        "Retention": 0,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": [{"Name": key, "Type": "string"} for key in keys],
        "StorageDescriptor": descriptor,
        "Parameters": {**descriptor["Parameters"], "UPDATED_BY_CRAWLER": source.crawler},
    }
    return Definition(str(body["Name"]), body, partitions(table, location, source) if keys else [])


def partitions(table: Table, location: str, source: Source) -> list[dict[str, Any]]:
    found = []
    for names, files in table.folders().items():
        schema = next((file.schema for file in files if file.schema.format), table.schema)
        columns = together([file.schema for file in files]) or together([table.schema])
        descriptor = descriptor_of(schema, columns, files, f"{location}{'/'.join(names)}/", source)
        parameters = dict(descriptor["Parameters"])
        found.append(
            {"Values": partition_values(names), "StorageDescriptor": descriptor, "Parameters": parameters}
        )
    return found


def table_name(table: Table, source: Source) -> str:
    """The folder's name (of the whole bucket: the bucket's), in letters that need no quotes anywhere."""
    name = table.root.rpartition("/")[2] or source.bucket
    return (source.prefix + LEAD.sub("_", name.lower())).lower()


def together(schemas: list[Schema]) -> list[Column]:
    """All columns of several files in the order they first came, each wide enough for every file."""
    found: dict[str, str | None] = {}
    for schema in schemas:
        for column in schema.columns:
            found[column.name] = widened(found.get(column.name), column.type)
    return [Column(name, kind or "string") for name, kind in found.items()]


def widened(one: str | None, other: str) -> str:
    """Types as text: the numbers widen, nested types that differ are kept from the file with more fields."""
    if one is None or one == other:
        return other
    if "<" in one and "<" in other and one.partition("<")[0] == other.partition("<")[0]:
        return max(one, other, key=len)
    return types.common(one, other) or "string"


def descriptor_of(
    schema: Schema, columns: list[Column], files: list[Found], location: str, source: Source
) -> dict[str, Any]:
    formats, serde = serde_of(schema, columns, source)
    if serde["SerializationLibrary"] == OPEN_CSV:
        columns = readable_by_open_csv(columns, files)
    return {
        "Columns": [{"Name": column.name, "Type": column.type} for column in columns],
        "Location": location,
        "InputFormat": formats[0],
        "OutputFormat": formats[1],
        "Compressed": schema.compression != "none",
        "NumberOfBuckets": -1,
        "SerdeInfo": serde,
        "BucketColumns": [],
        "SortColumns": [],
        "Parameters": parameters(schema, files),
        "StoredAsSubDirectories": False,
    }


def serde_of(schema: Schema, columns: list[Column], source: Source) -> tuple[tuple[str, str], dict[str, Any]]:
    """The input and output formats, and the SerDe with its parameters."""
    if schema.format == "csv":
        return (TEXT_IN, TEXT_OUT), csv_serde(schema, source)
    if schema.format == "grok":
        return (TEXT_IN, TEXT_OUT), grok_serde(schema)
    if schema.format not in FORMATS:
        return ("", ""), {"SerializationLibrary": "", "Parameters": {}}
    into, out, library = FORMATS[schema.format]
    said = {"paths": ",".join(column.name for column in columns)}
    plain = {"serialization.format": "1"}
    if schema.format == "avro":
        plain["avro.schema.literal"] = schema.options["schema"]
    return (into, out), {
        "SerializationLibrary": library,
        "Parameters": said if schema.format == "json" else plain,
    }


def grok_serde(schema: Schema) -> dict[str, Any]:
    said = {"input.format": schema.options["pattern"]}
    if schema.options["custom"]:
        said["input.grokCustomPatterns"] = schema.options["custom"]
    return {"SerializationLibrary": GROK, "Parameters": said}


def csv_serde(schema: Schema, source: Source) -> dict[str, Any]:
    """LazySimpleSerDe, as Glue's own classifier has it even where fields are quoted (it then shows the
    quotes); a custom classifier says which, or leaves it to what the data needs.

    https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-builtin-rules
    """
    delimiter = schema.options["delimiter"]
    number = schema.options.get("hint")
    asked = source.serdes[number] if number is not None else "LazySimpleSerDe"
    quote = schema.options.get("quote")
    if asked == "OpenCSVSerDe" or (asked == "None" and quote):
        said = {"separatorChar": delimiter, "quoteChar": quote or '"'}
        return {"SerializationLibrary": OPEN_CSV, "Parameters": said}
    return {"SerializationLibrary": LAZY, "Parameters": {"field.delim": delimiter}}


def readable_by_open_csv(columns: list[Column], files: list[Found]) -> list[Column]:
    """OpenCSVSerDe cannot read an empty field as a number: a column that has one is a string."""
    blank: dict[str, bool] = {}
    for file in files:
        for column, empty in zip(file.schema.columns, file.schema.options.get("blank", []), strict=False):
            blank[column.name] = blank.get(column.name, False) or empty
    return [Column(one.name, "string" if blank.get(one.name) else one.type) for one in columns]


def parameters(schema: Schema, files: list[Found]) -> dict[str, str]:
    """What the crawler tells of the data: as AWS writes it, all of it as text."""
    records = sum(file.schema.records for file in files)
    size = sum(file.size for file in files)
    sizes = [file.schema.record_size for file in files if file.schema.records]
    said = {
        "CrawlerSchemaDeserializerVersion": "1.0",
        "CrawlerSchemaSerializerVersion": "1.0",
        "classification": schema.options.get("classification") or schema.format or "UNKNOWN",
        "compressionType": schema.compression,
        "typeOfData": "file",
        "objectCount": str(len(files)),
        "recordCount": str(records),
        "sizeKey": str(size),
        "averageRecordSize": str(round(sum(sizes) / len(sizes)) if sizes else 0),
    }
    if schema.format == "xml":
        said["rowTag"] = schema.options["row tag"]
    if schema.format == "csv":
        said["columnsOrdered"] = "true"
        said["areColumnsQuoted"] = str(bool(schema.options.get("quote"))).lower()
        said["delimiter"] = schema.options["delimiter"]
        if schema.options.get("header"):
            said["skip.header.line.count"] = "1"
    return said


def without_statistics(body: dict[str, Any]) -> dict[str, Any]:
    """A definition as far as it says how to read the data: what a change of schema is judged by."""
    descriptor = body.get("StorageDescriptor", {})
    kept = {name: value for name, value in body.get("Parameters", {}).items() if name not in STATISTICS}
    return {
        "Columns": descriptor.get("Columns"),
        "Location": descriptor.get("Location"),
        "SerdeInfo": descriptor.get("SerdeInfo"),
        "InputFormat": descriptor.get("InputFormat"),
        "PartitionKeys": body.get("PartitionKeys"),
        "Parameters": kept,
    }
