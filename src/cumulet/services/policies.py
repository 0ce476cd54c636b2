"""Policies: read, checked and evaluated as IAM does it. No state, no service: `decide` is a function.

An explicit Deny wins over any Allow, and what nothing allows is denied.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from cumulet.services import conditions
from cumulet.services.policy_documents import Kind, Malformed, Policy, Statement, parse
from cumulet.services.principals import ANYBODY, Principal, named_by, named_itself

Effect = Literal["allowed", "explicitDeny", "implicitDeny"]
Given = Mapping[str, str | Iterable[str]]
VARIABLE = re.compile(r"\$\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policies say, and by which of their statements."""

    effect: Effect
    matched: tuple[tuple[Policy, Statement], ...] = ()
    missing: frozenset[str] = frozenset()  # condition keys that were asked for and not given

    @property
    def allowed(self) -> bool:
        return self.effect == "allowed"

    @property
    def denied(self) -> bool:
        """By a Deny of its own, which no other policy can make good."""
        return self.effect == "explicitDeny"


def decide(
    policies: Iterable[Policy],
    action: str,
    resource: str,
    principal: Principal = ANYBODY,
    context: Given | None = None,
) -> Decision:
    """May this principal do "s3:GetObject" to this ARN?

    Statements with a Principal element (resource and trust policies) apply to those they name; statements
    without one (identity policies) to whoever they are attached to. `context` has the condition keys of
    the request, see `principals.context`.
    """
    given = _lowered(context or {})
    missing: set[str] = set()
    found = [
        (policy, statement)
        for policy in policies
        for statement in policy.statements
        if _applies(statement, action, resource, principal, given, missing)
    ]
    denies = tuple(pair for pair in found if pair[1].effect == "Deny")
    effect: Effect = "explicitDeny" if denies else "allowed" if found else "implicitDeny"
    return Decision(effect, denies or tuple(found), frozenset(missing))


def permitted(same_account: bool, identity: Decision, resource: Decision) -> bool:
    """Both sides of a call together: within one account either may allow, across accounts both must."""
    if identity.denied or resource.denied:
        return False
    if same_account:
        return identity.allowed or resource.allowed
    return identity.allowed and resource.allowed


def _lowered(context: Given) -> dict[str, list[str]]:
    """Condition keys know no case."""
    return {key.lower(): [v] if isinstance(v, str) else list(v) for key, v in context.items()}


def _applies(
    statement: Statement,
    action: str,
    resource: str,
    principal: Principal,
    given: conditions.Context,
    missing: set[str],
) -> bool:
    return (
        _names_principal(statement, principal)
        and _names(statement.actions, action, fold=True) != statement.other_actions
        and _names_resource(statement, resource, given) != statement.other_resources
        and _conditions_hold(statement, given, missing)
    )


def _names_principal(statement: Statement, principal: Principal) -> bool:
    """All but those named: there an account stands for its root user only, not for everybody in it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
    """
    if statement.principal is None:
        return True
    if statement.other_principals:
        return not named_itself(principal, statement.principal)
    return named_by(principal, statement.principal)


def _names(patterns: Iterable[str], text: str, *, fold: bool = False) -> bool:
    return any(conditions.matches(text, wanted, fold=fold) for wanted in patterns)


def _names_resource(statement: Statement, resource: str, given: conditions.Context) -> bool:
    filled = (_fill(text, statement, given) for text in statement.resources)
    return _names((text for text in filled if text is not None), resource)


def _conditions_hold(statement: Statement, given: conditions.Context, missing: set[str]) -> bool:
    held = True
    for operator, key, wanted in statement.conditions:
        values = given.get(key.lower())
        if values is None:
            missing.add(key)
        filled = [text for text in (_fill(text, statement, given) for text in wanted) if text is not None]
        held = conditions.holds(operator, filled, values) and held
    return held


def _fill(text: str, statement: Statement, given: conditions.Context) -> str | None:
    """Policy variables (`${aws:username}`) in their places; None where the request has no value for one.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    if "${" not in text or not statement.variables:
        return text
    absent = False

    def value(found: re.Match[str]) -> str:
        nonlocal absent
        key, comma, default = found[1].partition(",")
        if key in ("*", "?", "$"):
            return key.translate(conditions.LITERAL)
        values = given.get(key.strip().lower())
        absent = absent or (values is None and not comma)
        return (values[0] if values else default.strip().strip("'")).translate(conditions.LITERAL)

    filled = VARIABLE.sub(value, text)
    return None if absent else filled


__all__ = [
    "ANYBODY",
    "Decision",
    "Kind",
    "Malformed",
    "Policy",
    "Principal",
    "Statement",
    "decide",
    "parse",
    "permitted",
]
