"""S3's days: what is told in days is counted from a moment, and falls due at the midnight (UTC) after.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html#intro-lifecycle-rules-number-of-days
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate

DAY = 86400.0
LOOKS = 4  # sweeps in a day that has been shortened, which has no midnights to wait for


@dataclass(frozen=True, slots=True)
class Calendar:
    """How long a day is, in seconds: another length than AWS's is for tests."""

    day: float = DAY

    @property
    def shortened(self) -> bool:
        return self.day != DAY

    def due(self, since: float, days: float) -> float:
        """When something of the moment `since` (epoch seconds) is so many days old."""
        if self.shortened:
            return since + days * self.day
        return (since + days * DAY) // DAY * DAY + DAY

    def since(self, now: float, days: float) -> float:
        """What was there by this moment may be so many days old by now; what came later is not."""
        return now - days * self.day

    def next_sweep(self, now: float) -> float:
        return now + self.day / LOOKS if self.shortened else self.due(now, 0)


REAL = Calendar()


def told(moment: float) -> str:
    """A moment in the form of HTTP's dates, as S3's headers have it."""
    return formatdate(moment, usegmt=True)
