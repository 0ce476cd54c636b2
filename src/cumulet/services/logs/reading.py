"""GetLogEvents and FilterLogEvents.

A token of GetLogEvents is a place between two lines. Both tokens are always given; where nothing lies behind
(or before) the place, the same token comes back, which tells a client that it has reached the end.
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from cumulet.services.logs.journals import Journals, stale, token, told
from cumulet.services.logs.patterns import Pattern
from cumulet.services.logs.writing import BATCH, DAY, OVERHEAD
from cumulet.store.lines import BEGINNING, END, Line, Place
from cumulet.wire.errors import AwsError

PLACE = re.compile(r"([fb])/(-?\d{1,19})/(-?\d{1,19})")
SCAN = 10_000  # lines read at a time
FAR = 20  # so many times that for one page; then the caller goes on with its token
STREAMS = 100  # that one FilterLogEvents may name


class Reading(Journals):
    def get_log_events(
        self,
        *,
        logStreamName: str,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        startTime: int = BEGINNING,
        endTime: int = END,
        nextToken: str = "",
        limit: int = 10_000,
        startFromHead: bool = False,
        unmask: bool = False,
    ) -> dict[str, Any]:
        """Without a token: the newest events, or the oldest with `startFromHead`. `unmask` has no effect,
        since nothing is ever masked here."""
        group = self.named(logGroupName, logGroupIdentifier)
        self.stream(group, logStreamName)
        direction, place = _place(nextToken) if nextToken else ("f" if startFromHead else "b", None)
        forward = direction == "f"
        since = self._since(group, startTime)
        found = self.store.lines.read(
            self.journal(group),
            [logStreamName],
            since=since,
            until=min(endTime, END),
            after=place if forward else None,
            before=None if forward else place,
            limit=limit,
            backwards=not forward,
        )
        lines = _fitting(found) if forward else _fitting(found[::-1])[::-1]
        behind, before = _ends(lines, place, direction)
        return {
            "events": [
                {"timestamp": line.time, "message": line.text, "ingestionTime": line.ingested}
                for line in lines
            ],
            "nextForwardToken": f"f/{behind.time}/{behind.id}",
            "nextBackwardToken": f"b/{before.time}/{before.id}",
        }

    def filter_log_events(
        self,
        *,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        logStreamNames: list[str] | None = None,
        logStreamNamePrefix: str | None = None,
        startTime: int = BEGINNING,
        endTime: int = END,
        filterPattern: str = "",
        nextToken: str = "",
        limit: int = 10_000,
        startFromHead: bool = True,
        interleaved: bool = True,
        unmask: bool = False,
    ) -> dict[str, Any]:
        """Events of many streams in the order of their time. A page may be empty and still have a token.
        `interleaved` is obeyed as AWS does it today: always true. `unmask` has no effect here."""
        group = self.named(logGroupName, logGroupIdentifier)
        self.group(group)
        pattern = Pattern.read(filterPattern)
        streams = self._chosen(group, logStreamNames, logStreamNamePrefix)
        place = Place(*told("filter", nextToken, int, int)) if nextToken else None
        since = self._since(group, startTime)
        until = min(endTime, END) + 1  # unlike with GetLogEvents, the end is in it
        found: list[Line] = []
        for _ in range(FAR):
            lines = self._scan(group, streams, since, until, place, forward=startFromHead)
            for line in lines:
                place = line.place
                if pattern.matches(line.text):
                    found.append(line)
                if len(found) >= limit:
                    break
            if len(lines) < SCAN or len(found) >= limit:
                break
        fitting = _fitting(found)
        if len(fitting) < len(found):
            place = fitting[-1].place
        more = place is not None and self._scan(
            group, streams, since, until, place, forward=startFromHead, limit=1
        )
        return {
            "events": [_filtered(line) for line in fitting],
            "searchedLogStreams": [],  # AWS leaves it empty since 2019
            "nextToken": token("filter", *place) if more and place else None,
        }

    def _since(self, group: str, start: int) -> int:
        """The time from which on a call sees: not before what the group's retention hides."""
        days = self.group(group).get("retention")
        oldest = BEGINNING if days is None else self.now() - int(days) * DAY
        return max(min(start, END), oldest)

    def _scan(
        self,
        group: str,
        streams: list[str] | None,
        since: int,
        until: int,
        place: Place | None,
        *,
        forward: bool,
        limit: int = SCAN,
    ) -> list[Line]:
        lines = self.store.lines.read(
            self.journal(group),
            streams,
            since=since,
            until=until,
            after=place if forward else None,
            before=None if forward else place,
            limit=limit,
            backwards=not forward,
        )
        return lines if forward else lines[::-1]

    def _chosen(self, group: str, names: list[str] | None, prefix: str | None) -> list[str] | None:
        """The streams to look into; None for all."""
        if names is not None and prefix is not None:
            raise AwsError(
                "InvalidParameterException", "logStreamNames and logStreamNamePrefix exclude each other."
            )
        if prefix is not None:
            return [stream.name for stream in self.store.lines.streams(self.journal(group), prefix=prefix)]
        for name in names or []:
            self.stream(group, name)
        return names


def _place(text: str) -> tuple[str, Place]:
    match = PLACE.fullmatch(text)
    if match is None or max(abs(int(match[2])), abs(int(match[3]))) > END:
        raise stale()
    return match[1], Place(int(match[2]), int(match[3]))


def _ends(lines: list[Line], place: Place | None, direction: str) -> tuple[Place, Place]:
    """The places behind and before what was read."""
    if lines:
        return lines[-1].place, lines[0].place
    if place is None:
        return Place(BEGINNING, 0), Place(BEGINNING, 0)
    # Turning round at an end must not skip the line that the place stands on.
    step = 1 if direction == "f" else -1
    turned = Place(place.time, place.id + step)
    return (place, turned) if direction == "f" else (turned, place)


def _fitting(lines: Iterable[Line]) -> list[Line]:
    """As many as an answer of 1 MiB holds, at least one."""
    kept: list[Line] = []
    size = 0
    for line in lines:
        size += len(line.text.encode()) + OVERHEAD
        if kept and size > BATCH:
            break
        kept.append(line)
    return kept


def _filtered(line: Line) -> dict[str, Any]:
    return {
        "logStreamName": line.stream,
        "timestamp": line.time,
        "message": line.text,
        "ingestionTime": line.ingested,
        "eventId": f"{line.time:020d}{line.id:036d}",
    }
