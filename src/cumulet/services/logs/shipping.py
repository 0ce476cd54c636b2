"""What programs of jobs and endpoints print, on its way into log streams: for other services, no operations of AWS.

    logs = self.other("logs")
    logs.rotate(group, stream, file)           # before a program is started that writes the file anew
    logs.ship(group, stream, file)             # now and then, while it runs
    logs.ship(group, stream, file, ended=True)
    logs.say(group, stream, "Crawl begun")     # a line that lies in no file

How far a file has been read is remembered with the lines, in one commit: a server that is killed and
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

    def say(self, group: str, stream: str, *lines: str) -> None:
        """Lines that lie in no file, with the time of this call; empty ones are left out."""
        self._ensure(group, stream)
        self._append(group, stream, _lines("\n".join(lines).encode()))

    def ship(self, group: str, stream: str, path: Path, *, ended: bool = False) -> list[str]:
        """Send what is new in a file since the last call; the lines that were sent.

        One file feeds one stream. A last line without its end waits, unless the writer has `ended`. Lines
        get the time of this call, as a container's agent does it; empty ones are left out.
        """
        self._ensure(group, stream)
        sent: list[str] = []
        while (piece := self._piece(group, stream, path, ended=ended))[0]:
            data, position = piece
            lines = _lines(data)
            self._append(group, stream, lines, position)
            sent += lines
        return sent

    def rotate(self, group: str, stream: str, path: Path) -> None:
        """Make way for a program that will write the file from its beginning: send the rest of what an
        earlier one wrote, and delete it. Cut off at any point it can simply be called again."""
        self.ship(group, stream, path, ended=True)
        path.unlink(missing_ok=True)
        self._append(group, stream, [], position=0)

    def _ensure(self, group: str, stream: str) -> None:
        """Somebody may delete the stream while its writer goes on, who is not to suffer for it."""
        if self.store.lines.stream(self.journal(group), stream) is None:
            self.ensure_stream(group, stream)

    def _append(self, group: str, stream: str, lines: list[str], position: int | None = None) -> None:
        def change() -> None:
            at = max(self.now(), self.stream(group, stream).last or 0)
            events = [(at, line) for line in lines]
            self.store.lines.append(self.journal(group), stream, events, self.now(), position)

        self.store.atomically(change)

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
