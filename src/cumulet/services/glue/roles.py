"""The role that a crawler or a job works as: it must exist and let Glue assume it."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service, principals
from cumulet.services.glue.refusals import invalid
from cumulet.wire.errors import AwsError

SESSION = "GlueJobRunnerSession"


class Roles(Service):
    def _check_role(self, role: str) -> None:
        """Refuse a role that Glue could not work as; what AWS says is the same whatever the cause."""
        try:
            self._assumed(role)
        except AwsError as error:
            raise invalid(
                f"Service is unable to assume provided role {role}. Please verify that it exists and that "
                "its trust policy allows glue.amazonaws.com."
            ) from error

    def _assumed(self, role: str) -> dict[str, Any]:
        """Credentials of a role, given by ARN or by name, for as long as the role allows."""
        found = self.other("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]
        granted: dict[str, Any] = self.other("sts", principals.service(self.caller, "glue")).assume_role(
            RoleArn=role if role.startswith("arn:") else found["Arn"],
            RoleSessionName=SESSION,
            DurationSeconds=found["MaxSessionDuration"],
        )
        return granted
