"""Log streams."""

from __future__ import annotations

from typing import Any

from cumulet.services.logs.journals import Journals, token, told
from cumulet.store.lines import Stream
from cumulet.wire.errors import AwsError

SEQUENCE = "49039859560354852021484854961546128484054528"  # any is accepted, so one is enough


class Streams(Journals):
    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:
        def change() -> bool:
            self.group(logGroupName)
            return self.store.lines.create(self.journal(logGroupName), logStreamName, self.now())

        if not self.store.atomically(change):
            raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")

    def delete_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:
        def change() -> None:
            self.stream(logGroupName, logStreamName)
            self.store.lines.delete(self.journal(logGroupName), logStreamName)

        self.store.atomically(change)

    def describe_log_streams(
        self,
        *,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        logStreamNamePrefix: str = "",
        orderBy: str = "LogStreamName",
        descending: bool = False,
        nextToken: str = "",
        limit: int = 50,
    ) -> dict[str, Any]:
        """By name, or by the time of the latest event (which on AWS may lag; here it never does)."""
        if orderBy == "LastEventTime" and logStreamNamePrefix:
            raise AwsError(
                "InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix."
            )
        group = self.named(logGroupName, logGroupIdentifier)
        self.group(group)
        skip = max(0, told("streams", nextToken, int)[0]) if nextToken else 0
        if orderBy == "LastEventTime":
            found = self.store.lines.streams_by_last(
                self.journal(group), newest_first=descending, skip=skip, limit=limit + 1
            )
        else:
            named = self.store.lines.streams(self.journal(group), prefix=logStreamNamePrefix)
            found = (named[::-1] if descending else named)[skip : skip + limit + 1]
        page = {"logStreams": [self._stream_told(group, stream) for stream in found[:limit]]}
        return page | ({"nextToken": token("streams", skip + limit)} if len(found) > limit else {})

    def _stream_told(self, group: str, stream: Stream) -> dict[str, Any]:
        """`storedBytes` of a stream is 0 on AWS too, since 2019."""
        return {
            "logStreamName": stream.name,
            "creationTime": stream.created,
            "firstEventTimestamp": stream.first,
            "lastEventTimestamp": stream.last,
            "lastIngestionTime": stream.ingested,
            "uploadSequenceToken": SEQUENCE,
            "arn": f"{self.group_arn(group)}:log-stream:{stream.name}",
            "storedBytes": 0,
        }
