"""The constraints that a model puts on an operation's members, checked with AWS's own words."""

from __future__ import annotations

from typing import Any

from botocore.model import OperationModel

from cumulet.wire import models
from cumulet.wire.errors import AwsError


def check(operation: OperationModel, members: dict[str, Any], code: str) -> None:
    """Raise `code` if members that the operation requires are missing."""
    shape = models.plan(operation).input
    missing = [name for name in shape.required if name not in members] if shape else []
    if missing:
        found = "; ".join(
            f"Value null at '{name[0].lower() + name[1:]}' failed to satisfy constraint: Member must not be null"
            for name in missing
        )
        raise AwsError(code, f"{len(missing)} validation error{'s'[: len(missing) != 1]} detected: {found}")
