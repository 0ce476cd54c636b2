"""The columns of a result: as GetQueryResults tells them, and as the .metadata file beside the result.

The file is the message that JDBC drivers read: protobuf, one field per fact.
"""

from __future__ import annotations

from typing import Any

PRECISION = {
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
    "time": 3,
    "timestamp": 3,
    "timestamp with time zone": 3,
    "string": 0,
}
SHOWN = {"real": "float"}


def column(name: str, kind: str, shown: str = "") -> dict[str, Any]:
    """A ColumnInfo, from Trino's spelling of the type: varchar(3), decimal(10,2), array(integer)."""
    base, _, rest = kind.partition("(")
    inside = rest.partition(")")[0]
    base = "timestamp with time zone" if kind.endswith("with time zone") else base
    numbers = (
        [int(each) for each in inside.split(",") if each.strip().isdigit()]
        if base in ("varchar", "char", "decimal")
        else []
    )
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": name,
        "Label": name,
        "Type": shown or SHOWN.get(base, base),
        "Precision": 0 if shown else numbers[0] if numbers else PRECISION.get(base, 0),
        "Scale": numbers[1] if len(numbers) > 1 else 0,
        "Nullable": "UNKNOWN",
        "CaseSensitive": not shown and base in ("varchar", "char", "json"),
    }


def encoded(columns: list[dict[str, Any]]) -> bytes:
    return b"".join(field(4, message(each)) for each in columns)


def message(found: dict[str, Any]) -> bytes:
    texts = ("CatalogName", "SchemaName", "TableName", "Name", "Label", "Type")
    body = b"".join(field(i, str(found[key]).encode()) for i, key in enumerate(texts, 1))
    return (
        body
        + number(7, found["Precision"])
        + number(8, found["Scale"])
        + number(9, 3)
        + number(10, int(found["CaseSensitive"]))
    )


def field(place: int, content: bytes) -> bytes:
    return varint(place << 3 | 2) + varint(len(content)) + content


def number(place: int, value: int) -> bytes:
    return varint(place << 3) + varint(value)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
