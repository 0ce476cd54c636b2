"""SHOW: what is in the catalog, line by line, in the order and the spelling of Hive's answers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cumulet.services.athena.ddl.databases import matches
from cumulet.services.athena.ddl.describing import own_columns
from cumulet.services.athena.ddl.reading import Act, Reader, failed, found_table
from cumulet.services.athena.iceberg.properties import athena as athena_key
from cumulet.services.athena.iceberg.record import is_current, is_iceberg, metadata, partition_fields
from cumulet.services.athena.lake import VIEW

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def tables(reader: Reader) -> Act:
    reader.expect("SHOW", "TABLES")
    database = reader.name() if reader.take("IN") or reader.take("FROM") else ""
    pattern = "*"
    if reader.take("LIKE") or reader.left:
        pattern = reader.literal()
    reader.end()
    return lambda run: [
        each.name for each in run.lake.tables(existing(run, database)) if matches(each.name, pattern)
    ]


def existing(run: Run, database: str) -> str:
    name = database or run.database
    if name not in run.lake.databases():
        raise failed(f"SemanticException [Error 10072]: Database does not exist: {name}")
    return name


def views(reader: Reader) -> Act:
    reader.expect("SHOW", "VIEWS")
    database = reader.name() if reader.take("IN") or reader.take("FROM") else ""
    pattern = reader.literal() if reader.take("LIKE") else "*"
    reader.end()
    return lambda run: [
        each.name
        for each in run.lake.tables(existing(run, database))
        if each.view and matches(each.name, pattern)
    ]


def columns(reader: Reader) -> Act:
    reader.expect("SHOW", "COLUMNS")
    if not reader.take("IN"):
        reader.expect("FROM")
    place = reader.table()
    if reader.take("IN") or reader.take("FROM"):
        place = (reader.name(), place[1])
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        listed = table["StorageDescriptor"]["Columns"] + (table.get("PartitionKeys") or [])
        return [f"{each['Name']:<20}" for each in listed if is_current(each)]

    return act


def partitions(reader: Reader) -> Act:
    reader.expect("SHOW", "PARTITIONS")
    place = reader.table()
    wanted = reader.partition() if reader.peek().upper == "PARTITION" else {}
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        keys = [each["Name"] for each in table.get("PartitionKeys") or []]
        if not keys:
            raise failed(f"SemanticException [Error 10241]: Table {table['Name']} is not a partitioned table")
        found = run.lake._pages(
            run.lake.glue.get_partitions,
            "Partitions",
            DatabaseName=table["DatabaseName"],
            TableName=table["Name"],
            ExcludeColumnSchema=True,
        )
        pairs = [dict(zip(keys, each["Values"], strict=True)) for each in found]
        return [
            "/".join(f"{k}={v}" for k, v in each.items())
            for each in pairs
            if all(each.get(k) == v for k, v in wanted.items())
        ]

    return act


def properties(reader: Reader) -> Act:
    reader.expect("SHOW", "TBLPROPERTIES")
    place = reader.table()
    key = ""
    if reader.take("("):
        key = reader.literal()
        reader.expect(")")
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        found = table.get("Parameters") or {}
        if is_iceberg(table):
            found = {"table_type": "ICEBERG", **metadata(run.lake, table).get("properties", {})}
        if key:
            return [
                found.get(key, f"Table {place[0] or run.database}.{place[1]} does not have property: {key}")
            ]
        return [f"{name}\t{value}" for name, value in sorted(found.items())]

    return act


def create_view(reader: Reader) -> Act:
    reader.expect("SHOW", "CREATE", "VIEW")
    place = reader.table()
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        found = VIEW.search(table.get("ViewOriginalText") or "")
        if found is None:
            raise failed(f"SemanticException {place[1]} is not a view")
        text = json.loads(base64.b64decode(found[1]))["originalSql"]
        return [f"CREATE VIEW {table['DatabaseName']}.{table['Name']} AS", *text.splitlines()]

    return act


def create_table(reader: Reader) -> Act:
    reader.expect("SHOW", "CREATE", "TABLE")
    place = reader.table()
    reader.end()

    def act(run: Run) -> list[str]:
        table = found_table(run, place)
        if is_iceberg(table):
            return iceberg(metadata(run.lake, table), table)
        return definition(table, ".".join(filter(None, place)))

    return act


def iceberg(found: dict[str, Any], table: dict[str, Any]) -> list[str]:
    """The statement that would make an Iceberg table."""
    columns = [each for each in table["StorageDescriptor"]["Columns"] if is_current(each)]
    shown = [f"  {each['Name']} {each['Type']}" for each in columns]
    lines = [
        f"CREATE TABLE {table['DatabaseName']}.{table['Name']} (",
        *(f"{s}," for s in shown[:-1]),
        f"{shown[-1]})",
    ]
    if fields := partition_fields(found):
        lines.append(f"PARTITIONED BY ({', '.join(spelt(*each) for each in fields)})")
    lines += ["LOCATION", f"  '{found['location']}'"]
    own = {athena_key(key): value for key, value in found.get("properties", {}).items()}
    return [*lines, "TBLPROPERTIES (", *pairs({"table_type": "iceberg", **own}, "")]


def spelt(name: str, transform: str, column: str) -> str:
    if transform == "identity":
        return f"`{column}`"
    word, _, number = transform.rstrip("]").partition("[")
    return f"{word}({number}, `{column}`)" if number else f"{word}(`{column}`)"


def definition(table: dict[str, Any], name: str) -> list[str]:
    """The statement that would make the table, with Hive's line breaks and trailing blanks; it is named as
    it was asked for, with its database or without."""
    storage = table["StorageDescriptor"]
    serde = storage.get("SerdeInfo") or {}
    lines = [f"CREATE EXTERNAL TABLE `{name}`(", *listed(own_columns(table))]
    if comment := (table.get("Parameters") or {}).get("comment"):
        lines.append(f"COMMENT '{comment}'")
    if keys := table.get("PartitionKeys"):
        lines += ["PARTITIONED BY ( ", *listed(keys)]
    lines += ["ROW FORMAT SERDE ", f"  '{serde.get('SerializationLibrary', '')}' "]
    told = serde.get("Parameters") or {}
    if own := {key: value for key, value in told.items() if (key, value) != ("serialization.format", "1")}:
        lines += ["WITH SERDEPROPERTIES ( ", *pairs(own, " ")]
    lines += [
        "STORED AS INPUTFORMAT ",
        f"  '{storage.get('InputFormat', '')}' ",
        "OUTPUTFORMAT ",
        f"  '{storage.get('OutputFormat', '')}'",
    ]
    lines += ["LOCATION", f"  '{storage.get('Location', '').rstrip('/')}'"]
    shown = {k: v for k, v in (table.get("Parameters") or {}).items() if k not in ("EXTERNAL", "comment")}
    return lines + (["TBLPROPERTIES (", *pairs(shown, "")] if shown else ["TBLPROPERTIES ()"])


def listed(columns: list[dict[str, Any]]) -> list[str]:
    lines = [
        f"  `{each['Name']}` {each.get('Type', 'string')}"
        + (f" COMMENT '{each['Comment']}'" if each.get("Comment") else "")
        for each in columns
    ]
    return [*(f"{line}, " for line in lines[:-1]), f"{lines[-1]})"]


def pairs(values: dict[str, str], end: str) -> list[str]:
    lines = [f"  {quoted(key)}={quoted(value)}" for key, value in sorted(values.items())]
    return [*(f"{line}, " for line in lines[:-1]), f"{lines[-1]}){end}"]


def quoted(text: str) -> str:
    escaped = (
        text.replace("\\", "\\\\")
        .replace("'", "\\'")
        .replace("\t", "\\t")
        .replace("\n", "\\n")
        .replace("\x01", "\\u0001")
    )
    return f"'{escaped}'"
