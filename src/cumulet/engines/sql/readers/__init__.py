"""A table's files as a relation in DuckDB, as Hive's SerDes (and Trino behind Athena) read them.

Each format is a module with `read(reading) -> Source`. Text formats are read line by line, as Hadoop's
TextInputFormat does, because a line is what the SerDes are given.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cumulet.engines.sql.base import File, NotSupported
from cumulet.engines.sql.trino.types import Type

FORMATS = {
    "text": "text",
    "quoted csv": "quoted",
    "json": "json",
    "parquet": "parquet",
    "regex": "regex",
    "grok": "grok",
    "orc": "orc",
    "avro": "avro",
    "iceberg": "iceberg",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What is to be read: the files that have bytes, the table's columns and its SerDe's options.

    `describe(sql)` tells the columns of a relation: names and DuckDB types; `holds(sql)` answers a question
    with one truth value; `unpack(path)` gives a file that DuckDB can read, `aside(path, make)` one that is made
    of another, once.
    """

    columns: list[tuple[str, Type]]
    files: list[File]
    options: dict[str, str]
    describe: Callable[[str], list[tuple[str, Any]]]
    unpack: Callable[[str], str]
    holds: Callable[[str], bool]
    aside: Callable[[str, Callable[[str, Path], None]], str]


@dataclass(frozen=True, slots=True)
class Source:
    """The relation's SQL (it has a column `file_index`), and one expression for each of the table's columns."""

    relation: str
    columns: list[str]


def read(form: str, reading: Reading) -> Source:
    """Read files of a format; refused by name where nobody has written its reader."""
    if form not in FORMATS:
        raise NotSupported(f"Reading {form} files")
    module: Any = importlib.import_module(f"{__name__}.{FORMATS[form]}")
    found: Source = module.read(reading)
    return found
