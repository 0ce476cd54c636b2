"""Rows to files: the printed CSV of a result, or data files in a table's format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cumulet.engines.sql import buckets
from cumulet.engines.sql.base import NotSupported, Output, SqlError, Written, check_names
from cumulet.engines.sql.codecs import AVRO_CODECS, ORC_CODECS
from cumulet.engines.sql.trino.catalog_tables import NULL_PARTITION
from cumulet.engines.sql.trino.printing import text
from cumulet.engines.sql.trino.translation import Translation
from cumulet.engines.sql.trino.typed import name, quote
from cumulet.engines.sql.trino.types import Type

RESULT = "result.csv"
COMPRESSIONS = {
    "parquet": ("snappy", "gzip", "zstd", "lz4", "none"),
    "textfile": ("none", "gzip", "zstd"),
    "json": ("none", "gzip", "zstd"),
    "orc": tuple(ORC_CODECS),
    "avro": tuple(AVRO_CODECS),
}
DEFAULTS = {"parquet": "snappy", "orc": "zlib"}  # others are packed with gzip
BUCKET = "$bucket"
OPEN_PARTITIONS = 100  # as many as Athena writes in one statement


def write(connection: Any, translation: Translation, output: Output) -> tuple[int, list[Written]]:
    """How many rows there were, and the data files (none for a printed result)."""
    output.folder.mkdir(parents=True, exist_ok=True)
    if output.format == "nothing":
        checked(connection, translation)
        return 0, []
    if output.format.startswith("explain"):
        return explained(connection, translation, output), []
    if output.format == "csv":
        return printed(connection, translation, output.folder / RESULT), []
    return data(connection, translation, output)


def explained(connection: Any, translation: Translation, output: Output) -> int:
    rows = connection.execute(f"{output.format.upper()} {translation.sql}").fetchall()
    (output.folder / "plan.txt").write_text("\n".join(str(row[-1]) for row in rows))
    return 0


def printed(connection: Any, translation: Translation, path: Path) -> int:
    """Every value quoted, NULL as nothing between the commas."""
    names = [label for label, _ in translation.columns]
    shown = ", ".join(
        f"CAST({text(f'q.c{i}', kind)} AS VARCHAR) AS {name(label) if distinct(names) else f'c{i}'}"
        for i, (label, kind) in enumerate(translation.columns)
    )
    query = f"SELECT {shown} FROM ({checked(connection, translation)}) AS q"
    if distinct(names):
        copied = f"COPY ({query}) TO {quote(str(path))} (FORMAT csv, HEADER, FORCE_QUOTE *)"
        return int(connection.execute(copied).fetchall()[0][0])
    return printed_by_hand(connection.execute(query), names, path)


def distinct(names: list[str]) -> bool:
    """DuckDB renames columns that differ by case only, and it wants names."""
    return len({each.lower() for each in names}) == len(names) and all(names)


def printed_by_hand(cursor: Any, names: list[str], path: Path) -> int:
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(map(quoted, names)) + "\n")
        while rows := cursor.fetchmany(10_000):
            count += len(rows)
            file.writelines(",".join(map(quoted, row)) + "\n" for row in rows)
    return count


def quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def checked(connection: Any, translation: Translation) -> str:
    """The statement, once DuckDB's own types are what the translation said: a difference would be an error
    of ours that shows up as a wrong value."""
    if translation.checked:
        return translation.sql
    found = [str(kind) for kind in connection.sql(translation.sql).dtypes]
    for (label, kind), duck in zip(translation.columns, found, strict=True):
        if kind.base != "unknown" and plain(duck) != plain(kind.duck):
            raise SqlError(
                "GENERIC_INTERNAL_ERROR", f"Column {label} should be {kind} and is {duck}", "system"
            )
    return translation.sql


def plain(duck: str) -> str:
    return duck.upper().replace('"', "").replace(" ", "")


def data(connection: Any, translation: Translation, output: Output) -> tuple[int, list[Written]]:
    """Data files for a table: partition columns come last, as text in the names of folders."""
    form = output.format
    if form not in COMPRESSIONS:
        raise NotSupported(f"Writing {form.upper()} files")
    if form in ("orc", "avro") or (form == "parquet" and any(timed(kind) for _, kind in translation.columns)):
        return by_way_of_parquet(connection, translation, output)
    return by_duckdb(connection, translation, output)


def timed(kind: Type) -> bool:
    """Whether a timestamp is in it."""
    return kind.base == "timestamp" or any(map(timed, kind.parts))


def by_duckdb(connection: Any, translation: Translation, output: Output) -> tuple[int, list[Written]]:
    """Data files that DuckDB writes."""
    columns = storable(translation, output)
    keys = [str(each).lower() for each in output.options.get("partitions", [])]
    check_partitions(columns, keys)
    values = exported(columns, keys, output)
    if by := output.options.get("buckets"):
        values.append(f"{bucket_of(columns, by, int(output.options['bucket_count']))} AS {name(BUCKET)}")
    query = f"SELECT {', '.join(values)} FROM ({checked(connection, translation)}) AS q"
    if by:
        rows, files = partitioned(connection, query, [*keys, BUCKET], output)
        return rows, [replace(f, values=f.values[:-1], bucket=int(f.values[-1])) for f in files]
    if keys:
        return partitioned(connection, query, keys, output)
    path = output.folder / f"part-0{suffix(output)}"
    rows = int(
        connection.execute(f"COPY ({query}) TO {quote(str(path))} ({options(output)})").fetchall()[0][0]
    )
    if not rows:
        path.unlink()
    return rows, [Written(str(path), rows)] if rows else []


def bucket_of(columns: list[tuple[str, Type]], by: list[str], count: int) -> str:
    known = {label: (f"q.c{i}", kind) for i, (label, kind) in enumerate(columns)}
    if missing := [each for each in by if each.lower() not in known]:
        raise SqlError("COLUMN_NOT_FOUND", f"Bucketing columns {missing} not present in schema")
    return buckets.number_of([known[each.lower()] for each in by], count)


def by_way_of_parquet(connection: Any, translation: Translation, output: Output) -> tuple[int, list[Written]]:
    from cumulet.engines.sql.repacking import repacked  # pyarrow takes its time to load

    chosen = compression(output)
    plain = replace(output, format="parquet", options={**output.options, "compression": None})
    rows, files = by_duckdb(connection, translation, plain)
    return rows, repacked(files, output.format, chosen)


def storable(translation: Translation, output: Output) -> list[tuple[str, Type]]:
    """The columns as a table has them: named, once each, of types that Hive has."""
    given = output.options.get("columns")
    columns = [(label.lower(), kind) for label, kind in translation.columns]
    if given:
        columns = [(label.lower(), kind) for label, (_, kind) in zip(given, columns, strict=True)]
    for i, (label, kind) in enumerate(columns):
        if translation.columns[i][0] == f"_col{i}" and not given:
            raise SqlError("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {i + 1}")
        if kind.base == "unknown":
            raise SqlError("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {label}")
        if kind.base in ("json", "time", "uuid", "timestamp with time zone") or kind.base.startswith(
            "interval"
        ):
            raise SqlError("NOT_SUPPORTED", f"Unsupported Hive type: {kind}")
        if nameless(kind):
            message = "Anonymous row type is not supported in Hive. Please give each field a name"
            raise SqlError("NOT_SUPPORTED", f"{message}: {kind}")
    check_names([label for label, _ in columns])
    return columns


def nameless(kind: Type) -> bool:
    """Whether a row with a field that has no name is in it."""
    return (kind.base == "row" and not all(kind.names)) or any(map(nameless, kind.parts))


def check_partitions(columns: list[tuple[str, Type]], keys: list[str]) -> None:
    names = [label for label, _ in columns]
    if missing := [key for key in keys if key not in names]:
        raise SqlError("COLUMN_NOT_FOUND", f"Partition columns {missing} not present in schema")
    if keys and names[-len(keys) :] != keys:
        raise SqlError(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as "
            f"the table properties: [{', '.join(keys)}]",
        )
    if keys and len(keys) == len(names):
        raise SqlError("INVALID_TABLE_PROPERTY", "Table contains only partition columns")


def exported(columns: list[tuple[str, Type]], keys: list[str], output: Output) -> list[str]:
    """What is selected for the files: columns, or a line of text, and the partition keys as texts."""
    values: list[str] = []
    slots: list[str] = []
    for i, (label, kind) in enumerate(columns):
        if label in keys:
            shown = f"nullif(CAST({text(f'q.c{i}', kind)} AS VARCHAR), '')"  # Hive has no empty values
            values.append(f"coalesce({shown}, {quote(NULL_PARTITION)}) AS {name(label)}")
        elif output.format == "json":
            slots.append(f"{name(label)} := {outward(f'q.c{i}', kind)}")
        elif output.format != "textfile":
            values.append(f"{outward(f'q.c{i}', kind)} AS {name(label)}")
    if output.format == "json":
        values.insert(0, f"CAST(to_json(struct_pack({', '.join(slots)})) AS VARCHAR) AS line")
    if output.format == "textfile":
        delimiter = quote(str(output.options.get("field_delimiter", "\x01")))
        fields = [
            f"coalesce({text(f'q.c{i}', kind)}, '\\N')"
            for i, (label, kind) in enumerate(columns)
            if label not in keys
        ]
        values.insert(0, f"array_to_string([{', '.join(fields)}], {delimiter}) AS line")
    return values


def outward(sql: str, kind: Type) -> str:
    """A value whose rows have their fields' own names, for files that others read."""
    if kind.base == "row":
        slots = (
            f"{name(label or f'field{i}')} := {outward(f'({sql}).{slot}', part)}"
            for i, (label, slot, part) in enumerate(zip(kind.names, kind.slots, kind.parts, strict=True))
        )
        return f"CASE WHEN {sql} IS NOT NULL THEN struct_pack({', '.join(slots)}) END"
    if kind.base == "array" and outward("e", kind.parts[0]) != "e":
        return f"list_transform({sql}, lambda e: {outward('e', kind.parts[0])})"
    if kind.base == "map" and outward("e", kind.parts[1]) != "e":
        return f"map(map_keys({sql}), list_transform(map_values({sql}), lambda e: {outward('e', kind.parts[1])}))"
    return sql


def compression(output: Output) -> str:
    chosen = str(output.options.get("compression") or DEFAULTS.get(output.format, "gzip")).lower()
    chosen = {"uncompressed": "none"}.get(chosen, chosen)
    if chosen not in COMPRESSIONS[output.format]:
        raise NotSupported(f"{chosen.upper()} compression of {output.format.upper()}")
    return chosen


def suffix(output: Output) -> str:
    if output.format == "parquet":
        return ".parquet"
    return {"none": "", "gzip": ".gz", "zstd": ".zst"}[compression(output)]


def options(output: Output) -> str:
    if output.format == "parquet":
        return f"FORMAT parquet, COMPRESSION {'uncompressed' if compression(output) == 'none' else compression(output)}"
    return (
        f"FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER "
        f"{quote(chr(1) + chr(2) + chr(3))}, COMPRESSION {quote(compression(output))}"
    )


def partitioned(connection: Any, query: str, keys: list[str], output: Output) -> tuple[int, list[Written]]:
    by = ", ".join(map(name, keys))
    distinct_keys = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {by} FROM ({query}))"
    ).fetchall()[0][0]
    if distinct_keys > OPEN_PARTITIONS:
        raise SqlError(
            "HIVE_TOO_MANY_OPEN_PARTITIONS",
            f"Exceeded limit of {OPEN_PARTITIONS} open writers for partitions/buckets",
        )
    copied = (
        f"COPY ({query}) TO {quote(str(output.folder))} ({options(output)}, PARTITION_BY ({by}), "
        f"FILENAME_PATTERN 'part-{{i}}', FILE_EXTENSION {quote(suffix(output).lstrip('.') or 'txt')}"
    )
    if output.format != "parquet":
        count = connection.execute(f"{copied})").fetchall()[0][0]
        return int(count), found_by_folders(output.folder, len(keys))
    rows = connection.execute(f"{copied}, RETURN_STATS)").fetchall()
    files = [
        Written(str(path), int(count), [str(partition[key]) for key in keys])
        for path, count, _, _, _, partition in rows
    ]
    return sum(each.rows for each in files), files


def found_by_folders(folder: Path, depth: int) -> list[Written]:
    """What was written of a format whose writer does not tell: the values stand in the folders' names."""
    found = []
    for path in sorted(folder.glob("*=*/" * depth + "part-*")):
        parts = path.relative_to(folder).parts[:-1]
        found.append(Written(str(path), 0, [unquote(each.partition("=")[2]) for each in parts]))
    return found
