"""What counts as public: a policy that a public access block refuses, or keeps from being obeyed.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from cumulet.services import policies

# Conditions that tie a grant to somebody in particular, so that it is not a grant to the public.
NARROWING = frozenset(
    name.lower()
    for name in (
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceOwner",
        "aws:SourceVpc",
        "aws:SourceVpce",
        "aws:userid",
        "s3:DataAccessPointAccount",
        "s3:DataAccessPointArn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    )
)
WIDEST = {4: 8, 6: 32}  # a network with a shorter prefix than this is everybody's


def is_public(policy: policies.Policy) -> bool:
    """Whether a policy grants anything to everybody. One such statement makes the whole of it public."""
    return any(_opens(statement) for statement in policy.statements if statement.effect == "Allow")


def _opens(statement: policies.Statement) -> bool:
    return _names_anybody(statement) and not any(
        _narrows(operator, key.lower(), values) for operator, key, values in statement.conditions
    )


def _names_anybody(statement: policies.Statement) -> bool:
    named = statement.principal
    if statement.other_principals or not isinstance(named, dict):
        return True
    return "Federated" in named or "*" in named.get("AWS", ())


def _narrows(operator: str, key: str, values: Iterable[str]) -> bool:
    """Whether a condition leaves only those whom it names by a fixed value."""
    if key not in NARROWING or not _binding(operator):
        return False
    if key == "aws:sourceip":
        return not any(_wide(value) for value in values)
    return not any("*" in value or "?" in value or "${" in value for value in values)


def _wide(value: str) -> bool:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return True
    return network.prefixlen < WIDEST[network.version] and not network.is_private


def _binding(operator: str) -> bool:
    """Whether a request that lacks the key fails the condition."""
    name = operator.lower()
    return not (
        "not" in name or name == "null" or name.endswith("ifexists") or name.startswith("forallvalues")
    )
