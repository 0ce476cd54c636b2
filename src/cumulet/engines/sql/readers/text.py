"""LazySimpleSerDe: fields between delimiters, no quotes; what does not parse is NULL.

https://docs.aws.amazon.com/athena/latest/ug/lazy-simple-serde.html
"""

from __future__ import annotations

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.lines import lines
from cumulet.engines.sql.trino.typed import quote
from cumulet.engines.sql.trino.types import Type

ESCAPED_ESCAPE, ESCAPED_DELIMITER = "\x0e\x0f", "\x0f\x0e"
WHOLE = r"^[+-]?\d+$"
REAL = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(NaN|Infinity)$"
DATE = r"^\d{4}-\d{1,2}-\d{1,2}$"
TIMESTAMP = r"^\d{4}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d{1,9})?)?)?$"
PATTERNS = {
    "tinyint": WHOLE,
    "smallint": WHOLE,
    "integer": WHOLE,
    "bigint": WHOLE,
    "real": REAL,
    "double": REAL,
    "decimal": REAL,
    "date": DATE,
    "timestamp": TIMESTAMP,
}


def read(reading: Reading) -> Source:
    delimiter = character(
        reading.options.get("field.delim", reading.options.get("serialization.format", "\x01"))
    )
    escape = reading.options.get("escape.delim", "")
    fields = split("line", delimiter, escape)
    relation = f"(SELECT {fields} AS fields, file_index FROM {lines(reading)})"
    null = reading.options.get("serialization.null.format", r"\N")
    columns = []
    for place, (_, kind) in enumerate(reading.columns, 1):
        field = f"nullif(fields[{place}], {quote(null)})"
        columns.append(
            value(restored(field, delimiter, escape) if escape else field, kind, reading.options, 0)
        )
    return Source(relation, columns)


def character(text: str) -> str:
    """A delimiter as a table's properties spell it: itself, or the number of its code point."""
    text = {r"\t": "\t", r"\n": "\n", r"\001": "\x01"}.get(text, text)
    if len(text) > 1 and text.lstrip("-").isdigit():
        return chr(int(text) % 256)
    if len(text) > 1 and text.startswith("\\u"):
        return chr(int(text[2:], 16))
    return chr(int(text)) if text.isdigit() else text


def split(line: str, delimiter: str, escape: str) -> str:
    if escape:
        line = f"replace({line}, {quote(escape * 2)}, {control(ESCAPED_ESCAPE)})"
        line = f"replace({line}, {quote(escape + delimiter)}, {control(ESCAPED_DELIMITER)})"
    return f"string_split({line}, {control(delimiter)})"


def restored(field: str, delimiter: str, escape: str) -> str:
    """Escaped delimiters and escapes as themselves; before any other character the escape goes away."""
    field = f"replace({field}, {quote(escape)}, '')"
    field = f"replace({field}, {control(ESCAPED_DELIMITER)}, {control(delimiter)})"
    return f"replace({field}, {control(ESCAPED_ESCAPE)}, {quote(escape)})"


def control(text: str) -> str:
    return quote(text) if text.isprintable() else "(" + " || ".join(f"chr({ord(c)})" for c in text) + ")"


def value(field: str, kind: Type, options: dict[str, str], depth: int) -> str:
    """A field's text as a value; NULL where it is none, as Hive's lazy objects have it."""
    if kind.base in ("array", "map", "row"):
        return collection(field, kind, options, depth)
    if kind.base in PATTERNS:
        return (
            f"CASE WHEN regexp_matches({field}, {quote(PATTERNS[kind.base])}) THEN "
            f"TRY_CAST({field} AS {kind.duck}) END"
        )
    if kind.base == "boolean":
        return f"CASE lower({field}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    if kind.base == "varchar":
        return f"left({field}, {kind.numbers[0]})" if kind.numbers else field
    if kind.base == "varbinary":
        return f"from_base64({field})"
    raise NotSupported(f"A text column of type {kind}")


def collection(field: str, kind: Type, options: dict[str, str], depth: int) -> str:
    if depth:
        raise NotSupported(f"A text column with {kind} inside another collection")
    items = character(options.get("collection.delim", options.get("colelction.delim", "\x02")))
    pairs = character(options.get("mapkey.delim", "\x03"))
    parts = f"string_split({field}, {control(items)})"
    if kind.base == "array":
        each = value("e", kind.parts[0], options, 1)
        return f"CASE WHEN {field} = '' THEN [] ELSE list_transform({parts}, lambda e: {each}) END"
    if kind.base == "row":
        slots = (
            f"{s} := {value(f'{parts}[{i}]', p, options, 1)}"
            for i, (s, p) in enumerate(zip(kind.slots, kind.parts, strict=True), 1)
        )
        return f"CASE WHEN {field} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
    key, item = (f"string_split(e, {control(pairs)})[{i}]" for i in (1, 2))
    entry = f"struct_pack(k := {value(key, kind.parts[0], options, 1)}, v := {value(item, kind.parts[1], options, 1)})"
    return f"CASE WHEN {field} = '' THEN MAP {{}} ELSE map_from_entries(list_transform({parts}, lambda e: {entry})) END"
