"""PutLogEvents and its limits.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from cumulet.services.logs.journals import Journals
from cumulet.services.logs.streams import SEQUENCE
from cumulet.wire.errors import AwsError

BATCH = 1_048_576  # bytes of one call, each event counting its text in UTF-8 and
OVERHEAD = 26  # so many more
HOUR = 3_600_000  # milliseconds
DAY = 24 * HOUR
FUTURE, PAST = 2 * HOUR, 14 * DAY  # events further off are left out, and said to be


class Writing(Journals):
    def put_log_events(
        self,
        *,
        logGroupName: str,
        logStreamName: str,
        logEvents: list[dict[str, Any]],
        sequenceToken: str = "",
    ) -> dict[str, Any]:
        """Any sequence token is accepted, as on AWS since 2023."""
        times = [event["timestamp"] for event in logEvents]
        check_batch(times, sum(len(event["message"].encode()) + OVERHEAD for event in logEvents))
        lines = [(event["timestamp"], event["message"]) for event in logEvents]

        def change() -> dict[str, int]:
            self.stream(logGroupName, logStreamName)
            rejected, first, behind = self._rejected(self.group(logGroupName), times)
            self.store.lines.append(
                self.journal(logGroupName), logStreamName, lines[first:behind], self.now()
            )
            return rejected

        rejected = self.store.atomically(change)
        return {"nextSequenceToken": SEQUENCE, "rejectedLogEventsInfo": rejected or None}

    def _rejected(self, group: dict[str, Any], times: list[int]) -> tuple[dict[str, int], int, int]:
        """AWS's words for what is left out at both ends, and the slice that is kept."""
        now = self.now()
        old = sum(time < now - PAST for time in times)
        expired = sum(time < now - group["retention"] * DAY for time in times) if "retention" in group else 0
        behind = sum(time <= now + FUTURE for time in times)
        rejected = {}
        if old:
            rejected["tooOldLogEventEndIndex"] = old
        if expired:
            rejected["expiredLogEventEndIndex"] = expired
        if behind < len(times):
            rejected["tooNewLogEventStartIndex"] = behind
        return rejected, max(old, expired), behind


def check_batch(times: list[int], size: int) -> None:
    if size > BATCH:
        raise AwsError(
            "InvalidParameterException", f"Upload too large: {size} bytes exceeds limit of {BATCH} bytes."
        )
    if any(later < earlier for earlier, later in pairwise(times)):
        raise AwsError(
            "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order.",
        )
    if times[-1] - times[0] > DAY:
        raise AwsError(
            "InvalidParameterException",
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        )
