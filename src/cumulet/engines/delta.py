"""Delta Lake's log, read as far as a reader needs it: the columns, and the files that are the table now.

https://github.com/delta-io/delta/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

COMMIT = re.compile(r"(\d{20})\.json")
CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.(\d+)\.(\d+))?\.parquet")
HARMLESS = {"timestampNtz", "vacuumProtocolCheck", "v2Checkpoint", "appendOnly", "invariants"}
ACTIONS = ("protocol", "metaData", "add", "remove")
HIVE = {
    "long": "bigint",
    "integer": "int",
    "short": "smallint",
    "byte": "tinyint",
    "timestamp_ntz": "timestamp",
}


class Unreadable(Exception):
    """The log is broken, or asks of its readers what this one cannot do; the text says which."""


@dataclass(slots=True)
class Table:
    """`columns` are all, with Hive's types; `files` the paths below the table's folder, each with the texts of
    its partition's values (None is NULL)."""

    columns: dict[str, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    files: dict[str, list[str | None]] = field(default_factory=dict)


def read(log: dict[str, Path]) -> Table:
    """A table by its log: the names of the files in `_delta_log` and where their bytes lie."""
    state: dict[str, Any] = {"add": {}}
    start = -1
    checkpoint = newest_checkpoint(log)
    if checkpoint:
        start, parts = checkpoint
        for part in parts:
            for action in checkpointed(log[part]):
                apply(state, action)
    for version, name in commits(log):
        if version > start:
            for line in log[name].read_text().splitlines():
                apply(state, json.loads(line))
    return table(state)


def commits(log: dict[str, Path]) -> list[tuple[int, str]]:
    return sorted((int(found[1]), name) for name in log if (found := COMMIT.fullmatch(name)))


def newest_checkpoint(log: dict[str, Path]) -> tuple[int, list[str]] | None:
    """The newest version of which all parts of a checkpoint are there."""
    parts: dict[tuple[int, int], list[str]] = {}
    for name in sorted(log):
        if found := CHECKPOINT.fullmatch(name):
            parts.setdefault((int(found[1]), int(found[3] or 1)), []).append(name)
    whole = [(version, names) for (version, count), names in parts.items() if len(names) == count]
    return max(whole, default=None)


def checkpointed(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    wanted = [name for name in ACTIONS if name in file.schema_arrow.names]
    for batch in file.iter_batches(columns=wanted):
        for row in batch.to_pylist(maps_as_pydicts="strict"):
            yield {kind: body for kind, body in row.items() if body is not None}


def apply(state: dict[str, Any], action: dict[str, Any]) -> None:
    for kind, body in action.items():
        if kind == "add":
            state["add"][body["path"]] = body
        elif kind == "remove":
            state["add"].pop(body["path"], None)
        elif kind in ("metaData", "protocol"):
            state[kind] = body


def table(state: dict[str, Any]) -> Table:
    if "metaData" not in state or "protocol" not in state:
        raise Unreadable("the log does not say what the table is")
    metadata = state["metaData"]
    check(state["protocol"], metadata)
    fields = json.loads(metadata["schemaString"])["fields"]
    columns = {one["name"].lower(): hive(one["type"]) for one in fields}
    keys = list(metadata.get("partitionColumns") or [])
    files = {
        unquote(path): [(body.get("partitionValues") or {}).get(key) or None for key in keys]
        for path, body in state["add"].items()
    }
    return Table(columns, [key.lower() for key in keys], files)


def check(protocol: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Refuse what would be read wrongly: rows that are marked as deleted, columns under other names."""
    asked = set(protocol.get("readerFeatures") or [])
    mapping = (metadata.get("configuration") or {}).get("delta.columnMapping.mode", "none")
    if protocol.get("minReaderVersion", 1) == 2 and mapping != "none":
        asked.add("columnMapping")
    if mapping == "none":
        asked.discard("columnMapping")
    if strange := sorted(asked - HARMLESS):
        raise Unreadable(f"the table needs a reader that knows {', '.join(strange)}")
    if protocol.get("minReaderVersion", 1) > 3:
        raise Unreadable(f"the table needs a reader of version {protocol['minReaderVersion']}")


def hive(kind: Any) -> str:
    """A type of the log as Hive writes it."""
    if isinstance(kind, str):
        return HIVE.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{hive(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{hive(kind['keyType'])},{hive(kind['valueType'])}>"
    inner = (one["name"] + ":" + hive(one["type"]) for one in kind["fields"])
    return f"struct<{','.join(inner)}>"
