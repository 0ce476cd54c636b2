"""Statements that change Iceberg tables, handed to the engine: INSERT, UPDATE, DELETE, MERGE, OPTIMIZE, VACUUM.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-updating-iceberg-table-data.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import SqlError
from cumulet.services.athena import metadata_file
from cumulet.services.athena.iceberg import properties
from cumulet.services.athena.iceberg.record import is_iceberg
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def create_table_as(run: Run, database: str, name: str) -> None:
    """CREATE TABLE ... WITH (table_type = 'ICEBERG', is_external = false, location = ...) AS query."""
    given = dict(run.statement.properties)
    given.pop("table_type")
    given.pop("if_not_exists", None)
    if given.pop("is_external", False) is not False:
        raise SqlError("INVALID_TABLE_PROPERTY", "line 1:1: Iceberg tables need is_external = false")
    location = given.pop("location", "")
    if not location:
        raise SqlError(
            "INVALID_TABLE_PROPERTY", "line 1:1: An Iceberg table needs a location: 's3://bucket/folder/'"
        )
    partitions = given.pop("partitioning", [])
    run.change(
        "create as",
        database,
        name,
        location=location,
        partitions=partitions,
        properties=properties.iceberg(given),
        no_rows=run.statement.flag,
    )
    rows(run)


def insert(run: Run, database: str, name: str) -> None:
    run.change("insert", database, name, given=run.statement.columns)
    rows(run)


def change_rows(run: Run) -> None:
    database, name = target(run)
    run.change("change", database, name)
    rows(run)


def optimize(run: Run) -> None:
    database, name = target(run)
    run.change("optimize", database, name, where=run.statement.properties["where"])
    run.say([])


def vacuum(run: Run) -> None:
    database, name = target(run)
    run.change("vacuum", database, name)
    run.say([])


def target(run: Run) -> tuple[str, str]:
    """The table that the statement names, which must be one of Iceberg's."""
    from cumulet.services.athena.writing import qualified

    database, name = qualified(run, run.statement.target)
    table = run.lake.glue_table(database, name)
    if table is None:
        raise SqlError(
            "TABLE_NOT_FOUND", f"line 1:1: Table 'awsdatacatalog.{database}.{name}' does not exist"
        )
    if not is_iceberg(table):
        kind = run.statement.kind.lower()
        text = "Modifying Hive table rows is only supported for transactional tables"
        if kind in ("optimize", "vacuum"):
            text = f"Table {database}.{name} is not an Iceberg table: {kind.upper()} is for those"
        raise SqlError("NOT_SUPPORTED", text)
    return database, name


def rows(run: Run) -> None:
    """What a statement that changes rows tells: how many, as a column without rows."""
    base = run.body["ResultConfiguration"]["OutputLocation"]
    run.body["Columns"] = [metadata_file.column("rows", "bigint")]
    run.put_bytes(b"", base)
    run.put_bytes(metadata_file.encoded(run.body["Columns"]), f"{base}.metadata")


def purge(run: Run, table: dict[str, Any]) -> None:
    """A dropped table's objects: Athena manages Iceberg tables, so their data goes with them."""
    from cumulet.services.athena.places import folder

    bucket, prefix = folder(table["StorageDescriptor"]["Location"])
    if not prefix:
        raise SqlError(
            "NOT_SUPPORTED", f"The table's location is the whole bucket {bucket}: empty it by hand"
        )
    try:
        keys = [{"Key": each.key} for each in run.lake.s3.files(Bucket=bucket, Prefix=prefix)]
    except AwsError as error:
        if error.code != "NoSuchBucket":
            raise
        return
    for start in range(0, len(keys), 1000):
        run.lake.s3.delete_objects(
            Bucket=bucket, Delete={"Objects": keys[start : start + 1000], "Quiet": True}
        )
