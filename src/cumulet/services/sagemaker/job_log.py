"""A process's output on its way into CloudWatch Logs while it runs, and the metrics read out of it.

Where the reading stands is remembered together with the lines themselves, so that a server killed in
between neither loses a line nor tells it twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cumulet.store import Store
from cumulet.wire.errors import AwsError

READ = 512 << 10  # bytes taken at a time: well below PutLogEvents' 1 MiB with its 26 bytes an event
LONGEST = 256 << 10  # of one line


@dataclass(slots=True)
class JobLog:
    """One log stream fed from one growing file."""

    store: Store
    logs: Any  # the service
    group: str
    stream: str
    path: Path
    clock: Callable[[], float]
    offset: int = 0
    metrics: dict[str, str] = field(default_factory=dict)  # name -> regex
    values: dict[str, dict[str, Any]] = field(default_factory=dict)  # name -> its last MetricData
    inode: int = 0

    def open(self) -> None:
        """Make the group and the stream; those of an earlier attempt are gone on with."""
        for make, members in (
            (self.logs.create_log_group, {"logGroupName": self.group}),
            (self.logs.create_log_stream, {"logGroupName": self.group, "logStreamName": self.stream}),
        ):
            try:
                make(**members)
            except AwsError as error:
                if error.code != "ResourceAlreadyExistsException":
                    raise

    def ship(self, remember: Callable[[int, dict[str, Any]], None], *, ended: bool = False) -> None:
        """Send whole lines that are new (at the end also an unfinished one)."""
        while piece := self._piece(ended):
            self.offset += len(piece)
            lines = [line[:LONGEST] for line in piece.decode(errors="replace").split("\n") if line.strip()]
            now = self.clock()
            self._measure(lines, now)
            self.store.atomically(lambda: self._put(lines, now, remember))

    def follow(self, path: Path) -> None:
        """Send what is new of a file that begins anew with each start of its process."""
        inode = path.stat().st_ino if path.exists() else 0
        if inode != self.inode:
            self.inode, self.path, self.offset = inode, path, 0
        self.ship(lambda *_: None)

    def _piece(self, ended: bool) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            piece = file.read(READ)
        whole = piece.rfind(b"\n") + 1
        return piece if (ended and len(piece) < READ) or not whole and len(piece) == READ else piece[:whole]

    def _put(self, lines: list[str], now: float, remember: Callable[[int, dict[str, Any]], None]) -> None:
        if lines:
            events = [{"timestamp": int(now * 1000), "message": line} for line in lines]
            self.logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        remember(self.offset, self.values)

    def _measure(self, lines: list[str], now: float) -> None:
        for line in lines:
            for name, regex in self.metrics.items():
                if (value := metric(regex, line)) is not None:
                    self.values[name] = {"MetricName": name, "Value": value, "Timestamp": now}


def metric(regex: str, line: str) -> float | None:
    """The number that the regex's first group catches in a line: the last one where there are several."""
    found = None
    for match in re.finditer(regex, line):
        try:
            found = float(match.group(1) if match.groups() else match.group())
        except (ValueError, TypeError):
            continue  # a regex may catch text that is no number; AWS leaves that out too
    return found
