"""What a model's process prints, on its way into CloudWatch Logs while it lives.

A process that crashed begins a new file; the stream of its instance goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

READ = 512 << 10  # bytes taken at a time: well below PutLogEvents' 1 MiB with its 26 bytes an event
MOST = 5000  # events of one call


class EndpointLog:
    """One log stream, fed from the files that a process writes one after the other."""

    def __init__(self, logs: Any, group: str, stream: str, clock: Callable[[], float]) -> None:
        self.logs = logs  # the service
        self.group = group
        self.stream = stream
        self.clock = clock
        self.inode = 0
        self.offset = 0
        logs.ensure_stream(group, stream)

    def follow(self, path: Path) -> None:
        """Send the whole lines that are new in a file."""
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            return
        if inode != self.inode:
            self.inode, self.offset = inode, 0
        while piece := self._piece(path):
            self.offset += len(piece)
            self._send(piece.decode(errors="replace").split("\n"))

    def say(self, line: str) -> None:
        """One line that no process prints: of the installer, before there is a process."""
        self._send([line])

    def _piece(self, path: Path) -> bytes:
        with path.open("rb") as file:
            file.seek(self.offset)
            piece = file.read(READ)
        whole = piece.rfind(b"\n") + 1
        return piece if not whole and len(piece) == READ else piece[:whole]

    def _send(self, lines: list[str]) -> None:
        lines = [line for line in lines if line.strip()]
        now = int(self.clock() * 1000)
        for start in range(0, len(lines), MOST):
            events = [{"timestamp": now, "message": line} for line in lines[start : start + MOST]]
            self.logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
