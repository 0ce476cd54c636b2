"""The role that a job or a model works as: it must exist and let SageMaker assume it."""

from __future__ import annotations

from typing import Any

from cumulet.services import roles
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import Resources
from cumulet.wire.errors import AwsError

PRINCIPAL = "sagemaker.amazonaws.com"
SESSION = "SageMaker"


class Roles(Resources):
    def _check_role(self, arn: str) -> None:
        """Refuse a role that could not be worked as; what AWS says is the same whatever the cause."""
        try:
            self._assumed(arn)
        except AwsError as error:
            raise invalid(
                f"Could not assume role {arn}. Please ensure that the role exists and allows principal "
                f"'{PRINCIPAL}' to assume the role."
            ) from error

    def _assumed(self, arn: str, seconds: float = roles.HOUR) -> dict[str, Any]:
        return roles.assumed(self, "sagemaker", arn, SESSION, seconds)
