"""What a caller's own account lets it do: its policies, within its permissions boundary and its session's policies.

What a resource's own policy says is a second matter; the service that holds the resource brings both together.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cumulet.services import Caller, Service, policies, principals
from cumulet.services.policies import Decision, Given, Policy

ADMINISTRATOR = "CumuletAdministrator"  # the role of an account's first credential
ALL = '{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
TEMPORARY = "ASIA"  # begins the access keys of sessions


@dataclass(frozen=True, slots=True)
class Permissions:
    """A principal's policies; a boundary or session policies that are None are none at all."""

    identity: Sequence[Policy]
    boundary: Sequence[Policy] | None = None
    session: Sequence[Policy] | None = None

    @property
    def texts(self) -> list[str]:
        layers = (self.identity, self.boundary or (), self.session or ())
        return [policy.text for layer in layers for policy in layer]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`within`: the session's policies allow it, as they must what a resource's own policy grants too."""

    allowed: bool
    denied: bool = False
    within: bool = True


EVERYTHING = Permissions((policies.parse(ALL, "identity"),))


def unlimited(caller: Caller) -> bool:
    """The root user, a service at work, and the credential that administers the account.

    That credential is for good and its role's policies cannot be changed, so nothing has to be looked up.
    """
    return caller.arn.endswith((":root", ".amazonaws.com")) or (
        f":assumed-role/{ADMINISTRATOR}/" in caller.arn and not caller.access_key.startswith(TEMPORARY)
    )


def of(service: Service) -> Permissions:
    """The policies of whoever calls a service. An unsigned call has no account that could withhold its leave."""
    if service.caller.anonymous or unlimited(service.caller):
        return EVERYTHING
    found: Permissions = service.other("iam").permissions()
    return found


def verdict(
    found: Permissions, caller: Caller, actions: Sequence[str], resource: str, given: Given
) -> Verdict:
    """What they say to doing all of `actions` to a resource."""
    principal = principals.of(caller)

    def ask(documents: Sequence[Policy] | None) -> list[Decision]:
        if documents is None:
            return []
        return [policies.decide(documents, action, resource, principal, given) for action in actions]

    identity, boundary, session = ask(found.identity), ask(found.boundary), ask(found.session)
    return Verdict(
        allowed=all(said.allowed for said in (*identity, *boundary, *session)),
        denied=any(said.denied for said in (*identity, *boundary, *session)),
        within=all(said.allowed for said in session),
    )
