"""A bucket's policy, and the block that keeps policies from opening a bucket to the public.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from cumulet.services import Answer, policies
from cumulet.services.s3 import errors, publicity
from cumulet.services.s3.access import Access
from cumulet.services.s3.access import Bucket as Found
from cumulet.services.s3.buckets import BLOCK
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.wire.errors import AwsError

LARGEST = 20 << 10  # bytes


class Policies(Access):
    @honours(DIGESTS)
    def put_bucket_policy(
        self,
        *,
        Bucket: str,
        Policy: str,
        ConfirmRemoveSelfBucketAccess: bool = False,
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep a policy, from the next request on. ConfirmRemoveSelfBucketAccess has nothing to confirm:
        the account's root user can always come back and change the policy."""
        bucket = self._own(Bucket, "s3:PutBucketPolicy", ExpectedBucketOwner)
        policy, block = _read(Policy, Bucket), bucket["block"]
        if block.get("BlockPublicPolicy") and publicity.is_public(policy):
            if not bucket.get("unasked"):
                raise errors.access_denied(
                    "The BlockPublicPolicy setting of the bucket's public access block prevents public policies"
                )
            block = {**block, "BlockPublicPolicy": False, "RestrictPublicBuckets": False}
        self.store.atomically(lambda: self._set_policy(Bucket, Policy, block=block))
        return Answer(status=204)

    def get_bucket_policy(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        return {"Policy": self._policy_of(Bucket, "s3:GetBucketPolicy", ExpectedBucketOwner)}

    def get_bucket_policy_status(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        text = self._policy_of(Bucket, "s3:GetBucketPolicyStatus", ExpectedBucketOwner)
        return {"PolicyStatus": {"IsPublic": publicity.is_public(policies.parse(text, "resource"))}}

    def delete_bucket_policy(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._own(Bucket, "s3:DeleteBucketPolicy", ExpectedBucketOwner)
        self.store.atomically(lambda: self._set_policy(Bucket, None))
        return Answer(status=204)

    @honours(DIGESTS)
    def put_public_access_block(
        self,
        *,
        Bucket: str,
        PublicAccessBlockConfiguration: dict[str, bool],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        block = {name: bool(PublicAccessBlockConfiguration.get(name)) for name in BLOCK}
        self._set_block(Bucket, block, ExpectedBucketOwner)
        return {}

    def get_public_access_block(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        bucket = self._bucket(Bucket, "s3:GetBucketPublicAccessBlock", owner=ExpectedBucketOwner)
        if not bucket["block"]:
            code, what = "NoSuchPublicAccessBlockConfiguration", "public access block configuration"
            raise errors.no_such_configuration(code, what, Bucket)
        return {"PublicAccessBlockConfiguration": bucket["block"]}

    def delete_public_access_block(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._set_block(Bucket, {}, ExpectedBucketOwner)
        return Answer(status=204)

    def _own(self, name: str, action: str, owner: str) -> Found:
        """A bucket of the caller's own: a policy is no stranger's business, whatever it grants them."""
        bucket = self._bucket(name, action, owner=owner)
        if bucket["account"] != self.caller.account:
            raise AwsError(
                "MethodNotAllowed", "The specified method is not allowed against this resource.", status=405
            )
        return bucket

    def _policy_of(self, name: str, action: str, owner: str) -> str:
        self._own(name, action, owner)
        text = self._policy(name)
        if text is None:
            raise errors.no_such_configuration("NoSuchBucketPolicy", "bucket policy", name)
        return text

    def _set_policy(self, name: str, text: str | None, **more: Any) -> None:
        if text is None:
            self.store.records.delete("s3.configuration", name, "policy")
        else:
            self.store.records.put("s3.configuration", name, "policy", {"text": text})
        self._edit_bucket(name, policy=text is not None, **more)

    def _set_block(self, name: str, block: dict[str, bool], owner: str) -> None:
        self._bucket(name, "s3:PutBucketPublicAccessBlock", owner=owner)
        self._edit_bucket(name, block=block, unasked=None)


def _read(text: str, bucket: str) -> policies.Policy:
    """A policy that is one, and speaks of this bucket only."""
    if len(text.encode()) > LARGEST:
        raise _malformed(f"Policy exceeds the maximum allowed document size of {LARGEST} bytes")
    try:
        policy = policies.parse(text, "resource")
    except policies.Malformed as error:
        raise _malformed(str(error)) from error
    for statement in policy.statements:
        for resource in statement.resources:
            if not _means(resource, bucket):
                raise _malformed("Policy has invalid resource")
        if not all(action == "*" or action.lower().startswith("s3:") for action in statement.actions):
            raise _malformed("Policy has invalid action")
    return policy


def _means(resource: str, bucket: str) -> bool:
    """Whether a resource is (or may be, by its wildcards) in the bucket."""
    prefix, _, name = resource.partition(":::")
    return prefix == "arn:aws:s3" and fnmatchcase(bucket, name.partition("/")[0].replace("[", "[[]"))


def _malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicy", message, status=400)
