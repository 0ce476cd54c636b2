"""Keys: made, described, switched off, and destroyed after a time for second thoughts."""

from __future__ import annotations

from cumulet.services.kms.found import AES, KEY, Body, FoundKeys, page
from cumulet.services.kms.permission import check
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

DAY = 24 * 3600


class Keys(FoundKeys):
    def create_key(
        self,
        *,
        Description: str = "",
        KeyUsage: str = "ENCRYPT_DECRYPT",
        KeySpec: str = AES,
        CustomerMasterKeySpec: str = AES,
        Origin: str = "AWS_KMS",
        MultiRegion: bool = False,
        Tags: list[Body] | None = None,
        Policy: str | None = None,
        BypassPolicyLockoutSafetyCheck: bool = False,
    ) -> Body:
        """Symmetric keys only."""
        spec = KeySpec if KeySpec != AES else CustomerMasterKeySpec
        if (KeyUsage, spec, Origin, MultiRegion) != ("ENCRYPT_DECRYPT", AES, "AWS_KMS", False):
            raise NotImplementedByCumulet("kms:create_key other than for symmetric keys of one region")
        if Policy is not None:
            check(self.caller, Policy, self.house.clock(), bypass=BypassPolicyLockoutSafetyCheck)
        tags = {tag["TagKey"]: tag["TagValue"] for tag in Tags or ()}
        return {"KeyMetadata": self._metadata(self._make(Description, tags=tags, policy=Policy))}

    def describe_key(self, *, KeyId: str) -> Body:
        return {"KeyMetadata": self._metadata(self._key(KeyId, "DescribeKey"))}

    def list_keys(self, *, Limit: int = 100, Marker: str = "") -> Body:
        now = self.house.clock()
        found = [
            (name, body)
            for name, body in self.store.records.list(KEY, self.caller.scope)
            if not (body["deletion"] and body["deletion"] <= now)
        ]
        return page("Keys", found, lambda name, body: {"KeyId": name, "KeyArn": body["arn"]}, Marker, Limit)

    def enable_key(self, *, KeyId: str) -> None:
        self._switch(KeyId, "EnableKey", on=True)

    def disable_key(self, *, KeyId: str) -> None:
        self._switch(KeyId, "DisableKey", on=False)

    def update_key_description(self, *, KeyId: str, Description: str) -> None:
        self._change(KeyId, "UpdateKeyDescription", lambda body: body.update(description=Description))

    def schedule_key_deletion(self, *, KeyId: str, PendingWindowInDays: int = 30) -> Body:
        if not 7 <= PendingWindowInDays <= 30:
            raise AwsError("ValidationException", "PendingWindowInDays must be between 7 and 30.", status=400)

        def change(body: Body) -> None:
            _refuse_pending(body)
            body.update(deletion=self.house.clock() + PendingWindowInDays * DAY, window=PendingWindowInDays)

        body = self._change(KeyId, "ScheduleKeyDeletion", change)
        return {
            "KeyId": body["arn"],
            "DeletionDate": body["deletion"],
            "KeyState": "PendingDeletion",
            "PendingWindowInDays": PendingWindowInDays,
        }

    def cancel_key_deletion(self, *, KeyId: str) -> Body:
        """The key comes back switched off, as on AWS."""

        def change(body: Body) -> None:
            if not body["deletion"]:
                raise AwsError("KMSInvalidStateException", f"{body['arn']} is not pending deletion.")
            body.update(deletion=None, enabled=False)

        return {"KeyId": self._change(KeyId, "CancelKeyDeletion", change)["arn"]}

    def _switch(self, name: str, action: str, *, on: bool) -> None:
        def change(body: Body) -> None:
            _refuse_pending(body)
            body["enabled"] = on

        self._change(name, action, change)

    def _metadata(self, body: Body) -> Body:
        state = "PendingDeletion" if body["deletion"] else "Enabled" if body["enabled"] else "Disabled"
        return {
            "AWSAccountId": self.caller.account,
            "KeyId": body["id"],
            "Arn": body["arn"],
            "CreationDate": body["created"],
            "Enabled": state == "Enabled",
            "Description": body["description"],
            "KeyUsage": "ENCRYPT_DECRYPT",
            "KeyState": state,
            "DeletionDate": body["deletion"],
            "Origin": "AWS_KMS",
            "KeyManager": body["manager"],
            "CustomerMasterKeySpec": AES,
            "KeySpec": AES,
            "EncryptionAlgorithms": [AES],
            "MultiRegion": False,
        }


def _refuse_pending(body: Body) -> None:
    if body["deletion"]:
        raise AwsError("KMSInvalidStateException", f"{body['arn']} is pending deletion.")
