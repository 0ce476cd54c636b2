"""How many bytes a query reads: whole files of text, the chunks of the wanted columns of Parquet."""

from __future__ import annotations

from typing import Any

from cumulet.engines.sql.trino.tables import Read
from cumulet.engines.sql.trino.translation import Translation
from cumulet.engines.sql.trino.typed import quote

CHUNKS: dict[str, dict[str, int]] = {}  # per path, which never changes: compressed bytes of each column


def scanned(connection: Any, translation: Translation) -> int:
    return sum(read_bytes(connection, each, translation.used) for each in translation.reads)


def read_bytes(connection: Any, read: Read, used: set[str]) -> int:
    if read.format != "parquet":
        return sum(file.size for file in read.files)
    wanted = {name.lower() for i, name in enumerate(read.columns) if f"{read.alias}.c{i}" in used}
    learn(connection, [file.path for file in read.files if file.path not in CHUNKS])
    return sum(size for file in read.files for name, size in CHUNKS[file.path].items() if name in wanted)


def learn(connection: Any, paths: list[str]) -> None:
    if not paths:
        return
    listed = ", ".join(map(quote, paths))
    rows = connection.execute(
        "SELECT file_name, lower(split_part(path_in_schema, ', ', 1)), sum(total_compressed_size) "
        f"FROM parquet_metadata([{listed}]) GROUP BY 1, 2"
    ).fetchall()
    CHUNKS.update({path: {} for path in paths})
    for path, name, size in rows:
        CHUNKS[path][name] = int(size)
