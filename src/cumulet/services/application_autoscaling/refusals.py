"""How Application Auto Scaling says no."""

from __future__ import annotations

from cumulet.wire.errors import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(what: str, target: str) -> AwsError:
    return AwsError("ObjectNotFoundException", f"No {what} found for {target}.")
