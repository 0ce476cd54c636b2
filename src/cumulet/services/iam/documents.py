"""Managed policies as the others see them: found by ARN, the account's own and AWS's."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path

from cumulet.services import policies, principals
from cumulet.services.iam import refusals
from cumulet.services.iam.accounts import ACCOUNT
from cumulet.services.iam.entities import GROUP, POLICY, ROLE, USER, Body, Entities
from cumulet.services.permissions import ADMINISTRATOR, EVERYTHING, TEMPORARY, Permissions
from cumulet.wire.errors import AwsError

AWS_PREFIX = "arn:aws:iam::aws:policy/"
FOLDER = Path(__file__).with_name("aws_managed")


@cache
def aws_managed() -> dict[str, Body]:
    """The policies that AWS keeps in every account, those of them that tutorials attach, by ARN.

    Written by hand from AWS's reference: equal in what they grant on the services of this road, without
    AWS's statements for services that Cumulet does not carry. AWS's ids and dates of them are not known here.
    https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
    """
    return dict(map(_aws_managed, sorted(FOLDER.glob("*.json"))))


def _aws_managed(file: Path) -> tuple[str, Body]:
    known = json.loads(file.read_text())
    arn = f"{AWS_PREFIX}{known['Path'][1:]}{file.stem}"
    body = {
        "name": file.stem,
        "id": None,
        "path": known["Path"],
        "arn": arn,
        "created": None,
        "description": known["Description"],
        "default": "v1",
        "versions": {"v1": {"text": json.dumps(known["Document"], indent=2), "created": None}},
        "tags": {},
    }
    return arn, body


class Documents(Entities):
    """What users, groups and roles need of managed policies."""

    def _managed(self, arn: str) -> Body:
        if body := self._managed_if_there(arn):
            return body
        raise refusals.missing(POLICY, arn)

    def _attachable(self, arn: str) -> Body:
        if body := self._managed_if_there(arn):
            return body
        raise AwsError("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")

    def _managed_if_there(self, arn: str) -> Body | None:
        if arn.startswith(AWS_PREFIX):
            return aws_managed().get(arn)
        body = self.store.records.get(POLICY, self.caller.account, arn.rpartition("/")[2].lower())
        return body if body and body["arn"] == arn else None

    def _boundary(self, arn: str | None) -> str | None:
        """The ARN of a permissions boundary, which is a managed policy that exists."""
        if arn is not None:
            self._managed(arn)
        return arn

    def _uses(self) -> tuple[Counter[str], Counter[str]]:
        """How often each policy is attached, and how often it is a boundary, by ARN."""
        entities = [body for kind in (USER, GROUP, ROLE) for body in self._all(kind)]
        attached = Counter(arn for body in entities for arn in body["attached"])
        return attached, Counter(body["boundary"] for body in entities if body.get("boundary"))

    def _attached_to(self, arn: str) -> list[tuple[str, Body]]:
        """The users, groups and roles that a policy is attached to."""
        return [
            (kind, body)
            for kind in (USER, GROUP, ROLE)
            for body in self._all(kind)
            if arn in body["attached"]
        ]

    def _bounded_by(self, arn: str) -> list[tuple[str, Body]]:
        return [(kind, body) for kind in (USER, ROLE) for body in self._all(kind) if body["boundary"] == arn]

    def _policies_of(
        self, kind: str, body: Body, *, without: frozenset[str] = frozenset()
    ) -> list[policies.Policy]:
        """Every identity policy of a user, group or role, ready to be evaluated; a user's groups' too."""
        origin = kind.removeprefix("iam.")
        found = [
            policies.parse(text, "identity", f"{origin}_{body['name']}_{name}", origin)
            for name, text in body["inline"].items()
        ]
        found += [self._parsed(arn) for arn in body["attached"] if arn not in without]
        for name in body.get("groups", ()):
            found += self._policies_of(GROUP, self._find(GROUP, name), without=without)
        return found

    def identity_policies(self) -> list[policies.Policy]:
        """What the caller's own policies say: a user's, or those of the role that this is a session of.

        The root user needs none. For other services' use; no operation of AWS.
        """
        if self.caller.arn.endswith(":root"):
            return [self._parsed(f"{AWS_PREFIX}AdministratorAccess")]
        role = principals.of(self.caller).role
        kind, name = (ROLE, role) if role else (USER, self.caller.arn.rpartition("/")[2])
        body = self.store.records.get(kind, self.caller.account, name.lower())
        return self._policies_of(kind, body) if body else []

    def permissions(self) -> Permissions:
        """All that the caller's own account says to what it may do. For other services; no operation of AWS."""
        role, session = principals.of(self.caller).role, self._session_policies()
        if role == ADMINISTRATOR and session is None:
            return EVERYTHING
        kind, name = (ROLE, role) if role else (USER, self.caller.arn.rpartition("/")[2])
        body = self.store.records.get(kind, self.caller.account, name.lower()) or {}
        boundary = body.get("boundary")
        return Permissions(
            identity=self._policies_of(kind, body) if body else [],
            boundary=[self._parsed(boundary)] if boundary else None,
            session=session,
        )

    def knows(self, canonical_id: str) -> bool:
        """Whether an account here has this canonical id. For S3's use; no operation of AWS."""
        known = (body["id"] for _, body in self.store.records.list(ACCOUNT, ""))
        return any(principals.canonical_id(account) == canonical_id for account in known)

    def _session_policies(self) -> list[policies.Policy] | None:
        """What the session's credentials were narrowed to when they were asked for, if they were."""
        if not self.caller.access_key.startswith(TEMPORARY):
            return None
        session = self.other("sts").session()
        text, arns = session.get("policy"), session.get("policy_arns") or []
        own = [policies.parse(text, "identity")] if text else []
        return [*own, *map(self._parsed, arns)] or None

    def _parsed(self, arn: str) -> policies.Policy:
        body = self._managed(arn)
        origin = "aws-managed" if arn.startswith(AWS_PREFIX) else "user-managed"
        return policies.parse(body["versions"][body["default"]]["text"], "identity", body["name"], origin)


def boundary_members(arn: str) -> Body:
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
