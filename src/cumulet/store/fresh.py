"""Bytes of small objects that have no file yet: they lie in the database, under the very commit that makes them
objects.

A file that is to survive a power cut costs two syncs (its own and its folder's), and the commit a third. The
bytes of a small object ride in the commit instead, and many commits share one sync. Their file is made behind
the answer (`settler.py`); once it is on disk, the row goes. Until then the bytes are found here: in the memory
of the process that took them in, and by the others in the database.

Only SQLite carries them: it is one file on the same disk, with one writer. On Postgres each blob is a file first.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from cumulet.store.database import Database
from cumulet.store.writeback import syncs_whole_disks

LARGEST = 64 << 10  # bytes of a blob: beyond that to write them three times costs more than two syncs
ROOM = 64 << 20  # bytes that wait in a process for their files, at most
PAGE = 256

INSERT = "INSERT INTO fresh (blob, bucket, key, bytes) VALUES (?, ?, ?, ?)"
DELETE = "DELETE FROM fresh WHERE blob = ?"
BYTES = "SELECT bytes FROM fresh WHERE blob = ?"
NAMES = "SELECT blob FROM fresh"
UNDER = "SELECT blob FROM fresh WHERE bucket = ? AND key >= ? AND key < ?"
WAITING = "SELECT blob, bucket, key FROM fresh WHERE blob > ? ORDER BY blob LIMIT ?"


class Waiting(NamedTuple):
    """A blob without a file, and the key whose object it is (or was, or is a version of)."""

    blob: str
    bucket: str
    key: str


class Fresh:
    """Safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.carried = database.carries_bytes and syncs_whole_disks()
        self.held: dict[str, bytes] = {}  # of this process: what is not committed yet, or has no file yet
        self.size = 0  # of what is held, in bytes
        self.counting = threading.Lock()

    def takes(self, size: int) -> bool:
        """Whether a blob of this size may come without a file."""
        return size <= LARGEST and self.size < ROOM and self.carried

    def hold(self, blob: str, data: bytes) -> None:
        """Keep in mind what is about to be committed."""
        with self.counting:
            self.held[blob] = data
            self.size += len(data)

    def release(self, blob: str) -> None:
        with self.counting:
            if (data := self.held.pop(blob, None)) is not None:
                self.size -= len(data)

    def ride(self, blob: str, bucket: str, key: str) -> None:
        """Inside the change that refers to a blob: its bytes come along, where it has no file."""
        if (data := self.held.get(blob)) is not None:
            values = (blob, bucket, key.encode(), data)
            self.database.write(lambda tx: tx.execute(INSERT, values))

    def drop(self, blob: str) -> None:
        """Inside the change by which nothing refers to a blob any more."""
        if self.carried:
            self.database.write(lambda tx: tx.execute(DELETE, (blob,)))

    def read(self, blob: str) -> bytes | None:
        """The bytes of a blob as its file would hold them; None where it has a file, or is gone."""
        if (data := self.held.get(blob)) is not None or not self.carried:
            return data
        rows = self.database.read(BYTES, (blob,))
        return bytes(rows[0][0]) if rows else None

    def names(self) -> set[str]:
        """Every blob that is here."""
        return {blob for (blob,) in self.database.read(NAMES)}

    def under(self, bucket: str, start: bytes, stop: bytes) -> list[str]:
        """The blobs of a range of keys that are here: few, so all are looked at."""
        if not self.carried:
            return []
        return [blob for (blob,) in self.database.read(UNDER, (bucket, start, stop))]

    def waiting(self) -> Iterator[Waiting]:
        """Every blob that is here, whichever process took it in."""
        last = ""
        while self.carried and (rows := self.database.read(WAITING, (last, PAGE))):
            yield from (Waiting(blob, bucket, bytes(key).decode()) for blob, bucket, key in rows)
            last = rows[-1][0]

    def settled(self, blobs: Collection[str]) -> list[str]:
        """Forget the bytes of blobs whose files are on disk; those that were not here any more."""

        here: set[str] = set()
        for some in batched(blobs, PAGE):
            forget = f"DELETE FROM fresh WHERE blob IN ({', '.join('?' * len(some))}) RETURNING blob"
            with self.database.deferring():  # after a power cut they would only be written once more
                rows = self.database.write(lambda tx, forget=forget, some=some: tx.execute(forget, some))  # type: ignore[misc]
            here |= {blob for (blob,) in rows}
        for blob in blobs:
            self.release(blob)
        return [blob for blob in blobs if blob not in here]


def batched(items: Iterable[str], size: int) -> Iterator[list[str]]:
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
