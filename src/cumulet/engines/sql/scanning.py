"""How many bytes a query reads: whole files of text, the chunks of the wanted columns of Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cumulet.engines.sql.base import File
from cumulet.engines.sql.trino.tables import Read
from cumulet.engines.sql.trino.translation import Translation
from cumulet.engines.sql.trino.typed import quote

CHUNKS: dict[str, dict[str, int]] = {}  # per path, which never changes: compressed bytes of each column
NAMES: dict[str, dict[int, str]] = {}  # per path: what its columns are called, by Iceberg's ids


def scanned(connection: Any, translation: Translation) -> int:
    return sum(read_bytes(connection, each, translation.used) for each in translation.reads)


def read_bytes(connection: Any, read: Read, used: set[str]) -> int:
    if read.format not in ("parquet", "iceberg"):
        return sum(file.size for file in read.files)
    wanted = [i for i in range(len(read.columns)) if f"{read.alias}.c{i}" in used]
    learn(connection, [file.path for file in read.files if file.path not in CHUNKS])
    if read.ids:
        learn_names(connection, [file.path for file in read.files if file.path not in NAMES])
    return sum(of_file(file, read, wanted) for file in read.files)


def of_file(file: File, read: Read, wanted: list[int]) -> int:
    """The wanted columns, and the files that name deleted rows."""
    names = {read.columns[i].lower() for i in wanted}
    if read.ids:
        own = NAMES[file.path]
        names = {own.get(read.ids[i], read.columns[i]).lower() for i in wanted}
    deletes = sum(Path(each).stat().st_size for each in file.deletes)
    return deletes + sum(size for name, size in CHUNKS[file.path].items() if name in names)


def learn(connection: Any, paths: list[str]) -> None:
    if not paths:
        return
    rows = connection.execute(
        "SELECT file_name, lower(split_part(path_in_schema, ', ', 1)), sum(total_compressed_size) "
        f"FROM parquet_metadata([{', '.join(map(quote, paths))}]) GROUP BY 1, 2"
    ).fetchall()
    CHUNKS.update({path: {} for path in paths})
    for path, name, size in rows:
        CHUNKS[path][name] = int(size)


def learn_names(connection: Any, paths: list[str]) -> None:
    """A column that was renamed keeps its id, and its old name in files of before."""
    if not paths:
        return
    rows = connection.execute(
        "SELECT file_name, field_id, name FROM parquet_schema"
        f"([{', '.join(map(quote, paths))}]) WHERE field_id IS NOT NULL"
    ).fetchall()
    NAMES.update({path: {} for path in paths})
    for path, number, name in rows:
        NAMES[path][int(number)] = name
