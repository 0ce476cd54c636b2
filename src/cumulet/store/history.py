"""All versions of a bucket's keys in order, page by page, without what hangs on them.

For work that looks at every version of a large bucket and touches few: a row costs little, no page is read
inside a change, and no reader waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cumulet.store.database import Database
from cumulet.store.objects import AFTER, RANGE, behind

COLUMNS = "key, rank, version, listed, marker, size, modified, storage"
PART = f"SELECT * FROM (SELECT {COLUMNS} FROM objects WHERE {RANGE} AND {AFTER} AND listed = "
PAGE_OF = (
    f"{PART}1 ORDER BY key LIMIT ?) AS shown UNION ALL "
    f"{PART}0 ORDER BY key, rank LIMIT ?) AS hidden ORDER BY 1, 2 LIMIT ?"
)
PAGE = 1000
BEFORE_ALL = -(2**62)  # a rank that no version has


class Version(NamedTuple):
    """One version; of one key the newest, which has the smallest rank, comes first."""

    key: str
    rank: int
    version: str
    listed: bool
    marker: bool
    size: int
    modified: float
    storage: str


class History:
    def __init__(self, database: Database) -> None:
        self.database = database

    def page(self, bucket: str, prefix: str, after: tuple[bytes, int], limit: int = PAGE) -> list[Version]:
        """The versions behind a key and a rank (`START` for all) whose keys have a prefix."""
        span = (bucket, max(prefix.encode(), after[0]), behind(prefix.encode()), *after)
        return self._read(span, limit)

    def of_key(self, bucket: str, key: str, limit: int = PAGE) -> list[Version]:
        """The versions of one key."""
        name = key.encode()
        span = (bucket, name, name + b"\0", *START)
        return self._read(span, limit)

    def pages(self, bucket: str, prefix: str) -> Iterator[list[Version]]:
        after = START
        while page := self.page(bucket, prefix, after):
            yield page
            after = (page[-1].key.encode(), page[-1].rank)

    def _read(self, span: tuple[str, bytes, bytes, bytes, int], limit: int) -> list[Version]:
        rows = self.database.read(PAGE_OF, (*span, limit, *span, limit, limit))
        return [
            Version(str(key, "utf-8"), rank, version, bool(listed), bool(marker), size, modified, storage)
            for key, rank, version, listed, marker, size, modified, storage in rows
        ]


START = (b"", BEFORE_ALL)
