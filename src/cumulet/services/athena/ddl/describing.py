"""DESCRIBE [EXTENDED | FORMATTED] [db.]table: columns in Hive's padded fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cumulet.services.athena.ddl.reading import Act, Reader, found_table
from cumulet.services.athena.iceberg.record import is_current, is_iceberg, metadata, partition_fields

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
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        if is_iceberg(table):
            return iceberg(metadata(run.lake, table), table)
        return formatted(table) if extended else plain(table)

    return act


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


def formatted(table: dict[str, Any]) -> list[str]:
    storage, keys = table["StorageDescriptor"], table.get("PartitionKeys") or []
    serde = storage.get("SerdeInfo") or {}
    lines = [HEAD, BLANK, *listed(own_columns(table))]
    if keys:
        lines += [BLANK, "# Partition Information\t \t ", HEAD, BLANK, *listed(keys)]
    created = datetime.fromtimestamp(float(stamp(table.get("CreateTime"))), UTC).strftime(
        "%a %b %d %H:%M:%S UTC %Y"
    )
    facts = [
        ("Database:", table["DatabaseName"]),
        ("Owner:", table.get("Owner") or "hadoop"),
        ("CreateTime:", created),
        ("LastAccessTime:", "UNKNOWN"),
        ("Protect Mode:", "None"),
        ("Retention:", str(table.get("Retention") or 0)),
        ("Location:", storage.get("Location") or ""),
        ("Table Type:", table.get("TableType") or ""),
    ]
    lines += [
        BLANK,
        "# Detailed Table Information\t \t ",
        *(f"{k:<20}\t{v:<20}\t " for k, v in facts),
        "Table Parameters:   \t \t ",
    ]
    lines += [f"\t{key:<20}\t{value:<20}" for key, value in sorted((table.get("Parameters") or {}).items())]
    lines += [BLANK, "# Storage Information\t \t "]
    facts = [
        ("SerDe Library:", serde.get("SerializationLibrary") or ""),
        ("InputFormat:", storage.get("InputFormat") or ""),
        ("OutputFormat:", storage.get("OutputFormat") or ""),
        ("Compressed:", "Yes" if storage.get("Compressed") else "No"),
        ("Num Buckets:", str(storage.get("NumberOfBuckets", -1))),
    ]
    return [*lines, *(f"{k:<20}\t{v:<20}\t " for k, v in facts)]


def stamp(value: Any) -> float:
    return value.timestamp() if isinstance(value, datetime) else float(value or 0)
