"""CREATE EXTERNAL TABLE. https://docs.aws.amazon.com/athena/latest/ug/create-table.html"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.trino.types import UnknownType, parse
from cumulet.services.athena.ddl.reading import Act, Reader, failed, task_failed
from cumulet.services.athena.formats import FORMATS, LAZY, TEXT_IN, TEXT_OUT, WRITERS
from cumulet.services.athena.iceberg import properties
from cumulet.services.athena.places import bucket_and_key
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


@dataclass(slots=True)
class Definition:
    """A table's clauses as they are read."""

    database: str
    name: str
    columns: list[dict[str, Any]]
    keys: list[dict[str, Any]] = field(default_factory=list)
    comment: str = ""
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    formats: tuple[str, str] | None = None  # STORED AS
    location: str = ""
    properties: dict[str, str] = field(default_factory=dict)
    partitioning: list[str] = field(default_factory=list)  # as Iceberg spells it: "day(at)", "kind"
    buckets: list[str] = field(default_factory=list)
    bucket_count: int = -1


def create_table(reader: Reader) -> Act:
    reader.expect("CREATE")
    external = reader.take("EXTERNAL")
    reader.expect("TABLE")
    quiet = reader.take("IF", "NOT", "EXISTS")
    database, name = reader.table()
    if reader.take("LIKE"):
        raise reader.unexpected("'('")
    without = reader.unexpected("'('")
    made = Definition(database, name, reader.columns() if reader.peek().text == "(" else [])
    while reader.left:
        clause(reader, made)
    if not made.columns and made.properties.get("table_type", "").upper() != "DELTA":
        raise without  # only a Delta table says itself what its columns are
    if made.properties.get("table_type", "").upper() == "ICEBERG":
        return iceberg(made, external=external, quiet=quiet)
    if made.partitioning:
        raise failed("SemanticException PARTITIONED BY takes columns with their types: (name type, ...)")
    if not external:
        raise failed(
            "SemanticException Tables in Athena are external: write CREATE EXTERNAL TABLE "
            "(or set 'table_type'='ICEBERG')"
        )
    if not made.location:
        raise failed("SemanticException [Error 10009]: A LOCATION is needed: LOCATION 's3://bucket/folder/'")
    check_types(made)
    return lambda run: create(run, made, quiet)


def clause(reader: Reader, made: Definition) -> None:
    if reader.take("COMMENT"):
        made.comment = reader.comment()
    elif reader.take("PARTITIONED", "BY"):
        partitioned(reader, made)
    elif reader.take("CLUSTERED", "BY"):
        clustered(reader, made)
    elif reader.take("ROW", "FORMAT", "SERDE"):
        made.serde = reader.literal()
    elif reader.take("WITH", "SERDEPROPERTIES"):
        made.serde_properties.update(reader.properties())
    elif reader.take("ROW", "FORMAT", "DELIMITED"):
        delimited(reader, made)
    elif reader.take("STORED", "AS"):
        stored_as(reader, made)
    elif reader.take("LOCATION"):
        made.location = reader.location()
    elif reader.take("TBLPROPERTIES"):
        made.properties = reader.properties()
    else:
        raise reader.unexpected(
            "{'PARTITIONED', 'ROW', 'STORED', 'LOCATION', 'TBLPROPERTIES', 'WITH', 'COMMENT', 'CLUSTERED'}"
        )


def partitioned(reader: Reader, made: Definition) -> None:
    """Hive's (name type, ...), or Iceberg's (name, day(name), bucket(4, name), ...)."""
    at = reader.at
    reader.expect("(")
    terms = [reader.transform()]
    while reader.take(","):
        terms.append(reader.transform())
    if reader.take(")"):
        made.partitioning = terms
        return
    reader.at = at
    made.keys = reader.columns()


def clustered(reader: Reader, made: Definition) -> None:
    reader.expect("(")
    made.buckets = [reader.name()]
    while reader.take(","):
        made.buckets.append(reader.name())
    reader.expect(")", "INTO")
    made.bucket_count = int(reader.next().text)
    reader.expect("BUCKETS")


def delimited(reader: Reader, made: Definition) -> None:
    made.serde = LAZY
    clauses = {
        ("FIELDS", "TERMINATED", "BY"): "field.delim",
        ("ESCAPED", "BY"): "escape.delim",
        ("COLLECTION", "ITEMS", "TERMINATED", "BY"): "collection.delim",
        ("MAP", "KEYS", "TERMINATED", "BY"): "mapkey.delim",
        ("LINES", "TERMINATED", "BY"): "line.delim",
        ("NULL", "DEFINED", "AS"): "serialization.null.format",
    }
    while (found := next((key for words, key in clauses.items() if reader.take(*words)), None)) is not None:
        made.serde_properties[found] = reader.literal()
    if made.serde_properties.get("line.delim", "\n") != "\n":
        raise failed(
            "SemanticException [Error 10101]: LINES TERMINATED BY only supports newline '\\n' right now"
        )
    made.serde_properties.setdefault("serialization.format", made.serde_properties.get("field.delim", "1"))


def stored_as(reader: Reader, made: Definition) -> None:
    if reader.take("INPUTFORMAT"):
        read = reader.literal()
        reader.expect("OUTPUTFORMAT")
        made.formats = (read, reader.literal())
        return
    form = reader.name()
    if form not in FORMATS:
        raise reader.unexpected("{'PARQUET', 'ORC', 'AVRO', 'JSON', 'TEXTFILE', 'INPUTFORMAT'}")
    read, write, serde = FORMATS[form]
    made.formats = (read, write)
    made.serde = made.serde or serde


def iceberg(made: Definition, *, external: bool, quiet: bool) -> Act:
    """https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-creating-tables.html"""
    if external:
        raise failed("SemanticException An Iceberg table is no EXTERNAL one: write CREATE TABLE")
    if made.keys:
        raise failed(
            "SemanticException Iceberg partitions by columns of the table: PARTITIONED BY (name, ...)"
        )
    if not made.location:
        raise failed("SemanticException An Iceberg table needs a LOCATION: LOCATION 's3://bucket/folder/'")
    check_types(made)
    for column in made.columns:
        if column["Type"].startswith(("tinyint", "smallint", "char", "varchar")):
            raise failed(
                f"SemanticException Type is not supported in Iceberg: {column['Name']} {column['Type']}"
            )
    given = {key: value for key, value in made.properties.items() if key != "table_type"}
    arguments = {
        "columns": [[each["Name"], each["Type"], each.get("Comment", "")] for each in made.columns],
        "partitions": made.partitioning,
        "location": made.location,
        "properties": properties.iceberg(given),
    }
    return lambda run: create_iceberg(run, made, quiet, arguments)


def create_iceberg(run: Run, made: Definition, quiet: bool, arguments: dict[str, Any]) -> list[str]:
    database = made.database or run.database
    if not run.lake.has_database(database):
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {database}")
    if run.lake.glue_table(database, made.name) is not None:
        if quiet:
            return []
        raise task_failed(f"AlreadyExistsException(message:Table {made.name} already exists.)")
    run.change("create", database, made.name, **arguments)
    return []


def check_types(made: Definition) -> None:
    for column in made.columns + made.keys:
        try:
            parse(column["Type"])
        except UnknownType:
            raise failed(
                f"ParseException cannot recognize input near '{column['Name']}' '{column['Type']}' in column type"
            ) from None
    names = [each["Name"] for each in made.columns + made.keys]
    if len(set(names)) != len(names):
        raise failed(
            "SemanticException [Error 10035]: Column repeated in partitioning columns or in the column list"
        )


def hive_path(location: str) -> str:
    """A folder as Hive writes it: without the slash at its end, unless it is a whole bucket."""
    return location.rstrip("/") if bucket_and_key(location)[1].strip("/") else location


def create(run: Run, made: Definition, quiet: bool) -> list[str]:
    serde = made.serde or LAZY
    read, write = made.formats or (TEXT_IN, WRITERS.get(serde, TEXT_OUT))
    properties = made.serde_properties or {"serialization.format": "1"}
    table = {
        "Name": made.name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            **({"comment": made.comment} if made.comment else {}),
            **made.properties,
        },
        "PartitionKeys": made.keys,
        "StorageDescriptor": {
            "Columns": made.columns,
            "Location": hive_path(made.location),
            "InputFormat": read,
            "OutputFormat": write,
            "Compressed": False,
            "NumberOfBuckets": made.bucket_count,
            "BucketColumns": made.buckets,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": properties},
            "StoredAsSubDirectories": False,
        },
    }
    database = made.database or run.database
    if not run.lake.has_database(database):
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {database}")
    try:
        run.lake.glue.create_table(DatabaseName=database, TableInput=table)
    except AwsError as error:
        if error.code == "AlreadyExistsException" and quiet:
            return []
        if error.code == "AlreadyExistsException":
            raise task_failed(f"AlreadyExistsException(message:Table {made.name} already exists.)") from None
        raise
    return []
