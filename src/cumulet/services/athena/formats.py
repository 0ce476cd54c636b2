"""File formats as Glue spells them: SerDe, input and output format.

https://docs.aws.amazon.com/athena/latest/ug/supported-serdes.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import NotSupported
from cumulet.services.athena.delta_tables import is_delta

if TYPE_CHECKING:
    from cumulet.services.athena.lake import Lake

TEXT_IN = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
# What Athena names where a statement has a SerDe and no STORED AS.
WRITERS = {"org.openx.data.jsonserde.JsonSerDe": "org.apache.hadoop.hive.ql.io.IgnoreKeyTextOutputFormat"}
LAZY = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
FORMATS = {
    "parquet": (
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
    ),
    "orc": (
        "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
        "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
    ),
    "avro": (
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerInputFormat",
        "org.apache.hadoop.hive.ql.io.avro.AvroContainerOutputFormat",
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
    ),
    "json": (TEXT_IN, TEXT_OUT, "org.apache.hive.hcatalog.data.JsonSerDe"),
    "textfile": (TEXT_IN, TEXT_OUT, LAZY),
}


def storage(form: str, options: dict[str, Any]) -> dict[str, Any]:
    """The part of a storage descriptor that says how rows lie in files."""
    read, write, serde = FORMATS[form]
    parameters = {"serialization.format": "1"}
    if form == "textfile":
        delimiter = str(options.get("field_delimiter", "\x01"))
        parameters = {"field.delim": delimiter, "serialization.format": delimiter}
    return {
        "InputFormat": read,
        "OutputFormat": write,
        "Compressed": False,
        "NumberOfBuckets": options.get("bucket_count") or -1,
        "StoredAsSubDirectories": False,
        "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
    }


def table_parameters(form: str, options: dict[str, Any]) -> dict[str, str]:
    usual = {"parquet": "snappy", "orc": "zlib"}.get(form, "gzip")
    compression = str(options.get("compression") or usual).upper()
    key = {"parquet": "parquet.compression", "orc": "orc.compress"}.get(form, "write.compression")
    return {key: compression}


def of_table(lake: Lake, table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """How INSERT must write into a table."""
    if is_delta(table):
        raise NotSupported("INSERT INTO a Delta table, which on Athena is for reading only")
    found = lake._described(table)
    parameters = found.options
    compression = (
        parameters.get("parquet.compression")
        or parameters.get("parquet.compress")
        or parameters.get("orc.compress")
        or parameters.get("write.compression")
    )
    if found.format in ("parquet", "json", "orc", "avro"):
        return found.format, {"compression": compression}
    if found.format == "text" and not parameters.get("escape.delim"):
        delimiter = parameters.get("field.delim", parameters.get("serialization.format", "\x01"))
        return "textfile", {
            "compression": compression,
            "field_delimiter": {"\\t": "\t", "1": "\x01"}.get(delimiter, delimiter),
        }
    raise NotSupported(f"INSERT INTO a table of {found.format} files")
