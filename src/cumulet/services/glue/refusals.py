"""The errors that Glue answers most, by what they mean."""

from __future__ import annotations

from typing import Any

from cumulet.wire.errors import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def missing(what: str, name: str) -> AwsError:
    return AwsError("EntityNotFoundException", f"{what} {name} not found.")


def taken(what: str, name: str) -> AwsError:
    return AwsError("AlreadyExistsException", f"{what} {name} already exists.")


def detail(error: AwsError) -> dict[str, Any]:
    """An error as one entry of a batch tells it."""
    return {"ErrorCode": error.code, "ErrorMessage": error.message}
