"""Pages: a token is the last name of the page before, wrapped so that nobody takes it for more."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, TypeVar

from cumulet.services.glue.refusals import invalid

T = TypeVar("T")


def token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def after(token: str | None) -> str:
    """The name that a token stands for; "" at the start."""
    try:
        return base64.b64decode((token or "").encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise invalid("NextToken is not one that this operation returned.") from None


def page(
    found: list[T], limit: int, member: str, name: Callable[[T], str], show: Callable[[T], Any]
) -> dict[str, Any]:
    """A result of at most `limit` things of `found`, which holds more than that where there are more."""
    result: dict[str, Any] = {member: [show(one) for one in found[:limit]]}
    if len(found) > limit:
        result["NextToken"] = token(name(found[limit - 1]))
    return result
