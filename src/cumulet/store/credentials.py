"""Access keys and their secrets: what a signature is checked against.

Secrets are needed in clear to check an HMAC, so the database that holds them is readable by its owner only.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import astuple, dataclass

from cumulet.store import haste
from cumulet.store.database import Database, Full, Row

COLUMNS = "access_key, secret, token, account, arn, user_id, expires, active"
FIND = f"SELECT {COLUMNS} FROM credentials WHERE access_key = ?"
OF_PRINCIPAL = f"SELECT {COLUMNS} FROM credentials WHERE arn = ? ORDER BY access_key"
PUT = (
    f"INSERT INTO credentials ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (access_key) DO UPDATE SET active = excluded.active, expires = excluded.expires"
)
DELETE = "DELETE FROM credentials WHERE access_key = ?"
EXPIRE = "DELETE FROM credentials WHERE expires < ?"
USED = (
    "INSERT INTO credential_uses (access_key, used, service, region) VALUES (?, ?, ?, ?) ON CONFLICT (access_key) "
    "DO UPDATE SET used = excluded.used, service = excluded.service, region = excluded.region"
)
LAST_USE = "SELECT used, service, region FROM credential_uses WHERE access_key = ?"
FORGET_USE = "DELETE FROM credential_uses WHERE access_key = ?"
NOTED_EVERY = 60.0  # seconds: a use costs no write of its own where one was noted since


@dataclass(frozen=True, slots=True)
class Credential:
    """One access key. `token` is "" for long-lived keys; `expires` is epoch seconds, or None for never."""

    access_key: str
    secret: str
    token: str
    account: str
    arn: str
    user_id: str
    expires: float | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Use:
    """The last use of a key that was noted: when (epoch seconds), for which service and region."""

    at: float
    service: str
    region: str


class Credentials:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.noted: dict[str, float] = {}

    def find(self, access_key: str) -> Credential | None:
        return self.database.recall(("credential", access_key), lambda: self._find(access_key))

    def _find(self, access_key: str) -> Credential | None:
        rows = self.database.read(FIND, (access_key,))
        return _credential(rows[0]) if rows else None

    def of_principal(self, arn: str) -> list[Credential]:
        return [_credential(row) for row in self.database.read(OF_PRINCIPAL, (arn,))]

    def put(self, credential: Credential) -> None:
        """Remember a key; for one that is there already, only `active` and `expires` may change."""
        values = astuple(credential)
        self.database.write(lambda tx: tx.execute(PUT, (*values[:-1], int(credential.active))))

    def delete(self, access_key: str) -> None:
        self.noted.pop(access_key, None)
        self.database.write(
            lambda tx: (tx.execute(DELETE, (access_key,)), tx.execute(FORGET_USE, (access_key,)))
        )

    def used(self, access_key: str, service: str, region: str, now: float) -> None:
        """Note a use, once a minute at most."""
        if abs(now - self.noted.get(access_key, -NOTED_EVERY)) >= NOTED_EVERY:
            haste.check()
            self.noted[access_key] = now
            with suppress(Full):  # which keeps nobody from reading
                self.database.write(lambda tx: tx.execute(USED, (access_key, now, service, region)))

    def last_use(self, access_key: str) -> Use | None:
        rows = self.database.read(LAST_USE, (access_key,))
        return Use(*rows[0]) if rows else None

    def forget_expired(self, before: float) -> None:
        self.database.write(lambda tx: tx.execute(EXPIRE, (before,)))


def _credential(row: Row) -> Credential:
    values = (*row[:-1], bool(row[-1]))
    return Credential(*values)
