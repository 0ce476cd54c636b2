"""The catalog's resource policy: one for the catalog as a whole.

It is checked, kept and told. Nobody is refused by it, as nobody is by IAM's policies outside of S3.
https://docs.aws.amazon.com/glue/latest/dg/security_iam_service-with-iam.html
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cumulet.services.glue.catalog import Catalog
from cumulet.services.glue.refusals import invalid, missing
from cumulet.services.policy_documents import Malformed, parse
from cumulet.wire.errors import AwsError

POLICY = "glue.resource_policy"


class ResourcePolicies(Catalog):
    def put_resource_policy(
        self,
        *,
        PolicyInJson: str,
        ResourceArn: str | None = None,
        PolicyHashCondition: str | None = None,
        PolicyExistsCondition: str = "NONE",
        EnableHybrid: str | None = None,
    ) -> dict[str, Any]:
        """`EnableHybrid` says that Lake Formation's grants stay valid beside it, of which there are none."""
        self._catalog_arn(ResourceArn)
        try:
            parse(PolicyInJson, "resource")
        except Malformed as error:
            raise invalid(str(error)) from None
        now, digest = self.house.clock(), hashed(PolicyInJson)

        def change() -> None:
            old = self._policy()
            if PolicyExistsCondition == "MUST_EXIST" and not old:
                raise missing("Policy of", "the catalog")
            if PolicyExistsCondition == "NOT_EXIST" and old:
                raise AwsError("ConditionCheckFailureException", "The catalog has a policy already.")
            check_hash(old, PolicyHashCondition)
            created = old["CreateTime"] if old else now
            body = {"PolicyInJson": PolicyInJson, "PolicyHash": digest, "CreateTime": created}
            self.store.records.put(POLICY, self.caller.scope, "", {**body, "UpdateTime": now})

        self.store.atomically(change)
        return {"PolicyHash": digest}

    def get_resource_policy(self, *, ResourceArn: str | None = None) -> dict[str, Any]:
        self._catalog_arn(ResourceArn)
        body = self._policy()
        if body is None:
            raise missing("Policy of", "the catalog")
        return body

    def get_resource_policies(self, *, NextToken: str | None = None, MaxResults: int = 1) -> dict[str, Any]:
        """Those that resource shares make: nothing is shared here, so there is at most the catalog's own."""
        body = self._policy()
        return {"GetResourcePoliciesResponseList": [body] if body else []}

    def delete_resource_policy(
        self, *, PolicyHashCondition: str | None = None, ResourceArn: str | None = None
    ) -> dict[str, Any]:
        self._catalog_arn(ResourceArn)

        def change() -> None:
            check_hash(self._policy(), PolicyHashCondition)
            if not self.store.records.delete(POLICY, self.caller.scope, ""):
                raise missing("Policy of", "the catalog")

        self.store.atomically(change)
        return {}

    def _policy(self) -> dict[str, Any] | None:
        return self.store.records.get(POLICY, self.caller.scope, "")

    def _catalog_arn(self, arn: str | None) -> None:
        if arn not in (None, self.arn("catalog")):
            raise invalid(f"{arn} is not the ARN of your catalog, {self.arn('catalog')}.")


def hashed(text: str) -> str:
    return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


def check_hash(old: dict[str, Any] | None, wanted: str | None) -> None:
    """Who names the hash of the policy that they have read changes that one, and no other."""
    if wanted is not None and (old is None or old["PolicyHash"] != wanted):
        raise AwsError("ConditionCheckFailureException", "The catalog's policy is not the one of that hash.")
