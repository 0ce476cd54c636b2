"""Runs on this machine, each under a supervisor of its own (`shim.py`) that can outlive this process.

A lock on the run's folder, taken here and handed to the supervisor with its open file, says "running" for
exactly as long as the supervisor lives, however it dies: there is no process id to be mistaken.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Any

from cumulet.engines.run import namespace, processes, status
from cumulet.engines.run.base import CannotStart, MountsUnavailable, Outcome, Task

# The supervisor's modules, by their own names but without what `cumulet` itself would import.
BOOT = """
import sys, types
for name in ("cumulet", "cumulet.engines", "cumulet.engines.run"):
    sys.modules[name] = module = types.ModuleType(name)
    module.__path__ = [sys.argv[1]]
from cumulet.engines.run import shim
shim.main()
"""
POLL = 0.05  # seconds between looks, only where the system has no pidfd


def start(task: Task) -> LocalRun:
    """Start a program; it runs (or has failed, with the reason in its log) when this returns."""
    if (task.mounts or task.offline) and (refused := namespace.mounts_refused()):
        raise MountsUnavailable(refused)
    task = replace(task, folder=task.folder.absolute())
    task.folder.mkdir(parents=True, exist_ok=True)
    lock = _lock(task.folder)
    try:
        for name in ("status.json", "output.log", "errors.log"):
            (task.folder / name).unlink(missing_ok=True)
        process = _spawn(task, lock)
    finally:
        os.close(lock)
    return LocalRun(task.folder, process)


def adopt(folder: Path) -> LocalRun | None:
    """The run of a folder, under way or ended; None where none was ever started."""
    if not (folder / "lock").exists():
        return None
    run = LocalRun(folder)
    return run if run.running or run.supervisor else None


def end(folder: Path) -> None:
    """See to it that nothing runs in a folder any more, whoever started it; returns when that is so."""
    if run := adopt(folder):
        run.end()


class LocalRun:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder.absolute()
        self.process = process  # None: adopted from an earlier server
        self.lifeline: IO[bytes] | None = process.stdin if process else None

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def errors(self) -> Path:
        apart = self.folder / "errors.log"
        return apart if apart.exists() else self.log

    @property
    def running(self) -> bool:
        """Whether the supervisor holds the folder's lock."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)

    @property
    def supervisor(self) -> int:
        """The supervisor's process id, 0 before it has one."""
        return self._written()[0]

    def wait(self, timeout: float | None = None) -> Outcome | None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.running:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._sleep_until_gone(left)
        self._reap()
        return self._outcome()

    def stop(self) -> None:
        self._tell(signal.SIGTERM)

    def end(self, patience: float = 0.0) -> Outcome | None:
        """Ask it to end, wait so many seconds, then kill it; the outcome."""
        if patience:
            self.stop()
        if outcome := self.wait(patience):
            return outcome
        self._tell(processes.NOW)
        return self.wait()

    def usage(self) -> tuple[float, int]:
        """CPU seconds that its living processes have used, and bytes that they hold; nothing once it has ended."""
        family = processes.descendants(self.supervisor) if self.supervisor and self.running else []
        return processes.cpu_seconds(family), processes.resident(family, None)

    def _tell(self, word: signal.Signals) -> None:
        deadline = time.monotonic() + 5
        while self.running:
            if pid := self.supervisor:
                processes.send(pid, word)
                return
            if time.monotonic() > deadline:
                raise CannotStart(f"The supervisor of {self.folder} does not answer.")
            time.sleep(0.005)  # adopted in the instant between its start and its first word

    def _written(self) -> tuple[int, float]:
        """What the supervisor wrote of itself: its process id, and when it started."""
        words = (self.folder / "lock").read_text().split()
        return (int(words[0]), float(words[1])) if len(words) == 2 else (0, 0.0)

    def _sleep_until_gone(self, seconds: float | None) -> None:
        """Sleep until the supervisor ends, or for `seconds`."""
        pid = self.supervisor
        if not pid or not hasattr(os, "pidfd_open"):
            time.sleep(POLL if seconds is None else min(POLL, seconds))
            return
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(None if seconds is None else seconds * 1000)
        finally:
            os.close(descriptor)

    def _reap(self) -> None:
        if self.process:
            self.process.wait()
            if self.lifeline:
                self.lifeline.close()

    def _outcome(self) -> Outcome:
        written = status.read(str(self.folder))
        return Outcome(**written) if written else self._lost()

    def _lost(self) -> Outcome:
        """The supervisor was killed before it could say how it ended: end what it left, and say so."""
        processes.kill_marked(str(self.folder))
        outcome = Outcome(None, "lost", self._written()[1], time.time())
        status.write(str(self.folder), asdict(outcome))
        return outcome


def _lock(folder: Path) -> int:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    for _ in range(20):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.005)  # somebody may only be asking whether it runs
        else:
            os.ftruncate(descriptor, 0)
            return descriptor
    os.close(descriptor)
    raise CannotStart(f"{folder} runs something already.")


def _spawn(task: Task, lock: int) -> subprocess.Popen[bytes]:
    """Start the supervisor and wait for its word. The task goes through a pipe: it may hold secrets."""
    with (task.folder / "output.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", BOOT, str(Path(__file__).parent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=[lock],
            start_new_session=True,
            cwd="/",
            env={},
        )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(_spoken(task, lock)).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        pass  # it died at once: its missing word tells
    with process.stdout:
        word = process.stdout.readline().decode().strip()
    if word != "started":
        process.wait()
        process.stdin.close()
        tail = (task.folder / "output.log").read_text(errors="replace")[-2000:]
        raise CannotStart(word or f"The supervisor ended before it had started anything: {tail}")
    if task.outlives:
        process.stdin.close()
    return process


def _spoken(task: Task, lock: int) -> dict[str, Any]:
    """The task in the supervisor's words."""
    defaults = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
    }
    answers = {processes.SOCKET: str(task.answers)} if task.answers else {}
    return {
        "folder": str(task.folder),
        "command": [str(word) for word in task.command],
        "environment": {**defaults, **task.environment, **answers, processes.MARK: str(task.folder)},
        "mounts": {target: str(source.resolve()) for target, source in task.mounts.items()},
        "shielded": [str(place) for place in task.shielded],
        "read_only": [str(place) for place in task.read_only],
        "hostname": task.hostname,
        "offline": task.offline,
        "cwd": str(task.cwd or task.folder),
        "seconds": task.seconds,
        "grace": task.grace,
        "memory": task.memory,
        "outlives": task.outlives,
        "separate_errors": task.separate_errors,
        "lock": lock,
    }
