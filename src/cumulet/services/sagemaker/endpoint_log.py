"""What a model's process prints, on its way into CloudWatch Logs while it lives.

A process that crashed begins a new file; the stream of its instance goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(slots=True)
class EndpointLog:
    """One log stream, fed from the files that a process writes one after the other."""

    logs: Any  # the service
    group: str
    stream: str
    seen: int = 0  # bytes, so that a quiet model costs nothing

    def begin(self, path: Path) -> None:
        """The process is about to be started, and to write its file anew."""
        self.logs.rotate(self.group, self.stream, path)
        self.seen = 0

    def follow(self, path: Path) -> None:
        """Send the whole lines that are new in a file."""
        size = path.stat().st_size
        if size != self.seen:
            self.logs.ship(self.group, self.stream, path)
            self.seen = size

    def say(self, line: str) -> None:
        """One line that no process prints: of the installer, before there is a process."""
        self.logs.say(self.group, self.stream, line)
