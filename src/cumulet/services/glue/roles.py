"""The role that a crawler or a job works as: it must exist and let Glue assume it."""

from __future__ import annotations

import json
from typing import Any

from cumulet.services import Service
from cumulet.services.glue.refusals import invalid
from cumulet.wire.errors import AwsError

PRINCIPAL = "glue.amazonaws.com"


class Roles(Service):
    def _check_role(self, role: str) -> str:
        """The ARN of a role given by ARN or by name (with its path, perhaps)."""
        name = role.rpartition("/")[2]
        try:
            found = self.other("iam").get_role(RoleName=name)["Role"]
        except AwsError as error:
            if error.code != "NoSuchEntity":
                raise
            found = None
        if found is None or not trusts(found["AssumeRolePolicyDocument"]):
            raise invalid(
                f"Service is unable to assume role {role}. Please verify that it exists and that its trust "
                f"policy allows {PRINCIPAL}."
            )
        return str(found["Arn"])


def trusts(document: str | dict[str, Any]) -> bool:
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", [])
    return any(allows(one) for one in (statements if isinstance(statements, list) else [statements]))


def allows(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else [PRINCIPAL]
    named = [services] if isinstance(services, str) else services
    return statement.get("Effect") == "Allow" and (PRINCIPAL in named or "*" in named)
