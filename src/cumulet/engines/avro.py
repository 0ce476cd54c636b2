"""Avro's schemas in Arrow's words. https://avro.apache.org/docs/1.11.1/specification/"""

from __future__ import annotations

from typing import Any

import pyarrow as pa


class Unreadable(ValueError):
    """A type that Arrow, or Hive, has none for."""


PLAIN = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "bytes": pa.binary(),
    "string": pa.string(),
    "enum": pa.string(),
    "fixed": pa.binary(),
    "null": pa.null(),
}
LOGICAL = {
    "date": pa.date32(),
    "time-millis": pa.time32("ms"),
    "time-micros": pa.time64("us"),
    "timestamp-millis": pa.timestamp("ms"),
    "timestamp-micros": pa.timestamp("us"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
}


def arrow(schema: Any, named: dict[str, pa.DataType]) -> pa.DataType:
    """Avro's schema in Arrow's words; `named` are the types that have been defined so far."""
    if isinstance(schema, list):
        return union(schema, named)
    if isinstance(schema, str):
        return named[schema] if schema in named else plain(schema)
    kind = schema["type"]
    if isinstance(kind, (list, dict)):
        return arrow(kind, named)
    found = complex_type(kind, schema, named)
    if "name" in schema:
        named[schema["name"]] = found
    return found


def complex_type(kind: str, schema: dict[str, Any], named: dict[str, pa.DataType]) -> pa.DataType:
    if schema.get("logicalType") == "decimal":
        return pa.decimal128(schema["precision"], schema.get("scale", 0))
    if schema.get("logicalType") in LOGICAL:
        return LOGICAL[schema["logicalType"]]
    match kind:
        case "record" | "error":
            return pa.struct([pa.field(f["name"], arrow(f["type"], named)) for f in schema["fields"]])
        case "array":
            return pa.list_(arrow(schema["items"], named))
        case "map":
            return pa.map_(pa.string(), arrow(schema["values"], named))
    return plain(kind)


def union(branches: list[Any], named: dict[str, pa.DataType]) -> pa.DataType:
    """A type that may be null; Hive has no other unions that Athena would read."""
    found = [each for each in branches if each != "null"]
    if len(found) != 1:
        raise Unreadable("Avro unions of several types")
    return arrow(found[0], named)


def plain(name: str) -> pa.DataType:
    if name not in PLAIN:
        raise Unreadable(f"The Avro type {name}")
    return PLAIN[name]
