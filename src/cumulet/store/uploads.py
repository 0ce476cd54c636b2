"""Objects on their way: uploads in parts, each part a blob, until they are joined or given up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from cumulet.store.database import Database, Row
from cumulet.store.objects import dumps

UPLOAD = "bucket, key, id, begun, detail"
BEGIN = f"INSERT INTO uploads ({UPLOAD}) VALUES (?, ?, ?, ?, ?)"
FIND = f"SELECT {UPLOAD} FROM uploads WHERE bucket = ? AND key = ? AND id = ?"
LIST = (
    f"SELECT {UPLOAD} FROM uploads WHERE bucket = ? AND key >= ? AND key < ? "
    "AND (key > ? OR (key = ? AND id > ?)) ORDER BY key, id LIMIT ?"
)
END = "DELETE FROM uploads WHERE bucket = ? AND key = ? AND id = ?"
PART = "number, size, etag, modified, blob, detail"
PUT_PART = f"INSERT INTO parts (upload, {PART}) VALUES (?, ?, ?, ?, ?, ?, ?)"
DELETE_PART = "DELETE FROM parts WHERE upload = ? AND number = ? RETURNING blob"
DELETE_PARTS = "DELETE FROM parts WHERE upload = ? RETURNING blob"
PARTS = f"SELECT {PART} FROM parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload that was begun and neither completed nor aborted. `begun` is epoch seconds."""

    bucket: str
    key: str
    id: str
    begun: float
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One part that has arrived; a later one of the same number replaces it."""

    number: int
    size: int
    etag: str
    modified: float
    blob: str
    detail: dict[str, Any] = field(default_factory=dict)


class Uploads:
    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, upload: Upload) -> None:
        values = (upload.bucket, upload.key.encode(), upload.id, upload.begun, dumps(upload.detail))
        self.database.write(lambda tx: tx.execute(BEGIN, values))

    def find(self, bucket: str, key: str, upload: str) -> Upload | None:
        rows = self.database.read(FIND, (bucket, key.encode(), upload))
        return _upload(rows[0]) if rows else None

    def under(
        self, bucket: str, start: bytes, stop: bytes, after: tuple[bytes, str], limit: int
    ) -> list[Upload]:
        """The uploads to keys of a range, by key and id, behind `after` (a key and an id)."""
        key, upload = after
        return [
            _upload(row) for row in self.database.read(LIST, (bucket, start, stop, key, key, upload, limit))
        ]

    def put_part(self, upload: str, part: Part) -> list[str]:
        """Keep a part; gives back the blob of the part that it replaces."""
        values = (upload, part.number, part.size, part.etag, part.modified, part.blob, dumps(part.detail))

        def change() -> list[str]:
            lost = self.database.write(lambda tx: tx.execute(DELETE_PART, (upload, part.number)))
            self.database.write(lambda tx: tx.execute(PUT_PART, values))
            return [blob for (blob,) in lost]

        return self.database.write(lambda _: change())

    def parts(self, upload: str, *, after: int = 0, limit: int = 10_001) -> list[Part]:
        """The parts that have arrived, by number."""
        rows = self.database.read(PARTS, (upload, after, limit))
        return [_part(row) for row in rows]

    def end(self, upload: Upload) -> list[str]:
        """Forget an upload and its parts; gives back their blobs."""
        self.database.write(lambda tx: tx.execute(END, (upload.bucket, upload.key.encode(), upload.id)))
        return [blob for (blob,) in self.database.write(lambda tx: tx.execute(DELETE_PARTS, (upload.id,)))]


def _upload(row: Row) -> Upload:
    bucket, key, upload, begun, detail = row
    return Upload(bucket, bytes(key).decode(), upload, begun, json.loads(detail))


def _part(row: Row) -> Part:
    number, size, etag, modified, blob, detail = row
    return Part(number, size, etag, modified, blob, json.loads(detail))
