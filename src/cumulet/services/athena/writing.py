"""Statements that write data: CREATE TABLE AS, INSERT INTO, UNLOAD.

The engine makes the files; here they are handed to S3 and Glue is told. Which files came out stands in
`<id>-manifest.csv`, one location a line. https://docs.aws.amazon.com/athena/latest/ug/ctas.html
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cumulet.engines.sql.base import NotSupported, Outcome, Output, SqlError
from cumulet.services.athena import formats, metadata_file
from cumulet.services.athena.iceberg import changes
from cumulet.services.athena.iceberg.record import is_iceberg
from cumulet.services.athena.lake import bucketing
from cumulet.services.athena.managed_results import managed
from cumulet.services.athena.places import folder

if TYPE_CHECKING:
    from cumulet.engines.sql.base import Written
    from cumulet.services.athena.running import Run

HONOURED = frozenset(
    [
        "format",
        "external_location",
        "partitioned_by",
        "write_compression",
        "parquet_compression",
        "orc_compression",
        "compression",
        "compression_level",
        "field_delimiter",
        "table_type",
        "is_external",
        "if_not_exists",
        "bucketed_by",
        "bucket_count",
    ]
)


def create_table_as(run: Run) -> None:
    """The table exists when its data does: Glue is told last."""
    database, name = qualified(run, run.statement.target)
    given = run.statement.properties
    iceberg = str(given.get("table_type", "")).upper() == "ICEBERG"
    if not iceberg:
        check_properties(given, "CREATE TABLE AS")
    if exists(run, database, name):
        if given.get("if_not_exists"):
            finish(run, [], "")
            return
        raise SqlError(
            "TABLE_ALREADY_EXISTS",
            f"line 1:1: Destination table 'awsdatacatalog.{database}.{name}' already exists",
        )
    if iceberg:
        changes.create_table_as(run, database, name)
        return
    location = given.get("external_location") or f"{run.body['Folder'].rstrip('/')}/tables/{run.id}"
    if managed(location):
        raise SqlError(
            "INVALID_TABLE_PROPERTY",
            "line 1:1: The work group has managed query results: WITH (external_location = 's3://...') is needed",
        )
    check_empty(run, location, database, name)
    output = output_of(run, given)
    outcome = run.ask(run.statement.query, output, no_rows=run.statement.flag)
    locations = handed_over(run, outcome.files, location, output.options["partitions"])
    create_table(run, database, name, location, outcome, output)
    register(run, database, name, location, outcome.files, output.options["partitions"])
    finish(run, locations, location)


def qualified(run: Run, parts: list[str]) -> tuple[str, str]:
    """A table's database and name; its database must exist."""
    if len(parts) > 3 or (len(parts) == 3 and parts[0] != "awsdatacatalog"):
        raise SqlError("CATALOG_NOT_FOUND", f"line 1:1: Catalog '{parts[0]}' does not exist")
    database, name = ([run.database, *parts])[-2:]
    if not run.lake.has_database(database):
        raise SqlError("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
    return database, name


def exists(run: Run, database: str, name: str) -> bool:
    return run.lake.glue_table(database, name) is not None


def check_properties(given: dict[str, Any], what: str) -> None:
    if unknown := sorted(given.keys() - HONOURED):
        raise SqlError("INVALID_TABLE_PROPERTY", f"line 1:1: table property '{unknown[0]}' does not exist")
    if str(given.get("table_type", "hive")).lower() != "hive" or given.get("is_external") is False:
        raise NotSupported(f"{what} with table_type = '{given.get('table_type')}'")
    if bool(given.get("bucketed_by")) != bool(given.get("bucket_count")):
        raise SqlError("INVALID_TABLE_PROPERTY", f"{what}: bucketed_by and bucket_count belong together")


def output_of(run: Run, given: dict[str, Any]) -> Output:
    form = str(given.get("format", "PARQUET")).lower()
    form = {"text": "textfile"}.get(form, form)
    compression = (
        given.get("write_compression") or given.get(f"{form}_compression") or given.get("compression")
    )
    if form not in formats.FORMATS:
        raise NotSupported(f"Writing {form.upper()} files")
    options = {
        "partitions": [each.lower() for each in given.get("partitioned_by", [])],
        "buckets": [each.lower() for each in given.get("bucketed_by") or []],
        "bucket_count": given.get("bucket_count") or 0,
        "compression": compression,
        "field_delimiter": given.get("field_delimiter", "\x01"),
    }
    return Output(run.folder, form, options)


def check_empty(run: Run, location: str, database: str, name: str) -> None:
    bucket, prefix = folder(location)
    if run.lake.s3.files(Bucket=bucket, Prefix=prefix):
        raise SqlError(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for table '{database}.{name}' already exists: {location}. "
            f"You may need to manually clean the data at location '{location}' before retrying. Athena will not "
            "delete data in your account.",
        )


def handed_over(run: Run, files: list[Written], location: str, keys: list[str]) -> list[str]:
    """Give the files their names in the table's folder; their locations."""
    stamp = datetime.fromtimestamp(run.service.house.clock(), UTC).strftime("%Y%m%d_%H%M%S")
    locations = []
    run.begin_to_write()
    for number, file in enumerate(files):
        path = Path(file.path)
        ending = path.suffix if path.suffix in (".gz", ".zst") else ""
        parts = "".join(
            f"{key}={quote(value, safe='')}/" for key, value in zip(keys, file.values, strict=True)
        )
        own = uuid.uuid4() if file.bucket is None else f"bucket-{file.bucket:05}"
        found = f"{location.rstrip('/')}/{parts}{stamp}_{number:05}_{run.id[:5]}_{own}{ending}"
        run.put(path, found)
        locations.append(found)
    return locations


def create_table(run: Run, database: str, name: str, location: str, outcome: Outcome, output: Output) -> None:
    keys = output.options["partitions"]
    columns = [{"Name": each.name.lower(), "Type": each.hive} for each in outcome.columns]
    table = {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "EXTERNAL": "TRUE",
            "has_encrypted_data": "true" if run.sealed else "false",
            "auto.purge": "false",
            "numRows": "-1",
            "numFiles": "-1",
            "totalSize": "-1",
            **formats.table_parameters(output.format, output.options),
        },
        "PartitionKeys": [each for each in columns if each["Name"] in keys],
        "StorageDescriptor": {
            "Columns": [each for each in columns if each["Name"] not in keys],
            "Location": location.rstrip("/") + "/",
            "BucketColumns": output.options["buckets"],
            **formats.storage(output.format, output.options),
        },
    }
    run.lake.glue.create_table(DatabaseName=database, TableInput=table)


def register(
    run: Run, database: str, name: str, location: str, files: list[Written], keys: list[str]
) -> None:
    """Tell Glue of the partitions that have come; those that are known stay."""
    if not keys:
        return
    table = run.lake.glue.get_table(DatabaseName=database, Name=name)["Table"]
    wanted = {tuple(each.values): None for each in files}
    inputs = []
    for values in wanted:
        parts = "".join(f"{key}={quote(value, safe='')}/" for key, value in zip(keys, values, strict=True))
        storage = {**table["StorageDescriptor"], "Location": f"{location.rstrip('/')}/{parts}"}
        inputs.append({"Values": list(values), "StorageDescriptor": storage})
    for start in range(0, len(inputs), 100):
        run.lake.glue.batch_create_partition(
            DatabaseName=database, TableName=name, PartitionInputList=inputs[start : start + 100]
        )


def insert_into(run: Run) -> None:
    database, name = qualified(run, run.statement.target)
    table = run.lake.glue_table(database, name)
    if table is None:
        raise SqlError(
            "TABLE_NOT_FOUND", f"line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    if table.get("TableType") == "VIRTUAL_VIEW":
        raise SqlError("NOT_SUPPORTED", "line 1:1: Inserting into views is not supported")
    if is_iceberg(table):
        changes.insert(run, database, name)
        return
    if bucketing(table["StorageDescriptor"]):
        raise SqlError("NOT_SUPPORTED", "INSERT INTO is not supported on bucketed tables")
    if "storage.location.template" in (table.get("Parameters") or {}):
        raise NotSupported("INSERT INTO a table with storage.location.template")
    form, options = formats.of_table(run.lake, table)
    keys = [each["Name"] for each in table.get("PartitionKeys") or []]
    columns = [
        [each["Name"], each.get("Type", "string")]
        for each in table["StorageDescriptor"]["Columns"] + (table.get("PartitionKeys") or [])
    ]
    output = Output(run.folder, form, {**options, "partitions": keys})
    outcome = run.ask(run.statement.query, output, target=columns, given=run.statement.columns)
    location = table["StorageDescriptor"]["Location"]
    locations = handed_over(run, outcome.files, location, keys)
    register(run, database, name, location, outcome.files, keys)
    finish(run, locations, run.body["ResultConfiguration"]["OutputLocation"])


def unload(run: Run) -> None:
    """Files and nothing else: no table comes of it."""
    given = run.statement.properties
    check_properties(given, "UNLOAD")
    if "format" not in given:
        raise SqlError("INVALID_TABLE_PROPERTY", "line 1:1: UNLOAD needs a format: WITH (format = 'PARQUET')")
    location = run.statement.location
    check_empty(run, location, "unload", "destination")
    output = output_of(run, given)
    if output.format == "textfile" and "field_delimiter" not in given:
        output.options["field_delimiter"] = "\x01"
    outcome = run.ask(run.statement.query, output)
    finish(run, handed_over(run, outcome.files, location, output.options["partitions"]), location)


def finish(run: Run, locations: list[str], location: str) -> None:
    """The manifest, and the columns that GetQueryResults shows: how many rows were written."""
    base = run.body["ResultConfiguration"]["OutputLocation"]
    run.manifest = "" if managed(base) else f"{base}-manifest.csv"
    run.body["Columns"] = [metadata_file.column("rows", "bigint")]
    run.put_bytes("\n".join(locations).encode(), f"{base}-manifest.csv")
    run.put_bytes(metadata_file.encoded(run.body["Columns"]), f"{base}.metadata")
    if run.statement.kind == "CREATE_TABLE_AS_SELECT" and location:
        run.body["ResultConfiguration"]["OutputLocation"] = (
            location.rstrip("/") if run.statement.properties.get("external_location") else base
        )
