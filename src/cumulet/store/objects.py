"""The index of objects: which blob stands under which key of which bucket, version by version.

Keys are compared as UTF-8 bytes, so the order is the same everywhere. A row is `listed` where it is what a
plain read or listing finds: the current version, unless that is a delete marker. Listed rows have an index
of their own; so finding and listing cost the same however large the bucket and however many old versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cumulet.store.database import Database, Row
from cumulet.store.fresh import LARGEST, Fresh

COLUMNS = "bucket, key, version, rank, listed, marker, size, etag, modified, blob, storage, checksum, detail"
INSERT = f"INSERT INTO objects ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
REPLACE = f"{INSERT} ON CONFLICT (bucket, key) WHERE listed = 1 DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[2:]
)
BLOB_OF = "SELECT blob FROM objects WHERE bucket = ? AND key = ? AND listed = 1"
LISTED = f"SELECT {COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND listed = 1"
UNLISTED = f"SELECT {COLUMNS} FROM objects WHERE bucket = ? AND key = ? AND listed = 0"
NEWEST_UNLISTED = f"{UNLISTED} ORDER BY rank LIMIT 1"
OF_VERSION = f"{LISTED} AND version = ? UNION ALL {UNLISTED} AND version = ?"
UNLIST = "UPDATE objects SET listed = 0 WHERE bucket = ? AND key = ? AND listed = 1"
RELIST = "UPDATE objects SET listed = 1 WHERE bucket = ? AND key = ? AND listed = 0 AND rank = ?"
DELETE_LISTED = "DELETE FROM objects WHERE bucket = ? AND key = ? AND listed = 1"
DELETE_UNLISTED = "DELETE FROM objects WHERE bucket = ? AND key = ? AND listed = 0 AND rank = ?"
EDIT = "UPDATE objects SET detail = ?, storage = ? WHERE bucket = ? AND key = ? AND listed = "
EDIT_LISTED = f"{EDIT}1"
EDIT_UNLISTED = f"{EDIT}0 AND rank = ?"
RANGE = "bucket = ? AND key >= ? AND key < ?"
AFTER = "(key <> ? OR rank > ?)"
LIST = (
    "SELECT key, size, etag, modified, storage, checksum FROM objects "
    f"WHERE {RANGE} AND listed = 1 ORDER BY key LIMIT ?"
)
PLACES = (
    f"SELECT key, blob, size, etag, modified FROM objects WHERE {RANGE} AND listed = 1 ORDER BY key LIMIT ?"
)
DETAILS = f"SELECT key, detail FROM objects WHERE {RANGE} AND listed = 1 AND detail LIKE ? ORDER BY key"
LIST_WHOLE = f"SELECT {COLUMNS} FROM objects WHERE {RANGE} AND listed = 1 ORDER BY key LIMIT ?"
VERSIONS = (
    f"SELECT * FROM (SELECT {COLUMNS} FROM objects WHERE {RANGE} AND {AFTER} AND listed = 1 "
    "ORDER BY key LIMIT ?) AS shown "
    f"UNION ALL SELECT * FROM (SELECT {COLUMNS} FROM objects WHERE {RANGE} AND {AFTER} AND listed = 0 "
    "ORDER BY key, rank LIMIT ?) AS hidden ORDER BY 2, 4 LIMIT ?"
)
ANY = (
    "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ? AND listed = 1) "
    "OR EXISTS (SELECT 1 FROM objects WHERE bucket = ? AND listed = 0)"
)
HIDDEN = (
    f"SELECT {COLUMNS} FROM objects WHERE bucket = ? AND (key > ? OR key = ? AND rank > ?) AND listed = 0 "
    "ORDER BY key, rank LIMIT ?"
)
NEXT_VERSIONED = "SELECT bucket FROM objects WHERE bucket > ? AND listed = 0 ORDER BY bucket LIMIT 1"
NEXT_BUCKET = "SELECT bucket FROM objects WHERE bucket > ? AND listed = 1 ORDER BY bucket LIMIT 1"
REFERS = (
    "SELECT EXISTS (SELECT 1 FROM objects WHERE bucket = ? AND key = ? AND listed = 1 AND blob = ?) "
    "OR EXISTS (SELECT 1 FROM objects WHERE bucket = ? AND key = ? AND listed = 0 AND blob = ?)"
)
BLOBS = "SELECT blob FROM objects WHERE blob <> '' UNION ALL SELECT blob FROM parts"

REFERRING = f"SELECT {COLUMNS} FROM objects WHERE blob = ? ORDER BY listed DESC"

NULL = "null"  # the version of an object that was written without versioning
FIRST_ROWS = 2  # how many rows a listing asks for while it steps over folders
PAGE = 1000


@dataclass(slots=True)
class Entry:
    """One version of one object. `modified` is epoch seconds; `detail` is whatever else belongs to it."""

    bucket: str
    key: str
    size: int = 0
    etag: str = ""
    modified: float = 0.0
    blob: str = ""
    storage: str = ""
    checksum: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    version: str = NULL
    rank: int = 0  # the newest version of a key has the smallest
    listed: bool = True
    marker: bool = False

    @classmethod
    def of(cls, row: Row) -> Entry:
        bucket, key, version, rank, listed, marker, size, etag, modified, blob, storage, checksum, rest = row
        told = (size, etag, modified, blob, storage, checksum, json.loads(rest))
        return cls(bucket, bytes(key).decode(), *told, version, rank, bool(listed), bool(marker))

    def row(self) -> Row:
        standing = (self.version, self.rank, int(self.listed), int(self.marker))
        values = (self.size, self.etag, self.modified, self.blob, self.storage, self.checksum)
        return (self.bucket, self.key.encode(), *standing, *values, dumps(self.detail))


class Listed(NamedTuple):
    """One object as a listing shows it."""

    key: str
    size: int
    etag: str
    modified: float
    storage: str
    checksum: str


@dataclass(slots=True)
class Page:
    """One page of a listing: objects and folders, each in order; `last` is where the next page goes on."""

    objects: list[Listed] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    last: str = ""
    more: bool = False

    def fill(self, rows: Sequence[Row], prefix: str, delimiter: str, limit: int) -> str:
        """Add rows until `limit` things are listed; the folder that the last row lies in, or ""."""
        if not delimiter:
            return self._fill_flat(rows, limit)
        folder, room = "", limit - len(self.objects) - len(self.folders)
        for key, *rest in rows:
            name = bytes(key).decode()
            if folder and name.startswith(folder):
                continue
            if room == 0:
                self.more = True
                break
            room -= 1
            if folder := folder_of(name, prefix, delimiter):
                self.folders.append(folder)
            else:
                self.objects.append(Listed(name, *rest))
            self.last = folder or name
        return folder

    def _fill_flat(self, rows: Sequence[Row], limit: int) -> str:
        room = limit - len(self.objects)
        self.more = len(rows) > room
        self.objects += [Listed(str(row[0], "utf-8"), *row[1:]) for row in rows[:room]]
        self.last = self.objects[-1].key if self.objects else ""
        return ""


def dumps(detail: dict[str, Any]) -> str:
    return json.dumps(detail, separators=(",", ":"))


def folder_of(key: str, prefix: str, delimiter: str) -> str:
    """What stands for this key in a listing: up to the first delimiter behind the prefix; "" for itself."""
    cut = key.find(delimiter, len(prefix)) if delimiter and key.startswith(prefix) else -1
    return key[: cut + len(delimiter)] if cut >= 0 else ""


def behind(prefix: bytes) -> bytes:
    """The first key that sorts behind every key with this prefix (0xFF is in no UTF-8 text)."""
    return prefix + b"\xff"


class Objects:
    def __init__(self, database: Database, fresh: Fresh | None = None) -> None:
        self.database = database
        self.fresh = fresh or Fresh(database)

    def find(self, bucket: str, key: str, version: str | None = None) -> Entry | None:
        """The current version (it may be a delete marker), or the one asked for."""
        where = (bucket, key.encode())
        if version is not None:
            rows = self.database.read(OF_VERSION, (*where, version, *where, version))
        else:
            rows = self.database.read(LISTED, where) or self.database.read(NEWEST_UNLISTED, where)
        return Entry.of(rows[0]) if rows else None

    def put(self, entry: Entry) -> list[str]:
        """Make `entry` the current version. The version of the same name is replaced, others are kept.

        Gives back the blobs that nothing refers to any more: delete them once this is committed.
        """
        return self.put_after(self.find(entry.bucket, entry.key), entry)

    def put_after(self, before: Entry | None, entry: Entry) -> list[str]:
        """The same, where the current version is known already."""
        entry.listed = not entry.marker
        if before and before.listed and entry.listed and before.version == entry.version:
            return self._replace(before, entry)
        lost = self._drop(before, entry) if before else []
        self._supersede(before, entry)
        self.fresh.ride(entry.blob, entry.bucket, entry.key)
        self.database.write(lambda tx: tx.execute(INSERT, entry.row()))
        return lost

    def _replace(self, before: Entry, entry: Entry) -> list[str]:
        """The usual overwrite: one row takes the other's place."""
        entry.rank = min(entry.rank, before.rank - 1)
        self._drop_bytes(before)
        self.fresh.ride(entry.blob, entry.bucket, entry.key)
        self.database.write(lambda tx: tx.execute(REPLACE, entry.row()))
        return [before.blob] if before.blob else []

    def remove(self, entry: Entry) -> list[str]:
        """Forget one version for good; the newest that is left becomes current. Blobs as for `put`."""
        where = (entry.bucket, entry.key.encode())
        self._delete(entry)
        rows = [] if self.database.read(LISTED, where) else self.database.read(NEWEST_UNLISTED, where)
        if rows and not (heir := Entry.of(rows[0])).marker:
            self.database.write(lambda tx: tx.execute(RELIST, (*where, heir.rank)))
        return [entry.blob] if entry.blob else []

    def edit(self, entry: Entry) -> None:
        """Remember a version's changed `detail` or `storage`."""
        values = (dumps(entry.detail), entry.storage, entry.bucket, entry.key.encode())
        if entry.listed:
            self.database.write(lambda tx: tx.execute(EDIT_LISTED, values))
        else:
            self.database.write(lambda tx: tx.execute(EDIT_UNLISTED, (*values, entry.rank)))

    def page(
        self, bucket: str, *, prefix: str = "", after: str = "", delimiter: str = "", limit: int = PAGE
    ) -> Page:
        """Objects behind `after`, in order. With a delimiter, keys that share what comes before its first
        occurrence behind the prefix are rolled up into one folder, which is stepped over in one go."""
        page, start, stop = Page(), self._start(prefix, after, delimiter), behind(prefix.encode())
        size = FIRST_ROWS if delimiter else limit + 1
        while limit > 0:
            rows = self.database.read(LIST, (bucket, start, stop, size))
            folder = page.fill(rows, prefix, delimiter, limit)
            if page.more or len(rows) < size:
                break
            start = behind(folder.encode()) if folder else bytes(rows[-1][0]) + b"\0"
            size = FIRST_ROWS if folder else min(size * 4, PAGE + 1)
        return page

    def details(self, bucket: str, first: str, last: str, member: str) -> dict[str, Any]:
        """A member of the details of the objects between two keys, of those that have it."""
        span = (bucket, first.encode(), last.encode() + b"\0", f'%"{member}":%')
        found = {bytes(key).decode(): json.loads(detail) for key, detail in self.database.read(DETAILS, span)}
        return {key: detail[member] for key, detail in found.items() if member in detail}

    def walk(self, bucket: str, prefix: str = "") -> Iterator[Entry]:
        """Every current object, in order."""
        start, stop = prefix.encode(), behind(prefix.encode())
        while rows := self.database.read(LIST_WHOLE, (bucket, start, stop, PAGE)):
            yield from map(Entry.of, rows)
            start = bytes(rows[-1][1]) + b"\0"

    def places(self, bucket: str, prefix: str = "") -> Iterator[Row]:
        """Key (bytes), blob, size, ETag and time of every current object, in order."""
        start, stop = prefix.encode(), behind(prefix.encode())
        while rows := self.database.read(PLACES, (bucket, start, stop, PAGE)):
            yield from rows
            start = bytes(rows[-1][0]) + b"\0"

    def versions(
        self, bucket: str, start: bytes, stop: bytes, after: tuple[bytes, int], limit: int
    ) -> list[Entry]:
        """All versions of the keys in a range: by key, the newest first; of the key in `after` only those
        behind its rank."""
        span = (bucket, start, stop, *after)
        return [Entry.of(row) for row in self.database.read(VERSIONS, (*span, limit, *span, limit, limit))]

    def any(self, bucket: str) -> bool:
        """Whether a bucket holds anything: objects, old versions or delete markers."""
        return bool(self.database.read(ANY, (bucket, bucket))[0][0])

    def hidden(self, bucket: str) -> Iterator[Entry]:
        """Every version that a plain read does not find, but for delete markers."""
        key, rank = b"", 0
        while rows := self.database.read(HIDDEN, (bucket, key, key, rank, PAGE)):
            yield from (entry for entry in map(Entry.of, rows) if not entry.marker)
            key, rank = bytes(rows[-1][1]), rows[-1][3]

    def buckets(self) -> list[str]:
        """The buckets that hold any object."""
        return self._buckets(NEXT_BUCKET)

    def versioned(self) -> list[str]:
        """The buckets that hold old versions or delete markers."""
        return self._buckets(NEXT_VERSIONED)

    def _buckets(self, following: str) -> list[str]:
        found: list[str] = []
        while rows := self.database.read(following, (found[-1] if found else "",)):
            found.append(rows[0][0])
        return found

    def blob_of(self, bucket: str, key: str) -> str:
        """The blob of the object that a plain read finds; "" where there is none."""
        rows = self.database.read(BLOB_OF, (bucket, key.encode()))
        return rows[0][0] if rows else ""

    def refers(self, bucket: str, key: str, blob: str) -> bool:
        """Whether any version of a key has this blob."""
        where = (bucket, key.encode(), blob)
        return bool(self.database.read(REFERS, (*where, *where))[0][0])

    def referring(self, blob: str) -> list[Entry]:
        """The versions that a blob belongs to. Nothing indexes that: all rows are looked at."""
        return [Entry.of(row) for row in self.database.read(REFERRING, (blob,))]

    def blobs(self) -> set[str]:
        """Every blob that an object or a part refers to."""
        return {blob for (blob,) in self.database.read(BLOBS)}

    def _drop(self, before: Entry, entry: Entry) -> list[str]:
        """Remove the version whose name the new one takes."""
        if before.version == entry.version:
            replaced: Entry | None = before
        elif entry.version == NULL:  # other names are never used twice
            replaced = self.find(entry.bucket, entry.key, NULL)
        else:
            replaced = None
        if replaced is None:
            return []
        self._delete(replaced)
        return [replaced.blob] if replaced.blob else []

    def _supersede(self, before: Entry | None, entry: Entry) -> None:
        if before is not None:
            entry.rank = min(entry.rank, before.rank - 1)
            if before.listed and before.version != entry.version:
                self.database.write(lambda tx: tx.execute(UNLIST, (entry.bucket, entry.key.encode())))

    def _drop_bytes(self, entry: Entry) -> None:
        if entry.blob and entry.size <= LARGEST:
            self.fresh.drop(entry.blob)

    def _delete(self, entry: Entry) -> None:
        where = (entry.bucket, entry.key.encode())
        self._drop_bytes(entry)
        if entry.listed:
            self.database.write(lambda tx: tx.execute(DELETE_LISTED, where))
        else:
            self.database.write(lambda tx: tx.execute(DELETE_UNLISTED, (*where, entry.rank)))

    @staticmethod
    def _start(prefix: str, after: str, delimiter: str) -> bytes:
        if not after or after < prefix:
            return prefix.encode()
        folder = folder_of(after, prefix, delimiter)
        return behind(after.encode()) if folder == after else after.encode() + b"\0"
