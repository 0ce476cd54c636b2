"""The server's side of its workers: they are started, given connections, and replaced where one falls.

The server accepts all connections. One that speaks to S3 goes to whichever process has the fewest of them,
itself included: the kernel's own ways to share a port leave some processes idle (whoever is woken first
accepts all that wait; with `SO_REUSEPORT` the addresses' hash decides).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from cumulet import channel
from cumulet.channel import Channel
from cumulet.config import Config
from cumulet.jobs import Jobs

if TYPE_CHECKING:
    from cumulet.connection import Connection
    from cumulet.server import HttpServer
    from cumulet.store.checkup import Checkup

BUSY = 0.6  # of a core that the server itself uses: then it wants help
MEASURED = 1.0  # seconds over which that is measured
IDLE = 300.0  # seconds without a connection after which a worker is let go
PATIENCE = 15.0  # seconds for a worker to end, longer than it gives its requests
SOON, LATE = 0.5, 60.0  # seconds until a worker that falls again and again is replaced

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Worker:
    """A worker as the server sees it: `connections` that it has, and what it says of one it gives back."""

    process: subprocess.Popen[bytes]
    channel: Channel
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    begun: bytes = b""
    used: float = field(default_factory=time.monotonic)


class Workers:
    """All workers of a server. `locks` are open files that stay locked as long as any process has them open.

    With a number of processes in the settings they are there from the start; without, they come when the
    server has more to do than one process can, and go when they are idle: most servers never need one.
    """

    def __init__(self, config: Config, jobs: Jobs, locks: tuple[int, ...] = ()) -> None:
        self.config = config
        self.jobs = jobs
        self.locks = locks
        self.most = (config.workers or min(os.cpu_count() or 1, 4)) - 1 if sys.platform == "linux" else 0
        self.wanted = self.most if config.workers else 0
        self.all: list[Worker] = []
        self.here: set[Connection] = set()  # those that speak to S3 and are answered by the server itself
        self.stopping = False
        self.pause, self.not_before = SOON, 0.0
        self.measured = time.monotonic(), time.process_time()

    # A dealer's part

    def taken(self, connection: Connection, begun: bytes) -> bool:
        """Give a connection away where somebody has fewer."""
        self.here.discard(connection)
        if not connection.for_s3:
            return False
        ready = [worker for worker in self.all if worker.ready.is_set()]
        idlest = min(ready, key=lambda worker: worker.connections, default=None)
        if idlest and idlest.connections < len(self.here) and not self.stopping:
            descriptor = connection.transport.get_extra_info("socket").fileno()
            if idlest.channel.offer(descriptor, begun):
                idlest.connections += 1
                return True
        self.here.add(connection)
        return False

    def kept(self, connection: Connection) -> bool:
        return True

    def closed(self, connection: Connection) -> None:
        self.here.discard(connection)

    # Their lives

    async def start(self, server: HttpServer) -> None:
        """Until all that are wanted from the start are there."""
        self.server = server
        self._hire()
        await asyncio.gather(*(worker.ready.wait() for worker in self.all))

    def tick(self) -> None:
        """Called several times a second: are there as many as it takes?"""
        now = time.monotonic()
        if not self.config.workers and now - self.measured[0] >= MEASURED:
            self._weigh(now)
        if now >= self.not_before:
            self._hire()

    async def stop(self) -> None:
        """Let them answer what is under way, and wait for them."""
        self.stopping = True
        for worker in self.all:
            self._dismiss(worker)
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(None, _end, worker.process) for worker in self.all))

    def _weigh(self, now: float) -> None:
        used = time.process_time()
        share = (used - self.measured[1]) / (now - self.measured[0])
        self.measured = now, used
        if share > BUSY and len(self.here) > 1:
            self.wanted = min(self.wanted + 1, self.most)
        for worker in self.all:
            if worker.connections:
                worker.used = now
            elif worker.ready.is_set() and now - worker.used > IDLE:
                self.wanted = max(0, self.wanted - 1)
                self._dismiss(worker)

    def _hire(self) -> None:
        while len(self.all) < self.wanted and not self.stopping:
            self._start()

    def _start(self) -> None:
        ours, theirs = Channel.pair()
        command = [sys.executable, "-m", "cumulet.worker", str(theirs.fileno())]
        nothing, inherited = subprocess.DEVNULL, (theirs.fileno(), *self.locks)
        with theirs:
            process = subprocess.Popen(command, stdin=nothing, stdout=nothing, pass_fds=inherited)
        worker = Worker(process, ours)
        ours.send(channel.SETTINGS, json.dumps(asdict(self.config), default=str).encode())
        self.all.append(worker)
        asyncio.get_running_loop().add_reader(ours.end.fileno(), self._hear, worker)

    def _dismiss(self, worker: Worker) -> None:
        worker.ready.clear()
        try:
            worker.channel.send(channel.STOP)
        except OSError:
            log.debug("worker %d has gone already", worker.process.pid)

    def _hear(self, worker: Worker) -> None:
        try:
            while message := worker.channel.receive():
                self._heed(worker, message)
        except EOFError:
            self._bury(worker)

    def _heed(self, worker: Worker, message: channel.Message) -> None:
        match message.kind:
            case channel.READY:
                self.pause = SOON
                worker.ready.set()
            case channel.CLOSED:
                worker.connections -= 1
            case channel.MORE:
                worker.begun += message.text
            case channel.JOB:
                self.jobs.heed(message.text.decode())
            case channel.CONNECTION if message.descriptor is not None:
                worker.connections -= 1
                begun, worker.begun = worker.begun + message.text, b""
                self.server.adopt(message.descriptor, begun)

    def _bury(self, worker: Worker) -> None:
        """It has ended; where nobody had asked for that, another takes its place."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(worker.channel.end.fileno())
        worker.channel.close()
        if self.stopping:
            return
        self.all.remove(worker)
        fallen = worker.ready.is_set() or len(self.all) < self.wanted
        worker.ready.set()  # nobody need wait for it any more
        loop.run_in_executor(None, _tell_end, worker.process, fallen, self.jobs.house.store.checkup)
        self.not_before = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, LATE)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tell_end(process: subprocess.Popen[bytes], fallen: bool, checkup: Checkup) -> None:
    code = process.wait()
    if fallen:
        checkup.suspect()
        log.warning("worker %d ended by itself (code %d); another takes its place", process.pid, code)
