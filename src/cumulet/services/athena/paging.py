"""Pages of names in order; the token is the last name given."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from cumulet.services.athena.refusals import invalid


def page(names: Sequence[str], most: int, token: str | None) -> tuple[list[str], str | None]:
    """The names behind a token, and the token of the next page if there is one."""
    start = 0
    if token:
        last = opened(token)
        start = next((i + 1 for i, name in enumerate(names) if name == last), len(names))
    found = list(names[start : start + most])
    more = len(names) > start + most
    return found, closed(found[-1]) if more and found else None


def closed(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def opened(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise invalid("Invalid nextToken") from None
