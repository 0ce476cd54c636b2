"""A stem: a process that has a framework imported already, and forks a model's process in milliseconds.

    python -c BOOT ENGINES stem SOCKET MODULE...

Forks share the memory of what was imported until they write to it, so that a hundred models of one framework
take little more than their own weights. A stem has one thread and runs no model, which is what makes forking
safe. The server asks by connecting to SOCKET and sending an order, one line of JSON. The answer is the line
"started PID"; the connection stays open for as long as the process lives. A line "stop" or "kill", or the end of
the connection, ends the process; its end is told as one line of JSON, and the connection is closed.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time

from cumulet.engines.run import processes
from cumulet.engines.serve.process import birth, loop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOOK = 0.25  # seconds between looks at the memory in use
FAMILY = 8  # looks of which one counts what a model's process has started, too


class Child:
    """One model's process, and the connection that it hangs on."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.pid = 0
        self.order: dict[str, Any] = {}
        self.heard = b""
        self.reason = "exited"
        self.peak = 0
        self.began = time.time()
        self.kill_at: float | None = None

    def family(self) -> list[int]:
        return [self.pid, *processes.descendants(self.pid)]

    def ask_end(self) -> None:
        if self.kill_at is None:
            self.reason = "stopped"
            self.kill_at = time.monotonic() + self.order["grace"]
            processes.send_group(self.pid, signal.SIGTERM)

    def kill(self, reason: str) -> None:
        """With all that it has started; what had got away from it is known by the run's mark."""
        self.reason = reason
        for pid in self.family():
            processes.send(pid, signal.SIGKILL)
        processes.send_group(self.pid, signal.SIGKILL)


class Stem:
    def __init__(self, path: str) -> None:
        self.listener = loop.listen(path)
        self.waiting: dict[int, Child] = {}  # by descriptor
        self.children: dict[int, Child] = {}  # by process
        self.woken, self.waker = os.pipe()
        self.looks = 0

    def run(self) -> None:
        os.set_blocking(self.waker, False)
        signal.set_wakeup_fd(self.waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            watched: list[Any] = [
                self.listener,
                self.woken,
                *(child.connection for child in self.waiting.values()),
            ]
            ready, _, _ = select.select(watched, [], [], LOOK if self.children else None)
            for what in ready:
                self._heed(what)
            self._look(time.monotonic())
            self._reap()

    def _heed(self, what: Any) -> None:
        if what is self.listener:
            connection, _ = self.listener.accept()
            self.waiting[connection.fileno()] = Child(connection)
        elif what == self.woken:
            os.read(self.woken, 4096)
        else:
            self._hear(self.waiting[what.fileno()])

    def _hear(self, child: Child) -> None:
        try:
            data = child.connection.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            del self.waiting[child.connection.fileno()]
            return child.kill("lost") if child.pid else child.connection.close()
        *lines, child.heard = (child.heard + data).split(b"\n")
        for line in lines:
            if not child.pid:
                self._begin(child, json.loads(line))
            elif line == b"stop":
                child.ask_end()
            else:
                child.kill("stopped")
        return None

    def _begin(self, child: Child, order: dict[str, Any]) -> None:
        child.order = order
        child.pid = os.fork()
        if child.pid == 0:
            self._part()
            birth.become(order)
        self.children[child.pid] = child
        tell(child, f"started {child.pid}")

    def _part(self) -> None:
        """In the fork: nothing of the stem's stays open."""
        signal.set_wakeup_fd(-1)
        self.listener.close()
        for child in self.waiting.values():
            child.connection.close()
        os.close(self.woken)
        os.close(self.waker)

    def _look(self, now: float) -> None:
        self.looks += 1
        for child in self.children.values():
            limit = child.order["memory"]
            family = child.family() if self.looks % FAMILY == 0 else [child.pid]
            used = processes.resident(family, limit)
            child.peak = max(child.peak, used)
            if child.kill_at is not None and now >= child.kill_at:
                child.kill(child.reason)
            elif limit and used > limit:
                child.kill("memory")

    def _reap(self) -> None:
        while self.children:
            pid, status, used = os.wait3(os.WNOHANG)
            if pid == 0:
                return
            if child := self.children.pop(pid, None):
                self._tell_end(child, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime)

    def _tell_end(self, child: Child, code: int, cpu: float) -> None:
        processes.send_group(child.pid, signal.SIGKILL)
        processes.kill_marked(child.order["folder"])
        outcome = {
            "exit_code": code,
            "reason": child.reason,
            "started": child.began,
            "ended": time.time(),
            "peak_memory_bytes": child.peak,
            "cpu_seconds": cpu,
        }
        tell(child, json.dumps(outcome))
        self.waiting.pop(child.connection.fileno(), None)
        child.connection.close()


def tell(child: Child, line: str) -> None:
    with contextlib.suppress(OSError):  # the server is gone, and its supervisor is about to end all of this
        child.connection.sendall(line.encode() + b"\n")


def prepare(modules: list[str]) -> None:
    """Import what is there; what is not is the model's own affair."""
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as error:
            print(f"{name} was not imported beforehand: {error}", file=sys.stderr, flush=True)
    gc.collect()
    gc.freeze()  # so that no later collection writes to the pages that forks share


def main(path: str, *modules: str) -> None:
    prepare(list(modules))
    Stem(path).run()
