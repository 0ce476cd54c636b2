"""A script's output on its way into CloudWatch Logs while it runs.

How far the reading has come is remembered together with the lines, so that a server that is killed in
between neither loses a line nor tells it twice.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cumulet.jobs import Job
from cumulet.services import Service
from cumulet.services.glue.logs import open_stream

READ = 512 << 10  # bytes taken at a time: well below PutLogEvents' 1 MiB with its 26 bytes an event
LONGEST = 240 << 10  # characters of one line


class Stream:
    """One log stream, fed from one growing file. `mark` is where the job's payload keeps the place."""

    def __init__(self, service: Service, group: str, name: str, path: Path, mark: str) -> None:
        self.service = service
        self.where = {"logGroupName": group, "logStreamName": name}
        self.path = path
        self.mark = mark
        self.logs = open_stream(service, group, name)

    def send(self, job: Job, *, ended: bool) -> None:
        """Send the whole lines that are new; at the end also an unfinished one."""
        while piece := self._piece(job.payload.get(self.mark, 0), ended):
            self.service.store.atomically(partial(self._put, job, piece))

    def _put(self, job: Job, piece: bytes) -> None:
        now = int(self.service.house.clock() * 1000)
        lines = [line[:LONGEST] for line in piece.decode(errors="replace").split("\n") if line.strip()]
        if lines:
            events = [{"timestamp": now, "message": line} for line in lines]
            self.logs.put_log_events(logEvents=events, **self.where)
        job.save(**{self.mark: job.payload.get(self.mark, 0) + len(piece)})

    def _piece(self, start: int, ended: bool) -> bytes:
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            file.seek(start)
            piece = file.read(READ)
        whole = piece.rfind(b"\n") + 1
        unfinished_is_all = len(piece) < READ if ended else len(piece) == READ and not whole
        return piece if unfinished_is_all else piece[:whole]
