"""Tokens to go on with: the place of the last thing shown, so that what comes or goes meanwhile moves nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from cumulet.services.cloudwatch.refusals import stale

T = TypeVar("T")


def page(
    found: Sequence[T], place: Callable[[T], list[str]], token: str | None, limit: int
) -> tuple[list[T], str | None]:
    """What comes behind a token's place in things sorted by their place, and the next page's token."""
    last = _place(token) if token else None
    left = [one for one in found if last is None or place(one) > last]
    return left[:limit], write(place(left[limit - 1])) if len(left) > limit else None


def write(place: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(token: str) -> list[str]:
    try:
        read = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise stale() from None
    if not isinstance(read, list) or not all(isinstance(part, str) for part in read):
        raise stale()
    return read
