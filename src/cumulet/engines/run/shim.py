"""The supervisor of one run: a small process of its own, which starts the program and sees it to its end.

It imports the standard library only, so that it starts in milliseconds, and it depends on nobody: limits and
stops are kept while the server is dead. It adopts the orphans of all that the program starts (a double fork
does not get away), and a run has ended when nothing of it is left.
"""
# pathlib and typing would take longer to import than the rest of this to start.
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time

from cumulet.engines.run import inside, processes, status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

LOOK = 0.2  # seconds between two looks at the memory in use, where it has a limit
GLANCE = 1.0  # where it has none
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    spoken = _read_line(0)
    if not spoken:
        sys.exit("The server ended before it had said what to run.")
    Supervisor(json.loads(spoken)).run()


class Supervisor:
    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.child = 0
        self.exit_code: int | None = None
        self.reason = ""  # why it is being ended, once it is
        self.kill_at: float | None = None
        self.peak = 0
        self.started = time.time()
        self.born = time.monotonic()
        self.stop_asked = False
        self.kill_asked = False
        self.woken, self.waker = os.pipe()

    def run(self) -> None:
        os.set_inheritable(self.task["lock"], False)
        processes.adopt_orphans()
        self._listen()
        if error := self._begin():
            _say(error)
            return
        os.write(self.task["lock"], b"%d %f" % (os.getpid(), self.started))
        _say("started")
        self._supervise()
        self._finish()

    def _listen(self) -> None:
        os.set_blocking(self.waker, False)
        signal.set_wakeup_fd(self.waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in ENDING:
            signal.signal(number, self._ask_stop)
        signal.signal(processes.NOW, self._ask_kill)

    def _ask_stop(self, *_: Any) -> None:
        self.stop_asked = True

    def _ask_kill(self, *_: Any) -> None:
        self.kill_asked = True

    def _begin(self) -> str:
        """Fork the program; the sentence that says why not, or "" once it runs."""
        heard, telling = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            _become(self.task, telling)
        os.close(telling)
        with open(heard, "rb") as pipe:
            return pipe.read().decode()

    def _supervise(self) -> None:
        lifeline = [] if self.task["outlives"] else [0]
        while self.exit_code is None:
            ready, _, _ = select.select([self.woken, *lifeline], [], [], self._patience())
            if self.woken in ready:
                os.read(self.woken, 4096)
            if 0 in ready:  # nothing is ever said on it: its end is the server's end
                lifeline = []
                self._kill("lost")
            self._reap(os.WNOHANG)
            if self.exit_code is None:
                self._judge(time.monotonic())

    def _patience(self) -> float:
        """Seconds until something has to be looked at."""
        until = [GLANCE if self.task["memory"] is None else LOOK]
        if self.kill_at is not None:
            until.append(self.kill_at - time.monotonic())
        elif self.task["seconds"] is not None:
            until.append(self.born + self.task["seconds"] - time.monotonic())
        return max(0.0, min(until))

    def _judge(self, now: float) -> None:
        seconds, memory = self.task["seconds"], self.task["memory"]
        if self.stop_asked:
            self._ask_end("stopped")
        elif seconds is not None and now >= self.born + seconds:
            self._ask_end("timeout")
        used = processes.resident(processes.descendants(), memory)
        self.peak = max(self.peak, used)
        if self.kill_asked:
            self._kill(self.reason or "stopped")
        elif self.kill_at is not None and now >= self.kill_at:
            self._kill(self.reason)
        elif memory is not None and used > memory:
            self._kill("memory")

    def _ask_end(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason
            self.kill_at = time.monotonic() + self.task["grace"]
            processes.send_group(self.child, signal.SIGTERM)

    def _kill(self, reason: str) -> None:
        self.reason = reason
        self.kill_at = None
        self._kill_all()
        while self.exit_code is None:
            self._reap(0)

    def _kill_all(self) -> None:
        processes.kill_descendants()
        if self.exit_code is None:  # else its number may be another's by now
            processes.send_group(self.child, signal.SIGKILL)

    def _reap(self, options: int) -> bool:
        """Take leave of children that have ended; False once there are none left at all."""
        while True:
            try:
                pid, ended = os.waitpid(-1, options)
            except ChildProcessError:
                return False
            if pid == self.child:
                self.exit_code = os.waitstatus_to_exitcode(ended)
            if pid in (0, self.child):
                return True

    def _finish(self) -> None:
        """Nothing may be left: kill, until the kernel says that there are no children."""
        self._kill_all()
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
            self._kill_all()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        unit = 1 if sys.platform == "darwin" else 1024
        outcome = {
            "exit_code": self.exit_code,
            "reason": self.reason or "exited",
            "started": self.started,
            "ended": time.time(),
            "peak_memory_bytes": max(self.peak, used.ru_maxrss * unit),
            "cpu_seconds": used.ru_utime + used.ru_stime,
        }
        status.write(self.task["folder"], outcome)


def _become(task: dict[str, Any], telling: int) -> NoReturn:
    """In the child: take on the task's surroundings and turn into its program."""
    try:
        _dress(task)
        if task["mounts"] or task["offline"]:
            from cumulet.engines.run import namespace

            namespace.enter(task["mounts"], task["hostname"], offline=task["offline"])
            for number, place in enumerate(task["shielded"]):
                namespace.shield(place, f"{task['folder']}/shield-{number}")
            for place in task["read_only"]:
                namespace.close(place)
        os.chdir(task["cwd"])
        processes.die_with_parent()
        if inside.fits(task["command"]):
            inside.become(task["command"], task["environment"])
        _execute(task["command"], task["environment"])
    except BaseException as error:  # told to the server, which raises it
        os.write(telling, f"{type(error).__name__}: {error}".encode())
    os._exit(126)


def _dress(task: dict[str, Any]) -> None:
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (*ENDING, processes.NOW, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")  # where the machine's memory runs out, the program goes before the server
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = _appended(task["folder"] + "/output.log")
    os.dup2(output, 1)
    os.dup2(_appended(task["folder"] + "/errors.log") if task["separate_errors"] else output, 2)


def _appended(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)


def _execute(command: list[str], environment: dict[str, str]) -> NoReturn:
    """As a shell does it: a program that is not there is exit code 127 and a line in the log."""
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def _read_line(descriptor: int) -> bytes:
    """The line that is sent; nothing where its sender ended first."""
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(descriptor, 65536)
        if not piece:
            return b""
        line += piece
    return line


def _say(word: str) -> None:
    """One line to the server, which may be gone; after it there is nothing more to say."""
    with contextlib.suppress(BrokenPipeError):
        os.write(1, word.replace("\n", " ").encode() + b"\n")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
