"""A service at work as a role of its caller's: what a job, a model or a crawler may do is what its role may."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service, principals

HOUR = 3600
LONGEST = 28 * 24 * HOUR  # that any work of AWS's may last


def assumed(
    service: Service, principal: str, role: str, session: str, seconds: float = HOUR
) -> dict[str, Any]:
    """Credentials of a role, given by ARN or by name: what sts's `assume_role` returns.

    The service (`principal` is "sagemaker", "glue") asks as itself, so the role must exist and its trust
    policy let it in. `seconds` is how long the work may take; the role's MaxSessionDuration does not
    count, since a service of AWS renews its session for as long as its work lasts.
    """
    arn = role if role.startswith("arn:") else service.other("iam").get_role(RoleName=role)["Role"]["Arn"]
    granted: dict[str, Any] = service.other("sts", principals.service(service.caller, principal)).assume_role(
        RoleArn=arn, RoleSessionName=session, DurationSeconds=min(int(seconds), LONGEST)
    )
    return granted
