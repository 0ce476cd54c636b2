"""CloudWatch's errors, in its own words."""

from __future__ import annotations

from cumulet.wire.errors import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def combination(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)


def missing(message: str) -> AwsError:
    return AwsError("MissingParameter", message)


def unfit(message: str) -> AwsError:
    """What operations without errors of their own say of their input."""
    return AwsError("ValidationError", message, status=400)


def stale() -> AwsError:
    return AwsError("InvalidNextToken", "The next token specified is invalid.")
