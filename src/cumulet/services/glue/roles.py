"""The role that a crawler or a job works as: it must exist and let Glue assume it."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service, roles
from cumulet.services.glue.refusals import invalid
from cumulet.wire.errors import AwsError

SESSION = "GlueJobRunnerSession"


class Roles(Service):
    def _check_role(self, role: str) -> None:
        """Refuse a role that Glue could not work as; what AWS says is the same whatever the cause."""
        try:
            self._assumed(role, roles.HOUR)
        except AwsError as error:
            raise invalid(
                f"Service is unable to assume provided role {role}. Please verify that it exists and that "
                "its trust policy allows glue.amazonaws.com."
            ) from error

    def _assumed(self, role: str, seconds: float) -> dict[str, Any]:
        """Credentials of a role, given by ARN or by name with or without its path."""
        name = role if role.startswith("arn:") else role.rpartition("/")[2]
        return roles.assumed(self, "glue", name, SESSION, seconds)
