"""The policy of a key: who may do what with it. A key has one, named `default`.

https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
"""

from __future__ import annotations

import json

from cumulet.services.kms.found import Body, FoundKeys
from cumulet.services.kms.permission import check
from cumulet.wire.errors import AwsError

NAME = "default"


class KeyPolicies(FoundKeys):
    def put_key_policy(
        self,
        *,
        KeyId: str,
        Policy: str,
        PolicyName: str = NAME,
        BypassPolicyLockoutSafetyCheck: bool = False,
    ) -> None:
        _check_name(PolicyName)
        check(self.caller, Policy, self.house.clock(), bypass=BypassPolicyLockoutSafetyCheck)
        self._change(KeyId, "PutKeyPolicy", lambda body: body.update(policy=Policy))

    def get_key_policy(self, *, KeyId: str, PolicyName: str = NAME) -> Body:
        body = self._key(KeyId, "GetKeyPolicy")
        _check_name(PolicyName)
        return {"Policy": body.get("policy") or self._of_the_account(), "PolicyName": NAME}

    def list_key_policies(self, *, KeyId: str) -> Body:
        self._key(KeyId, "ListKeyPolicies")
        return {"PolicyNames": [NAME], "Truncated": False}

    def _of_the_account(self) -> str:
        """What a key has that was made without a policy: it leaves the key to the account's own policies."""
        statement = {
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{self.caller.account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }
        return json.dumps(
            {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}, indent=2
        )


def _check_name(name: str) -> None:
    if name != NAME:
        raise AwsError("NotFoundException", "No such policy exists")
