"""The hosts of one job, of which each hears what all have to say: how they find each other, and agree.

The first host listens where every job's processes may meet (MASTER_ADDR and MASTER_PORT, which are the job's own);
what is said are lines of JSON. The libraries' own traffic goes its own ways, which are agreed upon here.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from typing import IO, Any

from .errors import ClientError
from .job import Job

PATIENCE = 600.0  # seconds for all hosts to come
PAUSE = 0.05


class Circle:
    def __init__(self, job: Job) -> None:
        self.job = job
        self.others: list[IO[str]] = []  # of the first host: the lines of all others; of those: its lines
        if len(job.hosts) > 1:
            self.others = self._gather() if self.first else [self._join()]

    @property
    def first(self) -> bool:
        """Whether this host is the one that speaks for all: whose model is the job's."""
        return self.job.host == self.job.hosts[0]

    @property
    def alone(self) -> bool:
        return len(self.job.hosts) == 1

    def share(self, value: Any) -> list[Any]:
        """What each host says, in the order of hosts. All have to take part, each as often as any other."""
        if self.alone:
            return [value]
        if not self.first:
            _say(self.others[0], value)
            return list(_hear(self.others[0]))
        said = [value, *map(_hear, self.others)]
        for other in self.others:
            _say(other, said)
        return said

    def mean(self, values: dict[str, float], weight: int) -> dict[str, float]:
        """Of figures that each host has found on so many rows of its own."""
        found = self.share([values, weight])
        whole = sum(rows for _, rows in found) or 1
        return {name: sum(each[name] * rows for each, rows in found) / whole for name in values}

    def address(self, host: str) -> str:
        """Where the others reach a host."""
        return socket.gethostbyname(host)

    def _gather(self) -> list[IO[str]]:
        found: dict[str, IO[str]] = {}
        with socket.create_server(("", _port()), backlog=len(self.job.hosts)) as listener:
            listener.settimeout(PATIENCE)
            with _in_time():
                while len(found) < len(self.job.hosts) - 1:
                    lines = listener.accept()[0].makefile("rw", encoding="utf-8")
                    found[_hear(lines)] = lines
        return [found[host] for host in self.job.hosts[1:]]

    def _join(self) -> IO[str]:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                meeting = socket.create_connection((os.environ["MASTER_ADDR"], _port()), PATIENCE)
            except OSError:  # it does not listen yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE)
                continue
            meeting.settimeout(None)
            lines = meeting.makefile("rw", encoding="utf-8")
            _say(lines, self.job.host)
            return lines


def _port() -> int:
    return int(os.environ["MASTER_PORT"])


@contextlib.contextmanager
def _in_time() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise ClientError(f"Not all hosts came within {PATIENCE:g} seconds.") from None


def _say(lines: IO[str], value: Any) -> None:
    lines.write(json.dumps(value) + "\n")
    lines.flush()


def _hear(lines: IO[str]) -> Any:
    line = lines.readline()
    if not line:
        raise ConnectionError("Another host of the job has ended.")
    return json.loads(line)
