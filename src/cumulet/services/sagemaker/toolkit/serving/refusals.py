"""How a model says no to a request, without that being an error of its own."""

from __future__ import annotations


class Refused(Exception):
    """The request itself is at fault: an HTTP status below 500 and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
