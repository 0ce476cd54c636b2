"""ALTER TABLE, and MSCK REPAIR TABLE, which finds partitions by the names of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from cumulet.services.athena.ddl.reading import INPUT, Act, Reader, failed, found_table, task_failed, updated
from cumulet.services.athena.iceberg.properties import iceberg as iceberg_properties
from cumulet.services.athena.iceberg.record import is_iceberg
from cumulet.services.athena.places import folder
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def alter_table(reader: Reader) -> Act:
    reader.expect("ALTER", "TABLE")
    place = reader.table()
    act = altered(reader, place)
    reader.end()
    return act


def altered(reader: Reader, place: tuple[str, str]) -> Act:
    if reader.take("ADD", "COLUMNS"):
        columns = reader.columns()
        return lambda run: change_columns(run, place, columns, keep=True)
    if reader.take("REPLACE", "COLUMNS"):
        columns = reader.columns()
        return lambda run: change_columns(run, place, columns, keep=False)
    if reader.take("ADD"):
        return add_partitions(reader, place)
    if reader.take("CHANGE"):
        return change_column(reader, place)
    if reader.take("DROP"):
        if reader.peek().upper in ("IF", "PARTITION"):
            return drop_partitions(reader, place)
        return drop_column(reader, place)
    if reader.take("SET", "TBLPROPERTIES"):
        properties = reader.properties()
        return lambda run: set_properties(run, place, properties)
    if reader.take("UNSET", "TBLPROPERTIES"):
        keys = reader.keys()
        return lambda run: unset_properties(run, place, keys)
    if reader.take("SET", "LOCATION"):
        location = reader.location()
        return lambda run: set_location(run, place, location)
    if reader.take("RENAME", "TO"):
        new = reader.table()
        return lambda run: renamed(run, place, new)
    if reader.peek().upper == "PARTITION":
        return alter_partition(reader, place)
    raise reader.unexpected("{'ADD', 'CHANGE', 'DROP', 'PARTITION', 'RENAME', 'REPLACE', 'SET', 'UNSET'}")


def change_columns(
    run: Run, place: tuple[str, str], columns: list[dict[str, Any]], *, keep: bool
) -> list[str]:
    table = found_table(run, place)
    if is_iceberg(table):
        does = "add columns" if keep else "replace columns"
        return alter_iceberg(run, table, does, columns=[described(each) for each in columns])
    old = table["StorageDescriptor"]["Columns"] if keep else []
    taken = {each["Name"].lower() for each in old} | {
        each["Name"].lower() for each in table.get("PartitionKeys") or []
    }
    if twice := [each["Name"] for each in columns if each["Name"] in taken]:
        raise failed(f"SemanticException [Error 10036]: Duplicate column name: {twice[0]}")
    updated(run, table, StorageDescriptor={**table["StorageDescriptor"], "Columns": [*old, *columns]})
    return []


def set_properties(run: Run, place: tuple[str, str], properties: dict[str, str]) -> list[str]:
    table = found_table(run, place)
    if is_iceberg(table):
        return alter_iceberg(
            run, table, "set properties", properties=iceberg_properties(properties, new=False)
        )
    updated(run, table, Parameters={**(table.get("Parameters") or {}), **properties})
    return []


def unset_properties(run: Run, place: tuple[str, str], keys: list[str]) -> list[str]:
    table = found_table(run, place)
    if is_iceberg(table):
        known = iceberg_properties(dict.fromkeys(keys, ""), new=False, check=False)
        return alter_iceberg(run, table, "unset properties", keys=list(known))
    kept = {key: value for key, value in (table.get("Parameters") or {}).items() if key not in keys}
    updated(run, table, Parameters=kept)
    return []


def change_column(reader: Reader, place: tuple[str, str]) -> Act:
    """CHANGE [COLUMN] old new type [COMMENT text] [FIRST | AFTER other], of Iceberg tables."""
    reader.take("COLUMN")
    old = reader.name()
    column: dict[str, Any] = {"Name": reader.name(), "Type": reader.type()}
    if reader.take("COMMENT"):
        column["Comment"] = reader.literal()
    first = reader.take("FIRST")
    after = reader.name() if reader.take("AFTER") else ""
    return lambda run: alter_iceberg(
        run,
        of_iceberg(run, place),
        "change column",
        column=old,
        columns=[described(column)],
        first=first,
        after=after,
    )


def drop_column(reader: Reader, place: tuple[str, str]) -> Act:
    reader.take("COLUMN")
    name = reader.name()
    return lambda run: alter_iceberg(run, of_iceberg(run, place), "drop column", column=name)


def renamed(run: Run, place: tuple[str, str], new: tuple[str, str]) -> list[str]:
    """RENAME TO, of Iceberg tables: the same metadata file under another name; no file of the lake moves.

    dbt-athena's tables on Iceberg change places by it.
    """
    table = of_iceberg(run, place)
    database, name = new[0] or table["DatabaseName"], new[1]
    given = {key: table[key] for key in INPUT if table.get(key) is not None}

    def move() -> None:
        run.lake.glue.create_table(DatabaseName=database, TableInput={**given, "Name": name})
        run.lake.glue.delete_table(DatabaseName=table["DatabaseName"], Name=table["Name"])

    try:
        run.lake.glue.store.atomically(move)
    except AwsError as error:
        if error.code not in ("AlreadyExistsException", "EntityNotFoundException"):
            raise
        raise task_failed(f"{error.code}(message:{error.message})") from None
    return []


def of_iceberg(run: Run, place: tuple[str, str]) -> dict[str, Any]:
    table = found_table(run, place)
    if not is_iceberg(table):
        raise failed(
            f"SemanticException {table['Name']} is no Iceberg table: CHANGE, DROP COLUMN and RENAME are for those"
        )
    return table


def described(column: dict[str, Any]) -> list[str]:
    return [column["Name"], column["Type"], column.get("Comment", "")]


def alter_iceberg(run: Run, table: dict[str, Any], does: str, **arguments: Any) -> list[str]:
    run.change("alter", table["DatabaseName"], table["Name"], does=does, **arguments)
    return []


def set_location(run: Run, place: tuple[str, str], location: str) -> list[str]:
    table = found_table(run, place)
    updated(run, table, StorageDescriptor={**table["StorageDescriptor"], "Location": location})
    return []


def add_partitions(reader: Reader, place: tuple[str, str]) -> Act:
    quiet = reader.take("IF", "NOT", "EXISTS")
    wanted: list[tuple[dict[str, str], str]] = []
    while reader.peek().upper == "PARTITION":
        values = reader.partition()
        wanted.append((values, reader.location() if reader.take("LOCATION") else ""))
        reader.take(",")
    if not wanted:
        raise reader.unexpected("'PARTITION'")

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        inputs = [partition_input(table, values, location) for values, location in wanted]
        errors = create_partitions(run, table, inputs)
        if errors and not quiet:
            raise task_failed("AlreadyExistsException(message:Partition already exists.)")
        return []

    return act


def partition_input(table: dict[str, Any], values: dict[str, str], location: str = "") -> dict[str, Any]:
    keys = [each["Name"].lower() for each in table.get("PartitionKeys") or []]
    if set(keys) != set(values):
        raise failed(
            f"SemanticException [Error 10125]: partition spec {values} doesn't contain all "
            f"({len(keys)}) partition columns"
        )
    path = "".join(f"{key}={quote(values[key], safe='')}/" for key in keys)
    found = location or f"{table['StorageDescriptor']['Location'].rstrip('/')}/{path}"
    return {
        "Values": [values[key] for key in keys],
        "StorageDescriptor": {**table["StorageDescriptor"], "Location": found},
    }


def create_partitions(run: Run, table: dict[str, Any], inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tell Glue, a hundred at a time; what it would not take (because it was there) comes back."""
    errors: list[dict[str, Any]] = []
    for start in range(0, len(inputs), 100):
        answer = run.lake.glue.batch_create_partition(
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            PartitionInputList=inputs[start : start + 100],
        )
        errors += answer.get("Errors") or []
    return errors


def drop_partitions(reader: Reader, place: tuple[str, str]) -> Act:
    quiet = reader.take("IF", "EXISTS")
    wanted = [reader.partition()]
    while reader.take(","):
        wanted.append(reader.partition())

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        for values in wanted:
            try:
                run.lake.glue.delete_partition(
                    DatabaseName=table["DatabaseName"],
                    TableName=table["Name"],
                    PartitionValues=partition_input(table, values)["Values"],
                )
            except AwsError as error:
                if error.code != "EntityNotFoundException":
                    raise
                if not quiet:
                    raise failed(f"SemanticException [Error 10006]: Partition not found {values}") from None
        return []

    return act


def alter_partition(reader: Reader, place: tuple[str, str]) -> Act:
    """PARTITION (...) RENAME TO PARTITION (...), PARTITION (...) SET LOCATION '...'."""
    old = reader.partition()
    if reader.take("SET", "LOCATION"):
        location, new = reader.location(), old
    else:
        reader.expect("RENAME", "TO")
        location, new = "", reader.partition()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        values = partition_input(table, old)["Values"]
        where = {"DatabaseName": table["DatabaseName"], "TableName": table["Name"]}
        found = run.lake.glue.get_partition(**where, PartitionValues=values)["Partition"]
        given = partition_input(table, new, location or found["StorageDescriptor"]["Location"])
        run.lake.glue.update_partition(**where, PartitionValueList=values, PartitionInput=given)
        return []

    return act


def repair(reader: Reader) -> Act:
    reader.expect("MSCK", "REPAIR", "TABLE")
    place = reader.table()
    reader.end()
    return lambda run: repaired(run, found_table(run, place))


def repaired(run: Run, table: dict[str, Any]) -> list[str]:
    """Folders named key=value, key by key in the table's order, that Glue does not know."""
    if is_iceberg(table):
        raise failed("SemanticException An Iceberg table knows its partitions itself: nothing to repair")
    keys = [each["Name"].lower() for each in table.get("PartitionKeys") or []]
    if not keys:
        return []
    bucket, prefix = folder(table["StorageDescriptor"]["Location"])
    known = {
        tuple(each["Values"])
        for each in run.lake._pages(
            run.lake.glue.get_partitions,
            "Partitions",
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            ExcludeColumnSchema=True,
        )
    }
    found: dict[tuple[str, ...], str] = {}
    for file in run.lake.s3.files(Bucket=bucket, Prefix=prefix):
        parts = file.key[len(prefix) :].split("/")[: len(keys)]
        pairs = [part.partition("=") for part in parts]
        if len(pairs) == len(keys) and all(
            k.lower() == key and mark for (k, mark, _), key in zip(pairs, keys, strict=True)
        ):
            found.setdefault(
                tuple(unquote(value) for _, _, value in pairs), f"s3://{bucket}/{prefix}{'/'.join(parts)}"
            )
    new = {values: place for values, place in found.items() if values not in known}
    inputs = [
        partition_input(table, dict(zip(keys, values, strict=True)), place) for values, place in new.items()
    ]
    create_partitions(run, table, inputs)
    if not new:
        return []
    names = [f"{table['Name']}:{place[len(f's3://{bucket}/{prefix}') :]}" for place in new.values()]
    return [
        "Partitions not in metastore:\t" + "\t".join(names),
        *(f"Repair: Added partition to metastore {each}" for each in names),
    ]
