"""Temporary credentials: a key, a secret and a token that lapse together."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from cumulet.services import Service, roles
from cumulet.services.iam import identifiers
from cumulet.store.credentials import Credential

SESSION = "sts.session"  # what the credential does not say: its role, its policies, its tags
TOKEN_BYTES = 264
DAY = 24 * 3600


class Sessions(Service):
    def _issue(self, arn: str, user_id: str, account: str, seconds: int, **more: Any) -> dict[str, Any]:
        """New credentials for a principal, as members of a result. Lapsed ones are swept out on the way."""
        now = self.house.clock()
        credential = Credential(
            access_key=identifiers.access_key_id(account, "ASIA"),
            secret=identifiers.secret_key(),
            token="IQoJb3JpZ2luX2Vj" + secrets.token_urlsafe(TOKEN_BYTES),
            account=account,
            arn=arn,
            user_id=user_id,
            expires=float(int(now) + seconds),
        )
        body = {"expires": credential.expires, **more}

        def change() -> None:
            self._sweep(account, now)
            self.store.credentials.put(credential)
            self.store.records.put(SESSION, account, credential.access_key, body)

        self.store.atomically(change)
        return {
            "AccessKeyId": credential.access_key,
            "SecretAccessKey": credential.secret,
            "SessionToken": credential.token,
            "Expiration": datetime.fromtimestamp(int(now) + seconds, UTC),
        }

    def session(self) -> dict[str, Any]:
        """What was asked for with the caller's temporary credentials. For IAM's use; no operation of AWS."""
        return self.store.records.get(SESSION, self.caller.account, self.caller.access_key) or {}

    def forget_sessions(self, role_id: str) -> None:
        """A role is gone, and its sessions with it. For IAM's use; no operation of AWS."""
        for access_key, body in self.store.records.list(SESSION, self.caller.account):
            if body.get("role_id") == role_id:
                self._forget(self.caller.account, access_key)

    def _sweep(self, account: str, now: float) -> None:
        """Take out what has lapsed a day ago; until then its user is told that it has expired.

        What a session was narrowed to holds for the work that it began, so it stays for as long as that may take.
        """
        for access_key, body in self.store.records.list(SESSION, account):
            narrowed = body.get("policy") or body.get("policy_arns")
            if body["expires"] < now - (roles.LONGEST if narrowed else DAY):
                self._forget(account, access_key)

    def _forget(self, account: str, access_key: str) -> None:
        self.store.credentials.delete(access_key)
        self.store.records.delete(SESSION, account, access_key)
