"""Text that is only ever appended: journals of streams of lines, read in the order of their times.

A time is in milliseconds since the epoch, as the writer gives it; lines of one time keep the order in which
they came. A stream also remembers a position: how far its writer has read the file that it is fed from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cumulet.store.database import Database, Transaction
from cumulet.store.order import Order

STREAM = "stream, created, first, last, ingested, size, position"
CREATE = (
    "INSERT INTO line_streams (journal, stream, created, size, position) VALUES (?, ?, ?, 0, 0) "
    "ON CONFLICT (journal, stream) DO NOTHING RETURNING stream"
)
FIND = f"SELECT {STREAM} FROM line_streams WHERE journal = ? AND stream = ?"
BY_NAME = (
    f"SELECT {STREAM} FROM line_streams WHERE journal = ? AND stream >= ? AND stream < ? AND stream > ? "
    "ORDER BY stream LIMIT ?"
)
BY_LAST = (
    f"SELECT {STREAM} FROM line_streams WHERE journal = ? "
    "ORDER BY COALESCE(last, created), stream LIMIT ? OFFSET ?"
)
GROWN = (
    "UPDATE line_streams SET first = CASE WHEN first < ? THEN first ELSE ? END, "
    "last = CASE WHEN last > ? THEN last ELSE ? END, "
    "ingested = ?, size = size + ? WHERE journal = ? AND stream = ?"
)
MOVED = "UPDATE line_streams SET position = ? WHERE journal = ? AND stream = ?"
INSERT = "INSERT INTO lines (journal, stream, time, id, ingested, text) VALUES "
LINE = "SELECT time, id, stream, ingested, text FROM lines WHERE journal = ?"
SIZE = "SELECT COALESCE(SUM(size), 0) FROM line_streams WHERE journal = ?"
DROP = (
    "DELETE FROM lines WHERE journal = ? AND stream = ?",
    "DELETE FROM line_streams WHERE journal = ? AND stream = ?",
)
DROP_ALL = ("DELETE FROM lines WHERE journal = ?", "DELETE FROM line_streams WHERE journal = ?")
EXPIRE = "DELETE FROM lines WHERE journal = ? AND time < ? RETURNING stream"
REMEASURE = (
    "UPDATE line_streams SET "
    "size = (SELECT COALESCE(SUM(LENGTH(text)), 0) FROM lines l "
    "WHERE l.journal = line_streams.journal AND l.stream = line_streams.stream), "
    "first = (SELECT MIN(time) FROM lines l "
    "WHERE l.journal = line_streams.journal AND l.stream = line_streams.stream) WHERE journal = ? AND stream = ?"
)
TOGETHER = 1000  # rows of one INSERT
LAST = "\U0010ffff"  # sorts behind every name
BEGINNING, END = -(2**62), 2**62


class Place(NamedTuple):
    """Where a line stands among all: before those of a later time, or of its own time and a later id."""

    time: int
    id: int


class Line(NamedTuple):
    time: int
    id: int
    stream: str
    ingested: int
    text: str

    @property
    def place(self) -> Place:
        return Place(self.time, self.id)


@dataclass(frozen=True, slots=True)
class Stream:
    name: str
    created: int
    first: int | None  # times of its lines; None while it has none
    last: int | None
    ingested: int | None
    size: int
    position: int


class Lines:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.order = Order()

    def create(self, journal: str, stream: str, created: int) -> bool:
        """False where the stream is there already."""
        return bool(self.database.write(lambda tx: tx.execute(CREATE, (journal, stream, created))))

    def stream(self, journal: str, stream: str) -> Stream | None:
        rows = self.database.read(FIND, (journal, stream))
        return Stream(*rows[0]) if rows else None

    def streams(self, journal: str, *, prefix: str = "", after: str = "", limit: int = END) -> list[Stream]:
        """Streams in the order of their names."""
        rows = self.database.read(BY_NAME, (journal, prefix, prefix + LAST, after, limit))
        return [Stream(*row) for row in rows]

    def streams_by_last(self, journal: str, *, newest_first: bool, skip: int, limit: int) -> list[Stream]:
        """Streams in the order of their latest lines."""
        sql = BY_LAST.replace("created), stream", "created) DESC, stream DESC") if newest_first else BY_LAST
        return [Stream(*row) for row in self.database.read(sql, (journal, limit, skip))]

    def append(
        self,
        journal: str,
        stream: str,
        lines: Sequence[tuple[int, str]],
        ingested: int,
        position: int | None = None,
    ) -> None:
        """Add lines (time, text) to a stream that exists, and remember its writer's position with them."""

        def change(tx: Transaction) -> None:
            if lines:
                self._insert(tx, journal, stream, lines, ingested)
            if position is not None:
                tx.execute(MOVED, (position, journal, stream))

        self.database.write(change)

    def _insert(
        self, tx: Transaction, journal: str, stream: str, lines: Sequence[tuple[int, str]], ingested: int
    ) -> None:
        ids = iter(self.order.take(len(lines)))
        for part in _parts(lines):
            values = [
                v for time, text in part for v in (journal, stream, time, next(ids), ingested, _kept(text))
            ]
            tx.execute(INSERT + ", ".join(["(?, ?, ?, ?, ?, ?)"] * len(part)), values)
        first, last = min(time for time, _ in lines), max(time for time, _ in lines)
        size = sum(len(text) for _, text in lines)
        tx.execute(GROWN, (first, first, last, last, ingested, size, journal, stream))

    def read(
        self,
        journal: str,
        streams: Sequence[str] | None = None,
        *,
        since: int = BEGINNING,
        until: int = END,
        after: Place | None = None,
        before: Place | None = None,
        limit: int = 10_000,
        backwards: bool = False,
    ) -> list[Line]:
        """Lines with since <= time < until of one, some or all streams, behind or before a place.

        Always in order; `backwards` takes the last ones of the range instead of the first.
        """
        sql, values = LINE + " AND time >= ? AND time < ?", [journal, since, until]
        if streams is not None:
            sql += f" AND stream IN ({', '.join('?' * len(streams)) or 'NULL'})"
            values += list(streams)
        for place, sign in ((after, ">"), (before, "<")):
            if place is not None:
                sql += f" AND (time, id) {sign} (?, ?)"
                values += [*place]
        direction = "DESC" if backwards else "ASC"
        sql += f" ORDER BY time {direction}, id {direction} LIMIT ?"
        lines = [Line(*row) for row in self.database.read(sql, [*values, limit])]
        return lines[::-1] if backwards else lines

    def size(self, journal: str) -> int:
        """How many characters a journal holds."""
        return int(self.database.read(SIZE, (journal,))[0][0])

    def delete(self, journal: str, stream: str | None = None) -> None:
        """A stream, or the whole journal."""
        statements, values = (DROP_ALL, (journal,)) if stream is None else (DROP, (journal, stream))
        self.database.write(lambda tx: [tx.execute(sql, values) for sql in statements])

    def forget(self, journal: str, before: int) -> int:
        """Delete the lines of a journal that are older than a time; how many there were."""

        def change(tx: Transaction) -> int:
            gone = tx.execute(EXPIRE, (journal, before))
            for stream in {stream for (stream,) in gone}:
                tx.execute(REMEASURE, (journal, stream))
            return len(gone)

        return self.database.write(change)


def _parts(lines: Sequence[Any]) -> list[Sequence[Any]]:
    return [lines[start : start + TOGETHER] for start in range(0, len(lines), TOGETHER)]


def _kept(text: str) -> str:
    """Postgres has no NUL in a text; so that both databases give the same back, neither gets one."""
    return text.replace("\0", "\ufffd")
