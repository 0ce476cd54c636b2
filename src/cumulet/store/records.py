"""Resources: one JSON document each, found by kind, scope and name.

`kind` says what it is ("glue.table"), `scope` who owns it ("123456789012/us-east-1", or "" for what is
global), `name` which one; names list in the order of their UTF-8 bytes. Times in a body are epoch seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cumulet.store.database import Database

Body = dict[str, Any]

GET = "SELECT body FROM records WHERE kind = ? AND scope = ? AND name = ?"
PUT = (
    "INSERT INTO records (kind, scope, name, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (kind, scope, name) DO UPDATE SET body = excluded.body"
)
DELETE = "DELETE FROM records WHERE kind = ? AND scope = ? AND name = ? RETURNING name"
DELETE_UNDER = "DELETE FROM records WHERE kind = ? AND scope = ? AND name >= ? AND name < ? RETURNING name"
LIST = (
    "SELECT name, body FROM records WHERE kind = ? AND scope = ? AND name >= ? AND name < ? AND name > ? "
    "ORDER BY name LIMIT ?"
)
SCOPES = "SELECT DISTINCT scope FROM records WHERE kind = ? ORDER BY scope"
LAST = "\U0010ffff"  # sorts behind every name
NO_LIMIT = 2**62


class RecordExists(Exception):
    """A record of this kind, scope and name is there already."""


class Records:
    def __init__(self, database: Database) -> None:
        self.database = database

    def get(self, kind: str, scope: str, name: str) -> Body | None:
        rows = self.database.read(GET, (kind, scope, name))
        return json.loads(rows[0][0]) if rows else None

    def put(self, kind: str, scope: str, name: str, body: Body) -> None:
        text = json.dumps(body, separators=(",", ":"))
        self.database.write(lambda tx: tx.execute(PUT, (kind, scope, name, text)))

    def create(self, kind: str, scope: str, name: str, body: Body) -> None:
        """Put what must not be there yet; `RecordExists` where it is."""

        def change() -> None:
            if self.get(kind, scope, name) is not None:
                raise RecordExists(f"{kind} {name}")
            self.put(kind, scope, name, body)

        self.database.write(lambda _: change())

    def update(self, kind: str, scope: str, name: str, change: Callable[[Body], Body | None]) -> Body | None:
        """Read, change and write back as one; None where there is no such record.

        `change` may edit the body in place and return None, or return another body; what it raises
        leaves the record as it was.
        """

        def apply() -> Body | None:
            body = self.get(kind, scope, name)
            if body is None:
                return None
            changed = change(body)
            body = body if changed is None else changed
            self.put(kind, scope, name, body)
            return body

        return self.database.write(lambda _: apply())

    def delete(self, kind: str, scope: str, name: str) -> bool:
        """True where there was something to delete."""
        return bool(self.database.write(lambda tx: tx.execute(DELETE, (kind, scope, name))))

    def delete_under(self, kind: str, scope: str, prefix: str) -> int:
        """Delete every record whose name starts with a prefix; how many there were."""
        bounds = (prefix, prefix + LAST)
        return len(self.database.write(lambda tx: tx.execute(DELETE_UNDER, (kind, scope, *bounds))))

    def scopes(self, kind: str) -> list[str]:
        """The scopes that hold anything of a kind: for work over all accounts and regions."""
        return [scope for (scope,) in self.database.read(SCOPES, (kind,))]

    def list(
        self, kind: str, scope: str, *, prefix: str = "", after: str = "", limit: int | None = None
    ) -> list[tuple[str, Body]]:
        """Names and bodies in byte order, those behind `after` that start with `prefix`."""
        rows = self.database.read(LIST, (kind, scope, prefix, prefix + LAST, after, limit or NO_LIMIT))
        return [(name, json.loads(body)) for name, body in rows]
