"""Iceberg's types beside Trino's and Hive's.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-supported-data-types.html
"""

from __future__ import annotations

from collections.abc import Callable

from pyiceberg import types as i

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.trino import types as t

TRINO: dict[type[i.IcebergType], str] = {
    i.BooleanType: "boolean",
    i.IntegerType: "integer",
    i.LongType: "bigint",
    i.FloatType: "real",
    i.DoubleType: "double",
    i.DateType: "date",
    i.TimeType: "time(6)",
    i.TimestampType: "timestamp(6)",
    i.TimestamptzType: "timestamp(6) with time zone",
    i.StringType: "varchar",
    i.BinaryType: "varbinary",
    i.FixedType: "varbinary",
}
HIVE = {"integer": "int", "real": "float", "varchar": "string", "varbinary": "binary", "time(6)": "string"}
PLAIN: dict[str, i.IcebergType] = {
    "boolean": i.BooleanType(),
    "tinyint": i.IntegerType(),
    "smallint": i.IntegerType(),
    "integer": i.IntegerType(),
    "bigint": i.LongType(),
    "real": i.FloatType(),
    "double": i.DoubleType(),
    "date": i.DateType(),
    "time": i.TimeType(),
    "timestamp": i.TimestampType(),
    "timestamp with time zone": i.TimestamptzType(),
    "varchar": i.StringType(),
    "char": i.StringType(),
    "varbinary": i.BinaryType(),
}


def trino(kind: i.IcebergType) -> str:
    """A type as the translation reads it; refused where Trino has none for it here."""
    match kind:
        case i.DecimalType():
            return f"decimal({kind.precision},{kind.scale})"
        case i.ListType():
            return f"array({trino(kind.element_type)})"
        case i.MapType():
            return f"map({trino(kind.key_type)},{trino(kind.value_type)})"
        case i.StructType():
            return f"row({', '.join(f'{quoted(f.name)} {trino(f.field_type)}' for f in kind.fields)})"
    if type(kind) not in TRINO:
        raise NotSupported(f"The Iceberg type {kind}")
    return TRINO[type(kind)]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def hive(kind: i.IcebergType) -> str:
    """A type as Glue's columns show it."""
    match kind:
        case i.DecimalType():
            return f"decimal({kind.precision},{kind.scale})"
        case i.ListType():
            return f"array<{hive(kind.element_type)}>"
        case i.MapType():
            return f"map<{hive(kind.key_type)},{hive(kind.value_type)}>"
        case i.StructType():
            return f"struct<{','.join(f'{f.name}:{hive(f.field_type)}' for f in kind.fields)}>"
        case i.TimestampType() | i.TimestamptzType():
            return "timestamp"
    spelt = TRINO.get(type(kind), str(kind))
    return HIVE.get(spelt, spelt)


def iceberg(kind: t.Type, number: Callable[[], int]) -> i.IcebergType:
    """The Iceberg type that keeps a Trino type's values; `number` gives the ids of nested fields."""
    if kind.base == "decimal":
        return i.DecimalType(*kind.numbers)
    if kind.base == "array":
        return i.ListType(number(), iceberg(kind.parts[0], number), element_required=False)
    if kind.base == "map":
        key, value = number(), number()
        parts = (iceberg(part, number) for part in kind.parts)
        return i.MapType(key, next(parts), value, next(parts), value_required=False)
    if kind.base == "row":
        fields = [
            i.NestedField(number(), name, iceberg(part, number), required=False)
            for name, part in zip(kind.names, kind.parts, strict=True)
        ]
        return i.StructType(*fields)
    if kind.base not in PLAIN:
        raise NotSupported(f"Type {kind} in an Iceberg table")
    return PLAIN[kind.base]
