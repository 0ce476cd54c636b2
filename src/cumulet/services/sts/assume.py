"""AssumeRole: become a role for a while, if the role's trust policy and one's own policies let one.

A service that works for a user, as SageMaker does in a training job, assumes the user's role as itself:

    caller = principals.service(self.caller, "sagemaker")
    session = self.other("sts", caller).assume_role(RoleArn=role, RoleSessionName="SageMaker")

and is refused where the role does not trust `sagemaker.amazonaws.com`, as on AWS. A service renews its session
there for as long as its work lasts; here it may ask for that long at once, beyond the role's MaxSessionDuration.
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from __future__ import annotations

import re
from typing import Any

from cumulet.services import Caller, policies, principals
from cumulet.services.sts.sessions import Sessions
from cumulet.wire.errors import AwsError

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\x21-\x7e]*/)?([\w+=,.@-]+)", re.ASCII)
HOUR = 3600


class AssumedRoles(Sessions):
    def assume_role(
        self,
        *,
        RoleArn: str,
        RoleSessionName: str,
        DurationSeconds: int = HOUR,
        Policy: str | None = None,
        PolicyArns: list[dict[str, str]] | None = None,
        Tags: list[dict[str, str]] | None = None,
        TransitiveTagKeys: list[str] | None = None,
        ExternalId: str | None = None,
        SourceIdentity: str | None = None,
    ) -> dict[str, Any]:
        """Session policies, tags and the source identity are kept with the session, to be decided by."""
        account, role = self._role(RoleArn)
        self._check_trust(RoleArn, role, ExternalId, Tags, SourceIdentity)
        self._check_duration(DurationSeconds, role)
        name, role_id = role["RoleName"], role["RoleId"]
        arn = f"arn:aws:sts::{account}:assumed-role/{name}/{RoleSessionName}"
        more = {
            "role": RoleArn,
            "role_id": role_id,
            "policy": Policy and _checked(Policy),
            "policy_arns": [one["arn"] for one in PolicyArns or ()],
            "tags": {tag["Key"]: tag["Value"] for tag in Tags or ()},
            "transitive": TransitiveTagKeys or [],
            "source_identity": SourceIdentity,
        }
        user_id = f"{role_id}:{RoleSessionName}"
        credentials = self._issue(arn, user_id, account, DurationSeconds, **more)
        self._owner(account, "iam").role_assumed(name)
        return {
            "Credentials": credentials,
            "AssumedRoleUser": {"AssumedRoleId": user_id, "Arn": arn},
            "SourceIdentity": SourceIdentity,
        }

    def _role(self, arn: str) -> tuple[str, dict[str, Any]]:
        """The role's account and members. One that is not there is answered like one that trusts nobody."""
        found = ROLE_ARN.fullmatch(arn)
        if not found:
            raise AwsError("ValidationError", f"{arn} is invalid", status=400)
        account, name = found.groups()
        try:
            role = self._owner(account, "iam").trust_of(name)
        except AwsError:
            raise self._refusal(arn) from None
        if role["Arn"] != arn:
            raise self._refusal(arn)
        return account, role

    def _owner(self, account: str, service: str) -> Any:
        """Another service, as the account that the role belongs to."""
        root = f"arn:aws:iam::{account}:root"
        return self.other(service, Caller(account, self.caller.region, arn=root, user_id=account))

    def _check_trust(
        self,
        arn: str,
        role: dict[str, Any],
        external_id: str | None,
        tags: list[dict[str, str]] | None,
        source_identity: str | None,
    ) -> None:
        context: dict[str, str | list[str]] = {**principals.context(self.caller, self.house.clock())}
        if external_id is not None:
            context["sts:ExternalId"] = external_id
        if source_identity is not None:
            context["sts:SourceIdentity"] = source_identity
        if tags:
            context["aws:TagKeys"] = [tag["Key"] for tag in tags]
            context |= {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}
        wanted = ["sts:AssumeRole", *(["sts:TagSession"] if tags else [])]
        wanted += ["sts:SetSourceIdentity"] if source_identity is not None else []
        trust = policies.parse(role["Trust"], "trust")
        if not all(self._may(action, arn, trust, context) for action in wanted):
            raise self._refusal(arn)

    def _may(
        self, action: str, arn: str, trust: policies.Policy, context: dict[str, str | list[str]]
    ) -> bool:
        """A role that trusts an account leaves it to that account's own policies who in it is meant."""
        principal = principals.of(self.caller)
        trusted = policies.decide([trust], action, arn, principal, context)
        if principal.service or not trusted.allowed:
            return trusted.allowed
        own = policies.decide(self.other("iam").identity_policies(), action, arn, principal, context)
        if own.denied or own.allowed:
            return own.allowed
        same_account = f"::{self.caller.account}:" in arn
        return same_account and any(
            principals.named_itself(principal, s.principal) for _, s in trusted.matched
        )

    def _check_duration(self, seconds: int, role: dict[str, Any]) -> None:
        """A session of a role that opens a session of a role (chaining) lasts an hour at most."""
        if principals.of(self.caller).service:
            return
        own = self.store.credentials.find(self.caller.access_key) if self.caller.access_key else None
        if own and own.token and principals.of(self.caller).role and seconds > HOUR:
            raise _too_long("1 hour session limit for roles assumed by role chaining")
        if seconds > role["MaxSessionDuration"]:
            raise _too_long("MaxSessionDuration set for this role.")

    def _refusal(self, arn: str) -> AwsError:
        who = self.caller.arn
        kind = "Service" if who.endswith(".amazonaws.com") else "User"
        text = f"{kind}: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"
        return AwsError("AccessDenied", text, status=403)


def _too_long(limit: str) -> AwsError:
    return AwsError("ValidationError", f"The requested DurationSeconds exceeds the {limit}", status=400)


def _checked(policy: str) -> str:
    try:
        policies.parse(policy, "identity")
    except policies.Malformed as error:
        raise AwsError("MalformedPolicyDocument", str(error)) from None
    return policy
