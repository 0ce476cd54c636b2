"""A user's access keys. The secret is shown once, when the key is made."""

from __future__ import annotations

from dataclasses import replace

from cumulet.services.iam import identifiers, refusals
from cumulet.services.iam.entities import USER, Body, moment, page
from cumulet.services.iam.users import Users
from cumulet.store.credentials import Credential
from cumulet.wire.errors import AwsError

MOST = 2
KEY = "iam.access_key"  # what the credential does not say: when it was made, and for whom


class AccessKeys(Users):
    def create_access_key(self, *, UserName: str | None = None) -> Body:
        credential = self.store.atomically(lambda: self._new_key(UserName or self._own_name()))
        body = self.store.records.get(KEY, self.caller.account, credential.access_key)
        assert body
        return {"AccessKey": {**_members(credential, body), "SecretAccessKey": credential.secret}}

    def list_access_keys(self, *, UserName: str | None = None, Marker: str = "", MaxItems: int = 100) -> Body:
        found = self._keys(UserName or self._own_name())

        def show(credential: Credential) -> Body:
            body = self.store.records.get(KEY, self.caller.account, credential.access_key)
            return _members(credential, body or {})

        return page("AccessKeyMetadata", found, lambda key: key.access_key, show, Marker, MaxItems)

    def update_access_key(self, *, AccessKeyId: str, Status: str, UserName: str | None = None) -> None:
        credential = self._key(AccessKeyId, UserName)
        if Status not in ("Active", "Inactive"):
            raise refusals.invalid_input("The status of an access key is Active or Inactive.")
        self.store.credentials.put(replace(credential, active=Status == "Active"))

    def delete_access_key(self, *, AccessKeyId: str, UserName: str | None = None) -> None:
        credential = self._key(AccessKeyId, UserName)

        def change() -> None:
            self.store.credentials.delete(credential.access_key)
            self.store.records.delete(KEY, self.caller.account, credential.access_key)

        self.store.atomically(change)

    def get_access_key_last_used(self, *, AccessKeyId: str) -> Body:
        """To the minute (AWS: to the quarter of an hour). A key that was never used has no date."""
        body = self.store.records.get(KEY, self.caller.account, AccessKeyId)
        if body is None:
            raise _missing(AccessKeyId)
        last = self.store.credentials.last_use(AccessKeyId)
        used = {
            "LastUsedDate": last and moment(last.at),
            "ServiceName": last.service if last else "N/A",
            "Region": last.region if last else "N/A",
        }
        return {"UserName": body["user"], "AccessKeyLastUsed": used}

    def _new_key(self, name: str) -> Credential:
        user = self._find(USER, name)
        if len(self.store.credentials.of_principal(user["arn"])) >= MOST:
            raise refusals.limit(f"Cannot exceed quota for AccessKeysPerUser: {MOST}")
        credential = Credential(
            access_key=identifiers.access_key_id(self.caller.account),
            secret=identifiers.secret_key(),
            token="",
            account=self.caller.account,
            arn=user["arn"],
            user_id=user["id"],
        )
        self.store.credentials.put(credential)
        body = {"user": user["name"], "created": self.house.clock()}
        self.store.records.put(KEY, self.caller.account, credential.access_key, body)
        return credential

    def _keys(self, name: str) -> list[Credential]:
        return [
            key for key in self.store.credentials.of_principal(self._find(USER, name)["arn"]) if not key.token
        ]

    def _key(self, access_key: str, name: str | None) -> Credential:
        for credential in self._keys(name or self._own_name()):
            if credential.access_key == access_key:
                return credential
        raise _missing(access_key)


def _missing(access_key: str) -> AwsError:
    return AwsError("NoSuchEntity", f"The Access Key with id {access_key} cannot be found.")


def _members(credential: Credential, body: Body) -> Body:
    return {
        "UserName": body["user"],
        "AccessKeyId": credential.access_key,
        "Status": "Active" if credential.active else "Inactive",
        "CreateDate": moment(body["created"]),
    }
