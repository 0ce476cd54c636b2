"""May this caller do this? Bucket policy, access control lists and the caller's own policies, put together.

An explicit Deny of any of them is the end of it. Otherwise the owner of what is asked for decides: that is the
bucket's owner, or for an object that another account has written, that account, whose ACL is then the only
grant there is. Within the owner's account either its own policies or the bucket's may let a principal in; a
stranger needs a grant of the owner's and the leave of its own account.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cumulet.services import Service, permissions, policies, principals
from cumulet.services.permissions import Permissions, Verdict
from cumulet.services.policies import Decision, Policy
from cumulet.services.s3 import condition_keys, errors, grants, owners, publicity
from cumulet.store.objects import Entry

Bucket = dict[str, Any]

NOTHING: Mapping[str, Any] = MappingProxyType({})
SILENT = Decision("implicitDeny")
# Root cannot lock itself out of changing a bucket's policy.
OWN_POLICY = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
# To read an object and to change its ACL is its owner's to grant. To delete it, to tag it, to lock it, to put
# another in its place is the bucket owner's.
TO_OBJECTS = grants.OF_OBJECTS | {"s3:GetObjectAttributes", "s3:GetObjectVersionAttributes"}
READS = TO_OBJECTS - {"s3:PutObjectAcl", "s3:PutObjectVersionAcl"} | {
    "s3:GetObjectTagging",
    "s3:GetObjectVersionTagging",
}
DELETES = ("s3:DeleteObject", "s3:DeleteObjectVersion")
OF_UPLOADS = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")  # whoever began one may


@dataclass(frozen=True, slots=True)
class Question:
    """Who may do `action` to a bucket, or to its object `key`? `asked` are the request's members."""

    bucket: Bucket
    action: str
    key: str
    asked: Mapping[str, Any]
    given: Mapping[str, Any]  # S3's own condition keys, `prefix` for s3:prefix

    @property
    def resource(self) -> str:
        name = self.bucket["name"]
        return f"arn:aws:s3:::{name}/{self.key}" if self.key else f"arn:aws:s3:::{name}"

    @property
    def actions(self) -> tuple[str, ...]:
        """The action, and what the request asks for along with it."""
        also = condition_keys.ALONG.items() if self.action == "s3:PutObject" else ()
        return (self.action, *(action for name, action in also if self.asked.get(name)))


class Authority(Service):
    """The answer to it, for this caller."""

    def _may(
        self, bucket: Bucket, action: str, key: str = "", asked: Mapping[str, Any] = NOTHING, **given: Any
    ) -> bool:
        """The usual request, an administrator's to a bucket without a policy or ACLs, is decided by what is
        known already; everybody else's costs a look at what their and the bucket's policies say."""
        owns: bool = self.caller.account == bucket["account"]
        closed = not bucket.get("policy") and not owners.acls_on(bucket)
        if closed and not owns:
            return False
        mine = permissions.of(self)
        if closed and mine is permissions.EVERYTHING:
            return True
        return self._judge(Question(bucket, action, key, asked, given), mine)

    def _reads_all(self, bucket: Bucket) -> bool:
        """Whether nothing could keep this caller from any object of a bucket, so that none need be asked for."""
        owns = self.caller.account == bucket["account"]
        if not owns or owners.acls_on(bucket) or permissions.of(self) is not permissions.EVERYTHING:
            return False
        policy = self._bucket_policy(bucket)
        return policy is None or all(statement.effect == "Allow" for statement in policy.statements)

    def _check_own(self, action: str, resource: str, asked: Mapping[str, Any]) -> None:
        """What is done in the caller's own account, to no bucket that is there yet: its policies decide alone."""
        if permissions.unlimited(self.caller):
            return
        told = principals.context(self.caller, self.house.clock(), secure=True)
        context = {**told, **condition_keys.of_request(asked)}
        own = permissions.verdict(permissions.of(self), self.caller, (action,), resource, context)
        if not own.allowed:
            raise errors.access_denied(f"{self.caller.arn} may not perform {action} on {resource}")

    @property
    def _me(self) -> str:
        """The caller's account as ACLs know it."""
        return grants.ANONYMOUS if self.caller.anonymous else principals.canonical_id(self.caller.account)

    def _judge(self, question: Question, mine: Permissions) -> bool:
        bucket, action = question.bucket, question.action
        owns = self.caller.account == bucket["account"]
        if owns and action in OWN_POLICY and permissions.unlimited(self.caller):
            return True
        policy = self._bucket_policy(bucket)
        entry = self._meant(question, [policy.text if policy else "", *mine.texts])
        context = self._context(question, entry)
        own = permissions.verdict(mine, self.caller, question.actions, question.resource, context)
        said = [self._says(policy, act, question.resource, context) for act in question.actions]
        if own.denied or any(each.denied for each in said):
            return False
        return self._granted(question, entry, own, said[0]) or (
            action in READS and entry is None and self._told_missing(question)
        )

    def _granted(self, question: Question, entry: Entry | None, own: Verdict, said: Decision) -> bool:
        bucket, me = question.bucket, self._me
        owner = bucket_owner = owners.bucket_owner(bucket)
        if entry and question.action in TO_OBJECTS:
            owner = owners.owner_of(bucket, entry.detail)
        by_policy = said.allowed and owner == bucket_owner
        if me == owner:
            return own.allowed or (own.within and by_policy and self._named_itself(said))
        granted = by_policy or self._granted_by_acl(question, entry, me) or self._began(question)
        return granted and own.allowed

    def _granted_by_acl(self, question: Question, entry: Entry | None, me: str) -> bool:
        bucket, action = question.bucket, question.action
        if not owners.acls_on(bucket):
            return False
        if action in grants.OF_OBJECTS:
            return entry is not None and grants.allow(owners.object_acl(bucket, entry.detail), action, me)
        if action in DELETES:  # who may write may take away again what is theirs
            theirs = entry is not None and owners.owner_of(bucket, entry.detail) == me
            return theirs and grants.allow(owners.bucket_acl(bucket), "s3:PutObject", me)
        return grants.allow(owners.bucket_acl(bucket), action, me)

    def _began(self, question: Question) -> bool:
        """Whether it is an upload that this caller has begun."""
        upload, key = question.asked.get("UploadId"), question.key
        if question.action not in OF_UPLOADS or not upload or self.caller.anonymous:
            return False
        found = self.store.uploads.find(question.bucket["name"], key, upload)
        return found is not None and found.detail.get("initiator") in (self.caller.arn, self._me)

    def _told_missing(self, question: Question) -> bool:
        """Who may list is told that there is no such object, even who could not read it."""
        return self._there(question) is None and self._may(
            question.bucket, "s3:ListBucket", prefix=question.key
        )

    def _meant(self, question: Question, texts: Iterable[str]) -> Entry | None:
        """The object that the request is about, where the answer depends on whose it is or on its tags."""
        about = question.action in TO_OBJECTS or question.action in DELETES
        owned = about and owners.acls_on(question.bucket)
        if question.key and (owned or any(condition_keys.EXISTING_TAG in text.lower() for text in texts)):
            return self._there(question)
        return None

    def _there(self, question: Question) -> Entry | None:
        version = question.asked.get("VersionId")
        entry = self.store.objects.find(question.bucket["name"], question.key, version)
        return None if entry is None or entry.marker else entry

    def _context(self, question: Question, entry: Entry | None) -> dict[str, Any]:
        told = principals.context(self.caller, self.house.clock(), secure=True)
        context: dict[str, Any] = {**told, **condition_keys.of_request(question.asked)}
        context |= {f"s3:{name.replace('_', '-')}": str(value) for name, value in question.given.items()}
        context |= condition_keys.of_resource(question.bucket)
        return context | condition_keys.of_object(entry.detail) if entry else context

    def _says(self, policy: Policy | None, action: str, resource: str, context: dict[str, Any]) -> Decision:
        if policy is None:
            return SILENT
        return policies.decide([policy], action, resource, principals.of(self.caller), context)

    def _named_itself(self, said: Decision) -> bool:
        """A grant to an account as a whole leaves it to that account who in it is meant."""
        who = principals.of(self.caller)
        return any(
            statement.other_principals or principals.named_itself(who, statement.principal)
            for _, statement in said.matched
        )

    def _bucket_policy(self, bucket: Bucket) -> Policy | None:
        """The policy that is in force: a public one opens nothing to strangers where that is restricted."""
        text = self._policy(bucket["name"]) if bucket.get("policy") else None
        if text is None:
            return None
        policy = policies.parse(text, "resource")
        owns = self.caller.account == bucket["account"]
        if owns or not bucket["block"].get("RestrictPublicBuckets") or not publicity.is_public(policy):
            return policy
        denies = tuple(statement for statement in policy.statements if statement.effect == "Deny")
        return Policy(denies, policy.text)

    def _policy(self, bucket: str) -> str | None:
        found = self.store.records.get("s3.configuration", bucket, "policy")
        return str(found["text"]) if found else None
