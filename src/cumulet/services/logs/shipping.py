"""A growing file on its way into a log stream, line by line.

How far the file has been read is remembered with the lines, in one commit: a server that is killed and
started again loses no line and writes none twice.
"""

from __future__ import annotations

from pathlib import Path

from cumulet.services.logs.journals import Journals
from cumulet.wire.errors import AwsError

READ = 1 << 20  # bytes taken at a time
LONGEST = 1 << 18  # bytes of one event; a longer line becomes several


class Shipping(Journals):
    def ensure_stream(self, group: str, stream: str) -> None:
        """Make the group and the stream where they are not there yet."""
        operations = self.other("logs")
        for make, members in (
            (operations.create_log_group, {"logGroupName": group}),
            (operations.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
        ):
            try:
                make(**members)
            except AwsError as error:
                if error.code != "ResourceAlreadyExistsException":
                    raise

    def ship(self, group: str, stream: str, path: Path, *, ended: bool = False) -> list[str]:
        """Send what is new in a file since the last call; the lines that were sent.

        One file feeds one stream. A last line without its end waits, unless the writer has `ended`. Lines
        get the time of this call, as a container's agent does it; empty ones are left out.
        """
        sent: list[str] = []
        while (piece := self._piece(group, stream, path, ended=ended))[0]:
            data, position = piece
            lines = _lines(data)

            def change(lines: list[str] = lines, position: int = position) -> None:
                at = max(self.now(), self.stream(group, stream).last or 0)
                events = [(at, line) for line in lines]
                self.store.lines.append(self.journal(group), stream, events, self.now(), position)

            self.store.atomically(change)
            sent += lines
        return sent

    def _piece(self, group: str, stream: str, path: Path, *, ended: bool) -> tuple[bytes, int]:
        """Whole lines from where the last call stopped, and where they end."""
        position = self.stream(group, stream).position
        if not path.exists():
            return b"", position
        with path.open("rb") as file:
            file.seek(position)
            data = file.read(READ)
        whole = data.rfind(b"\n") + 1
        if (ended and len(data) < READ) or (not whole and len(data) == READ):
            whole = len(data)
        return data[:whole], position + whole


def _lines(data: bytes) -> list[str]:
    return [
        line[start : start + LONGEST].decode(errors="replace")
        for line in (line.rstrip(b"\r") for line in data.split(b"\n"))
        for start in range(0, len(line), LONGEST)
    ]
