"""How SageMaker says no: its own words where the SDKs read them, an honest 501 where a part is unwritten.

The SDKs look for "Cannot create already existing" and "Could not find" in the message of a
ValidationException; only training jobs have error codes of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.wire.errors import AwsError, NotImplementedByCumulet


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def already_existing(what: str, arn: str) -> AwsError:
    return invalid(f'Cannot create already existing {what} "{arn}".')


def could_not_find(what: str, arn: str) -> AwsError:
    return invalid(f'Could not find {what} "{arn}".')


def honour_only(where: str, members: Mapping[str, Any], honoured: tuple[str, ...]) -> None:
    """Refuse a structure that says anything beyond what is obeyed; what is empty or off says nothing.

    The dispatcher does this for a request's own members; this is the same for the structures inside.
    """
    if unknown := sorted(name for name, value in members.items() if value and name not in honoured):
        raise NotImplementedByCumulet(f"{where} with {', '.join(unknown)}")
