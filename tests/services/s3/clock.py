"""A clock that tests set."""

from __future__ import annotations

from datetime import UTC, datetime

HOUR, DAY = 3600.0, 86400.0


class Clock:
    """The time of a house, in epoch seconds; it stands still until it is moved."""

    def __init__(self, *start: int) -> None:
        self.now = datetime(*start, tzinfo=UTC).timestamp()  # type: ignore[arg-type, misc]

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += days * DAY
