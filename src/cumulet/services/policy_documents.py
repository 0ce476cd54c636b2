"""Policy documents: JSON text to statements, refused where AWS refuses it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from cumulet.services import conditions

Kind = Literal["identity", "resource", "trust"]
VERSIONS = ("2012-10-17", "2008-10-17")
ELEMENTS = {
    *(
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
}
PRINCIPALS = {"AWS", "Service", "Federated", "CanonicalUser"}
ACTION = re.compile(r"\*|[A-Za-z0-9*-]+:[A-Za-z0-9*?]+", re.ASCII)
SYNTAX = "Syntax errors in policy."


class Malformed(ValueError):
    """The document is not a policy of its kind; the text is AWS's message."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `other_...` is True for its Not-form, which names all but those listed."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    sid: str = ""
    principal: Any = None
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()  # operator, key, values
    other_actions: bool = False
    other_resources: bool = False
    other_principals: bool = False
    variables: bool = True
    start: int = 0  # where in the text it stands
    end: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A document that was read. `source` and `origin` say in a simulation which policy it was."""

    statements: tuple[Statement, ...]
    text: str = ""
    source: str = ""
    origin: str = ""


@lru_cache(maxsize=1024)
def parse(text: str, kind: Kind = "identity", source: str = "", origin: str = "") -> Policy:
    """Read a policy document; `Malformed` where it is none."""
    document = _document(text)
    version = document.get("Version", "2008-10-17")
    if version not in VERSIONS:
        raise Malformed("Policy document must be version 2012-10-17 or greater.")
    spans = list(_spans(text))
    if not spans:
        raise Malformed(SYNTAX)
    statements = tuple(_statement(body, kind, version == VERSIONS[0], span) for body, *span in spans)
    named = [statement.sid for statement in statements if statement.sid]
    if len(named) != len(set(named)):
        raise Malformed("Statement IDs (SID) in a single policy must be unique.")
    return Policy(statements, text, source, origin)


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise Malformed("This policy contains invalid Json") from None
    if not isinstance(document, dict) or set(document) - {"Version", "Id", "Statement"}:
        raise Malformed(SYNTAX)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _spans(text: str) -> Iterator[tuple[Any, int, int]]:
    """The statements of a document that is known to be JSON, and where in the text each begins and ends."""
    found = re.search(r'"Statement"\s*:\s*', text)
    if not found:
        return
    at = found.end()
    if text[at] != "[":
        yield _span(text, at)
        return
    while True:
        at = re.compile(r"[\s,\[]*").match(text, at).end()  # type: ignore[union-attr]
        if text[at] == "]":
            return
        body, start, at = _span(text, at)
        yield body, start, at


def _span(text: str, at: int) -> tuple[Any, int, int]:
    body, end = json.JSONDecoder().raw_decode(text, at)
    return body, at, end


def _statement(body: Any, kind: Kind, variables: bool, span: list[int]) -> Statement:
    if not isinstance(body, dict) or set(body) - ELEMENTS or body.get("Effect") not in ("Allow", "Deny"):
        raise Malformed(SYNTAX)
    if not isinstance(body.get("Sid", ""), str):
        raise Malformed(SYNTAX)
    principal, other_principals = _principal(body, kind)
    actions, other_actions = _either(body, "Action")
    resources, other_resources = _resources(body, kind)
    return Statement(
        effect=body["Effect"],
        actions=_checked_actions(actions),
        resources=resources,
        sid=body.get("Sid", ""),
        principal=principal,
        conditions=_conditions(body.get("Condition", {})),
        other_actions=other_actions,
        other_resources=other_resources,
        other_principals=other_principals,
        variables=variables,
        start=span[0],
        end=span[1],
    )


def _either(body: dict[str, Any], name: str) -> tuple[tuple[str, ...], bool]:
    """`Action` or `NotAction`: its values, and whether it was the Not-form."""
    if (name in body) == (f"Not{name}" in body):
        raise Malformed(SYNTAX if name in body else f"Policy statement must contain {name.lower()}s.")
    other = name not in body
    values = _texts(body[f"Not{name}" if other else name])
    if not values:
        raise Malformed(f"Policy statement must contain {name.lower()}s.")
    return values, other


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in values):
        raise Malformed(SYNTAX)
    return tuple(values)


def _checked_actions(actions: tuple[str, ...]) -> tuple[str, ...]:
    for action in actions:
        if ":" not in action and action != "*":
            raise Malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if not ACTION.fullmatch(action):
            raise Malformed(f"The policy failed legacy parsing: the action {action} is not one.")
    return actions


def _resources(body: dict[str, Any], kind: Kind) -> tuple[tuple[str, ...], bool]:
    if kind == "trust":
        for name in ("Resource", "NotResource"):
            if name in body:
                raise Malformed(f"Has prohibited field {name}")
        return ("*",), False
    resources, other = _either(body, "Resource")
    for text in resources:
        if text != "*" and not text.startswith(("arn:", "*", "${")):
            raise Malformed(f'Resource {text} must be in ARN format or "*".')
    return resources, other


def _principal(body: dict[str, Any], kind: Kind) -> tuple[Any, bool]:
    named = [name for name in ("Principal", "NotPrincipal") if name in body]
    if kind == "identity":
        if named:
            raise Malformed("Policy document should not specify a principal.")
        return None, False
    if len(named) != 1:
        raise Malformed("Missing required field Principal" if not named else SYNTAX)
    if kind == "trust" and named == ["NotPrincipal"]:
        raise Malformed("AssumeRolepolicy contained an invalid principal: NotPrincipal.")
    value = body[named[0]]
    if value != "*":
        if not isinstance(value, dict) or not value or set(value) - PRINCIPALS:
            raise Malformed("Invalid principal in policy")
        value = {name: _texts(names) for name, names in value.items()}
        for name in value.get("AWS", ()):
            if not re.fullmatch(
                r"\*|\d{12}|arn:aws[a-z-]*:(iam|sts)::\d{12}:.+|A(ROA|IDA)[A-Z0-9]{16,}", name
            ):
                raise Malformed(f'Invalid principal in policy: "AWS":"{name}"')
    return value, named == ["NotPrincipal"]


def _conditions(element: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(element, dict):
        raise Malformed(SYNTAX)
    found = []
    for operator, keys in element.items():
        if not conditions.known(operator):
            raise Malformed(f"Invalid Condition type : {operator}.")
        if not isinstance(keys, dict):
            raise Malformed(SYNTAX)
        found += [(operator, key, _scalars(values)) for key, values in keys.items()]
    return tuple(found)


def _scalars(values: Any) -> tuple[str, ...]:
    """Condition values may be written as numbers and booleans too."""
    listed = values if isinstance(values, list) else [values]
    if any(isinstance(value, dict | list) or value is None for value in listed):
        raise Malformed(SYNTAX)
    return tuple(str(value).lower() if isinstance(value, bool) else str(value) for value in listed)
