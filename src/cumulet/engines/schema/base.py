"""What can be told of a file, and what may be said beforehand about how to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

SAMPLE = 8 << 20  # bytes of a text file that are looked at, uncompressed


class Unrecognised(Exception):
    """The bytes are not of this format."""


@dataclass(slots=True)
class Column:
    name: str
    type: str


@dataclass(slots=True)
class Schema:
    """One file. `options` are the format's own: {"delimiter": ",", "header": True} of a CSV."""

    format: str  # "csv", "json", "xml", "grok", "parquet", "orc", "avro", "" where nothing fits
    columns: list[Column] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)
    records: int = 0  # counted where the whole file was seen, else estimated
    record_size: int = 0  # mean, in uncompressed bytes
    compression: str = "none"


@dataclass(slots=True)
class Delimited:
    """How to read a delimited file. None: find out."""

    delimiter: str | None = None
    quote: str | None = None
    header: bool | None = None
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    trim: bool = True
    single_column: bool = False


@dataclass(slots=True)
class Document:
    """Where the records of a JSON file are: "$" for the whole, "$[*]" for the members of an array."""

    path: str = "$"


@dataclass(slots=True)
class Grok:
    """How to take lines apart; what the crawler calls such files."""

    pattern: str
    custom: str = ""
    classification: str = "grok"


@dataclass(slots=True)
class Markup:
    """Which elements of an XML file are rows; what the crawler calls such files."""

    row_tag: str
    classification: str = "xml"


Hint = Delimited | Document | Grok | Markup
HINTS = {kind.__name__: kind for kind in (Delimited, Document, Grok, Markup)}
