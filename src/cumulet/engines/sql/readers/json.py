"""JSON lines, as the Hive and OpenX JSON SerDes read them: keys in any case, one object a line.

https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
"""

from __future__ import annotations

from cumulet.engines.sql.base import NotSupported
from cumulet.engines.sql.readers import Reading, Source
from cumulet.engines.sql.readers.lines import lines
from cumulet.engines.sql.readers.text import DATE, REAL, TIMESTAMP, WHOLE
from cumulet.engines.sql.trino.typed import fail, quote
from cumulet.engines.sql.trino.types import JSON, Type

MALFORMED = "'Row is not a valid JSON Object - ' || left(line, 80)"


def read(reading: Reading) -> Source:
    ignore = reading.options.get("ignore.malformed.json", "false").lower() == "true"
    bad = "NULL" if ignore else fail("HIVE_CURSOR_ERROR", MALFORMED, JSON)
    document = (
        f"CASE WHEN json_valid(line) AND json_type(line) = 'OBJECT' THEN line WHEN line "
        f"= '' THEN NULL ELSE {bad} END"
    )
    renamed = {k.split(".", 1)[1].lower(): v for k, v in reading.options.items() if k.startswith("mapping.")}
    keys = [renamed.get(name.lower(), name) for name, _ in reading.columns]
    paths = ", ".join(quote(path(key)) for key in keys) or "'$'"
    relation = (
        f"(SELECT document, json_extract(document, [{paths}]) AS fields, file_index FROM "
        f"(SELECT {document} AS document, file_index FROM {lines(reading)}))"
    )
    columns = [
        value(f"coalesce(fields[{i}], {anycase('document', key)})", kind)
        for i, (key, (_, kind)) in enumerate(zip(keys, reading.columns, strict=True), 1)
    ]
    return Source(relation, columns)


def path(key: str) -> str:
    return '$."' + key.replace('"', '\\"') + '"'


def anycase(document: str, key: str) -> str:
    """The member whose name differs by case only; looked for where there is none of the very name."""
    found = f"list_filter(json_keys({document}), lambda k: lower(k) = {quote(key.lower())})[1]"
    return f"json_extract({document}, '$.\"' || {found} || '\"')"


def value(item: str, kind: Type) -> str:
    """A JSON value as the column's type. Numbers and texts stand for each other, as in the SerDe."""
    text = f"json_extract_string({item}, '$')"
    present = f"nullif(json_type({item}), 'NULL')"
    if kind.base == "varchar":
        cut = f"left({text}, {kind.numbers[0]})" if kind.numbers else text
        return f"CASE WHEN {present} IS NOT NULL THEN {cut} END"
    if kind.base == "boolean":
        return f"CASE lower({text}) WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
    if kind.base == "array":
        return (
            f"CASE WHEN json_type({item}) = 'ARRAY' THEN "
            f"list_transform(json_extract({item}, '$[*]'), lambda j: "
            f"{value('j', kind.parts[0])}) END"
        )
    if kind.base == "map":
        entry = f"struct_pack(k := {value('to_json(n)', kind.parts[0])}, v := {value(member(item), kind.parts[1])})"
        return (
            f"CASE WHEN json_type({item}) = 'OBJECT' THEN "
            f"map_from_entries(list_transform(json_keys({item}), lambda n: {entry})) END"
        )
    if kind.base == "row":
        return row(item, kind)
    return number_or_moment(item, text, kind)


def member(item: str) -> str:
    return f"json_extract({item}, '$.\"' || n || '\"')"


def row(item: str, kind: Type) -> str:
    slots = []
    for slot, name, part in zip(kind.slots, kind.names, kind.parts, strict=True):
        found = f"coalesce(json_extract({item}, {quote(path(name))}), {anycase(item, name)})"
        slots.append(f"{slot} := {value(found, part)}")
    return f"CASE WHEN json_type({item}) = 'OBJECT' THEN struct_pack({', '.join(slots)}) END"


def number_or_moment(item: str, text: str, kind: Type) -> str:
    patterns = {"decimal": REAL, "real": REAL, "double": REAL, "date": DATE, "timestamp": TIMESTAMP}
    pattern = WHOLE if kind.integral else patterns.get(kind.base)
    if pattern is None:
        raise NotSupported(f"A JSON column of type {kind}")
    wrong = f"'Error parsing field value: cannot read ' || {text} || ' as {kind}'"
    good = f"regexp_matches({text}, {quote(pattern)})"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL WHEN {good} THEN CAST({text} AS "
        f"{kind.duck}) ELSE {fail('HIVE_BAD_DATA', wrong, kind)} END"
    )
