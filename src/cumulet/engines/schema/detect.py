"""Which format is it? Those that sign their files first, then the texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cumulet.engines.schema import delimited, documents, logs, markup
from cumulet.engines.schema.base import SAMPLE, Document, Grok, Hint, Markup, Schema, Unrecognised
from cumulet.engines.schema.compression import BROKEN, OPEN, compression, sample

APACHE = Grok("%{COMBINEDAPACHELOG}", classification="combined_apache")
REQUEST = re.compile(r'\S+ \S+ \S+ \[[^\]"]*\] "[^"]*" ')
LOOKED_AT = 1 << 18  # characters
SIGNATURES = {b"PAR": "parquet", b"ORC": "orc", b"Obj": "avro"}


def schema(path: Path, hints: Sequence[Hint] = ()) -> Schema:
    """A file's schema. Hints are tried first, in their order; `format` is "" where nothing fits (or the file
    is gone), and `options["hint"]` is the number of the hint that did."""
    if not path.exists():
        return Schema("")
    if signed := columnar(path):
        return signed
    codec = compression(path)
    found = text_schema(path, codec, hints) if codec in OPEN else Schema("")
    found.compression = codec
    return found


def columnar(path: Path) -> Schema | None:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:3] not in SIGNATURES:
        return None
    from cumulet.engines.schema.columnar import avro, orc, parquet

    try:
        return {"parquet": parquet, "orc": orc, "avro": avro}[SIGNATURES[start[:3]]](path)
    except Unrecognised:
        return None


def text_schema(path: Path, codec: str, hints: Sequence[Hint]) -> Schema:
    try:
        data, complete = sample(path, codec, SAMPLE)
    except BROKEN:
        return Schema("")
    if b"\0" in data:
        return Schema("")
    text = decoded(data)
    found = recognised(text, complete, hints)
    if not complete and codec == "none":
        found.records = round(found.records * path.stat().st_size / len(data))
    return found


def decoded(data: bytes) -> str:
    """UTF-8, its byte order mark left out; what is not UTF-8 (old Latin-1 texts) counts as one odd letter."""
    return data.decode("utf-8-sig", errors="replace")


def recognised(text: str, complete: bool, hints: Sequence[Hint]) -> Schema:
    for number, hint in enumerate(hints):
        try:
            found = hinted(text, complete, hint)
        except Unrecognised:
            continue
        found.options["hint"] = number
        return found
    for read in (documents.read, markup.read, apache, delimited.read):
        try:
            return read(text, complete)
        except Unrecognised:
            continue
    return Schema("", options={"lines": len(text.splitlines())})


def apache(text: str, complete: bool) -> Schema:
    """The one kind of log that is known without a classifier.

    https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-built-in
    """
    lines = text[:LOOKED_AT].splitlines()[:-1] or [text[:LOOKED_AT]]
    if not all(
        REQUEST.match(line) for line in lines
    ):  # a quick answer: the pattern takes its time over others
        raise Unrecognised("not every line is a request")
    return logs.read(text, complete, APACHE)


def hinted(text: str, complete: bool, hint: Hint) -> Schema:
    if isinstance(hint, Document):
        return documents.read(text, complete, hint)
    if isinstance(hint, Grok):
        return logs.read(text, complete, hint)
    if isinstance(hint, Markup):
        return markup.read(text, complete, hint)
    return delimited.read(text, complete, hint)
