"""The policy simulator: what the stored policies (and those given) say to an action on a resource.

Nothing is called: the answer is `policies.decide` over the documents.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cumulet.services import policies
from cumulet.services.iam import refusals
from cumulet.services.iam.documents import Documents
from cumulet.services.iam.entities import GROUP, ROLE, USER, Body, page
from cumulet.services.policies import Decision, Policy
from cumulet.services.principals import Principal

RESOURCES = {":user/": USER, ":role/": ROLE, ":group/": GROUP}


@dataclass(frozen=True, slots=True)
class Question:
    """What is simulated, but for the action and the resource; `bounds` and `resource` may be absent."""

    identity: list[Policy]
    bounds: list[Policy] | None
    resource: list[Policy] | None
    principal: Principal
    same_account: bool
    context: dict[str, list[str]]


class Simulation(Documents):
    def simulate_principal_policy(
        self,
        *,
        PolicySourceArn: str,
        ActionNames: list[str],
        PolicyInputList: list[str] | None = None,
        PermissionsBoundaryPolicyInputList: list[str] | None = None,
        PolicyExclusionList: list[Body] | None = None,
        ResourceArns: list[str] | None = None,
        ResourcePolicy: str | None = None,
        ResourceOwner: str | None = None,
        CallerArn: str | None = None,
        ContextEntries: list[Body] | None = None,
        Marker: str = "",
        MaxItems: int = 100,
    ) -> Body:
        """With the policies of a user, group or role; those of a boundary given here replace its own."""
        kind, body = self._source(PolicySourceArn)
        excluded = frozenset(one["PolicyArn"] for one in PolicyExclusionList or () if "PolicyArn" in one)
        own_bound = [body["boundary"]] if body.get("boundary") else []
        bounds = _given(PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList")
        question = Question(
            identity=self._policies_of(kind, body, without=excluded)
            + _given(PolicyInputList, "PolicyInputList"),
            bounds=bounds or [self._parsed(arn) for arn in own_bound] or None,
            resource=_resource_policy(ResourcePolicy),
            principal=Principal(self.caller.account, CallerArn or PolicySourceArn),
            same_account=_same_account(self.caller.account, ResourceOwner),
            context=_context(ContextEntries, CallerArn or PolicySourceArn),
        )
        return _answers(question, ActionNames, ResourceArns, Marker, MaxItems)

    def simulate_custom_policy(
        self,
        *,
        PolicyInputList: list[str],
        ActionNames: list[str],
        PermissionsBoundaryPolicyInputList: list[str] | None = None,
        ResourceArns: list[str] | None = None,
        ResourcePolicy: str | None = None,
        ResourceOwner: str | None = None,
        CallerArn: str | None = None,
        ContextEntries: list[Body] | None = None,
        Marker: str = "",
        MaxItems: int = 100,
    ) -> Body:
        bounds = _given(PermissionsBoundaryPolicyInputList, "PermissionsBoundaryPolicyInputList")
        question = Question(
            identity=_given(PolicyInputList, "PolicyInputList"),
            bounds=bounds or None,
            resource=_resource_policy(ResourcePolicy),
            principal=Principal(self.caller.account, CallerArn or ""),
            same_account=_same_account(self.caller.account, ResourceOwner),
            context=_context(ContextEntries, CallerArn or ""),
        )
        return _answers(question, ActionNames, ResourceArns, Marker, MaxItems)

    def get_context_keys_for_principal_policy(
        self, *, PolicySourceArn: str, PolicyInputList: list[str] | None = None
    ) -> Body:
        kind, body = self._source(PolicySourceArn)
        return _keys(self._policies_of(kind, body) + _given(PolicyInputList, "PolicyInputList"))

    def get_context_keys_for_custom_policy(self, *, PolicyInputList: list[str]) -> Body:
        return _keys(_given(PolicyInputList, "PolicyInputList"))

    def _source(self, arn: str) -> tuple[str, Body]:
        """The user, group or role that an ARN names."""
        for part, kind in RESOURCES.items():
            if part in arn:
                body = self._find(kind, arn.rpartition("/")[2])
                if body["arn"] == arn:
                    return kind, body
        raise refusals.invalid_input(
            f"Invalid Entity Arn: {arn} does not clearly define entity type and name."
        )


def _answers(
    question: Question, actions: list[str], resources: list[str] | None, marker: str, limit: int
) -> Body:
    """A result for each action and each resource, in the order asked."""
    pairs = [(action, resource) for action in actions for resource in resources or ["*"]]
    if bad := next((action for action, _ in pairs if ":" not in action or "*" in action), None):
        raise refusals.invalid_input(f"Invalid Action: {bad}. Give it as service:Operation.")
    numbered = list(enumerate(pairs))
    show: Callable[[tuple[int, tuple[str, str]]], Body] = lambda one: _answer(question, *one[1])  # noqa: E731
    return page("EvaluationResults", numbered, lambda one: f"{one[0]:09d}", show, marker, limit)


def _answer(question: Question, action: str, resource: str) -> Body:
    def ask(documents: list[Policy]) -> Decision:
        return policies.decide(documents, action, resource, question.principal, question.context)

    identity = ask(question.identity)
    bound = ask(question.bounds) if question.bounds is not None else None
    of_resource = ask(question.resource) if question.resource is not None else Decision("implicitDeny")
    decisions = [one for one in (identity, of_resource, bound) if one]
    effect = _effect(question, identity, of_resource, bound)
    missing = sorted(frozenset().union(*(one.missing for one in decisions)))
    result: Body = {
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": effect,
        "MatchedStatements": [place for one in decisions for place in _places(one, effect)],
        "MissingContextValues": missing,
    }
    if bound:
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bound.allowed}
    return result


def _effect(question: Question, identity: Decision, resource: Decision, bound: Decision | None) -> str:
    """A boundary limits what identity policies allow; it does not take from a resource's own policy."""
    if identity.denied or resource.denied or (bound and bound.denied):
        return "explicitDeny"
    bounded = Decision("implicitDeny") if bound and not bound.allowed else identity
    return "allowed" if policies.permitted(question.same_account, bounded, resource) else "implicitDeny"


def _places(decision: Decision, effect: str) -> list[Body]:
    """Where the statements stand that led to the answer."""
    if decision.effect != effect:
        return []
    return [
        {
            "SourcePolicyId": policy.source,
            "SourcePolicyType": policy.origin,
            "StartPosition": _position(policy.text, statement.start),
            "EndPosition": _position(policy.text, statement.end),
        }
        for policy, statement in decision.matched
    ]


def _position(text: str, at: int) -> Body:
    return {"Line": text.count("\n", 0, at) + 1, "Column": at - text.rfind("\n", 0, at)}


def _given(texts: list[str] | None, member: str) -> list[Policy]:
    return [_parsed(text, "identity", f"{member}.{n}") for n, text in enumerate(texts or (), 1)]


def _resource_policy(text: str | None) -> list[Policy] | None:
    return None if text is None else [_parsed(text, "resource", "ResourcePolicy")]


def _parsed(text: str, kind: policies.Kind, source: str) -> Policy:
    try:
        return policies.parse(text, kind, source, "resource" if kind == "resource" else "none")
    except policies.Malformed as error:
        raise refusals.invalid_input(f"Invalid policy {source}: {error}") from None


def _same_account(account: str, owner: str | None) -> bool:
    return owner is None or f"::{account}:" in owner or owner == account


def _context(entries: list[Body] | None, arn: str) -> dict[str, list[str]]:
    """The keys that were given, and those that follow from who is simulated."""
    found = {"aws:PrincipalArn": [arn], "aws:username": [arn.rpartition("/")[2]] if ":user/" in arn else []}
    found |= {one["ContextKeyName"]: list(one.get("ContextKeyValues", [])) for one in entries or ()}
    return {key: values for key, values in found.items() if values and values != [""]}


def _keys(documents: list[Policy]) -> Body:
    """The condition keys (and variables) that the policies look at."""
    found: set[str] = set()
    for policy in documents:
        for statement in policy.statements:
            found.update(key for _, key, _ in statement.conditions)
            found.update(name for text in statement.resources for name in policies.VARIABLE.findall(text))
    return {"ContextKeyNames": sorted(found)}
