"""DESCRIBE [EXTENDED | FORMATTED] [db.]table [PARTITION (...)] [column]: columns in Hive's padded fields.

https://docs.aws.amazon.com/athena/latest/ug/describe-table.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.trino import types as t
from cumulet.services.athena.ddl.reading import Act, Reader, failed, found_table
from cumulet.services.athena.iceberg.record import is_current, is_iceberg, metadata, partition_fields
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run

HEAD = "# col_name            \tdata_type           \tcomment             "
BLANK = "\t \t "
TELLING = ("OpenCSVSerde", "CSVSerde", "JsonSerDe", "RegexSerDe", "GrokSerDe", "AvroSerDe", "IonHiveSerDe")


def describe(reader: Reader) -> Act:
    if not reader.take("DESCRIBE"):
        reader.expect("DESC")
    extended = reader.take("EXTENDED") or reader.take("FORMATTED")
    place = reader.table()
    partition = reader.partition() if reader.peek().upper == "PARTITION" else None
    path = column_path(reader) if reader.left else []
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        held = found_partition(run, table, partition) if partition else None
        if path:
            return [described(table if held is None else {**table, **held}, path)]
        if is_iceberg(table):
            return iceberg(metadata(run.lake, table), table)
        return formatted(table, held) if extended else plain(table)

    return act


def column_path(reader: Reader) -> list[str]:
    """column[.field | .'$elem$' | .'$key$' | .'$value$']..."""
    path = [reader.name()]
    while reader.take("."):
        path.append(reader.literal() if reader.peek().kind == "string" else reader.name())
    return path


def described(table: dict[str, Any], path: list[str]) -> str:
    """One column, or what is inside it."""
    columns = own_columns(table) + (table.get("PartitionKeys") or [])
    column = next((each for each in columns if each["Name"].lower() == path[0]), None)
    if column is None:
        raise failed(f"SemanticException [Error 10002]: Invalid column reference {path[0]}")
    kind = t.parse(column.get("Type") or "string")
    for step in path[1:]:
        kind = stepped(kind, step)
    shown = kind.hive if path[1:] else column.get("Type") or "string"
    return line(path[-1], shown, column.get("Comment") or "")


def stepped(kind: t.Type, step: str) -> t.Type:
    """The type inside another one: of a field, an element, a key or a value."""
    inside = dict(zip(kind.names, kind.parts, strict=False))
    if kind.base == "array":
        inside = {"$elem$": kind.parts[0]}
    elif kind.base == "map":
        inside = dict(zip(("$key$", "$value$"), kind.parts, strict=True))
    if step not in inside:
        raise failed(f"SemanticException [Error 10002]: Invalid column reference {step}")
    return inside[step]


def found_partition(run: Run, table: dict[str, Any], given: dict[str, str]) -> dict[str, Any]:
    keys = [each["Name"] for each in table.get("PartitionKeys") or []]
    missing = failed(f"SemanticException [Error 10006]: Partition not found {given}")
    if set(given) != set(keys):
        raise missing
    try:
        found = run.lake.glue.get_partition(
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            PartitionValues=[given[key] for key in keys],
        )
    except AwsError as error:
        if error.code != "EntityNotFoundException":
            raise
        raise missing from None
    partition: dict[str, Any] = found["Partition"]
    return partition


def line(first: str, second: str, third: str) -> str:
    return f"{first:<20}\t{second:<20}\t{third:<20}"


def comment_of(column: dict[str, Any], serde: dict[str, Any]) -> str:
    """A SerDe that tells Hive the columns itself tells their comments too."""
    told = str(serde.get("SerializationLibrary", "")).rpartition(".")[2] in TELLING
    return str(column.get("Comment") or ("from deserializer" if told else ""))


def listed(columns: list[dict[str, Any]]) -> list[str]:
    return [line(each["Name"], each.get("Type") or "string", each.get("Comment") or "") for each in columns]


def own_columns(table: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns outside the partition keys, with the comments that are shown."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    return [{**each, "Comment": comment_of(each, serde)} for each in storage["Columns"]]


def plain(table: dict[str, Any]) -> list[str]:
    keys = table.get("PartitionKeys") or []
    lines = listed(own_columns(table) + keys)
    return [*lines, BLANK, "# Partition Information\t \t ", HEAD, BLANK, *listed(keys)] if keys else lines


def iceberg(found: dict[str, Any], table: dict[str, Any]) -> list[str]:
    """An Iceberg table's current columns and its partition fields."""
    columns = [c for c in table["StorageDescriptor"]["Columns"] if is_current(c)]
    lines = ["# Table schema:\t\t", "# col_name\tdata_type\tcomment"]
    lines += [f"{c['Name']}\t{c['Type']}\t{c.get('Comment', '')}" for c in columns]
    lines += ["\t\t", "# Partition spec:\t\t", "# field_name\tfield_transform\tcolumn_name"]
    return [*lines, *("\t".join(each) for each in partition_fields(found))]


def formatted(table: dict[str, Any], partition: dict[str, Any] | None = None) -> list[str]:
    """With all that is known of the table, or of one of its partitions."""
    whole = table if partition is None else {**table, **partition}
    storage, keys = whole["StorageDescriptor"], table.get("PartitionKeys") or []
    serde = storage.get("SerdeInfo") or {}
    lines = [HEAD, BLANK, *listed(own_columns(table))]
    if keys:
        lines += [BLANK, "# Partition Information\t \t ", HEAD, BLANK, *listed(keys)]
    what, facts = (
        ("Table", of_table(table)) if partition is None else ("Partition", of_partition(table, partition))
    )
    lines += [
        BLANK,
        f"# Detailed {what} Information\t \t ",
        *(f"{k:<20}\t{v:<20}\t " for k, v in facts),
        f"{f'{what} Parameters:':<20}\t \t ",
    ]
    lines += [f"\t{key:<20}\t{value:<20}" for key, value in sorted((whole.get("Parameters") or {}).items())]
    lines += [BLANK, "# Storage Information\t \t "]
    facts = [
        ("SerDe Library:", serde.get("SerializationLibrary") or ""),
        ("InputFormat:", storage.get("InputFormat") or ""),
        ("OutputFormat:", storage.get("OutputFormat") or ""),
        ("Compressed:", "Yes" if storage.get("Compressed") else "No"),
        ("Num Buckets:", str(storage.get("NumberOfBuckets", -1))),
    ]
    return [*lines, *(f"{k:<20}\t{v:<20}\t " for k, v in facts)]


def of_table(table: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Database:", table["DatabaseName"]),
        ("Owner:", table.get("Owner") or "hadoop"),
        ("CreateTime:", created(table)),
        ("LastAccessTime:", "UNKNOWN"),
        ("Protect Mode:", "None"),
        ("Retention:", str(table.get("Retention") or 0)),
        ("Location:", table["StorageDescriptor"].get("Location") or ""),
        ("Table Type:", table.get("TableType") or ""),
    ]


def of_partition(table: dict[str, Any], partition: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        ("Partition Value:", f"[{', '.join(partition['Values'])}]"),
        ("Database:", table["DatabaseName"]),
        ("Table:", table["Name"]),
        ("CreateTime:", created(partition)),
        ("LastAccessTime:", "UNKNOWN"),
        ("Protect Mode:", "None"),
        ("Location:", partition["StorageDescriptor"].get("Location") or ""),
    ]


def created(record: dict[str, Any]) -> str:
    return datetime.fromtimestamp(
        stamp(record.get("CreationTime") or record.get("CreateTime")), UTC
    ).strftime("%a %b %d %H:%M:%S UTC %Y")


def stamp(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value or 0)
