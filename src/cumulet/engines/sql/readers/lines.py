"""Files of text as lines: one row each, of any length, empty ones too."""

from __future__ import annotations

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.readers import Reading
from cumulet.engines.sql.trino.typed import quote

NEVER = "\x01\x02\x03\x04"  # separates nothing: the whole line is one field
PACKED = {".gz": "gzip", ".zst": "zstd"}


def paths_of(reading: Reading) -> str:
    return ", ".join(quote(reading.unpack(each.path)) for each in reading.files)


def lines(reading: Reading) -> str:
    """A relation with the columns `line` (without its line end) and `file_index`."""
    paths = paths_of(reading)
    return (
        "(SELECT rtrim(coalesce(line, ''), chr(13)) AS line, file_index FROM read_csv("
        f"[{paths}], auto_detect=false, header=false, skip={header_lines(reading)}, delim={quote(NEVER)}, quote='', "
        "escape='', strict_mode=false, max_line_size=16777216, columns={'line': 'VARCHAR'}, nullstr='', "
        f"compression={quote(compression(reading))}))"
    )


def compression(reading: Reading) -> str:
    """All files of one read must be packed alike: DuckDB takes one setting for them all."""
    found = {next((v for k, v in PACKED.items() if each.path.endswith(k)), "none") for each in reading.files}
    return found.pop() if len(found) == 1 else "auto"


def header_lines(reading: Reading) -> int:
    text = reading.options.get("skip.header.line.count", "0")
    if not text.isdigit():
        raise SqlError("HIVE_INVALID_METADATA", f"Invalid value for skip.header.line.count property: {text}")
    return int(text)
