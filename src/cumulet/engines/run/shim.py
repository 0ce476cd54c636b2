"""The supervisor of one run: a small process of its own, which starts the program and sees it to its end.

It imports the standard library only, so that it starts in milliseconds, and it depends on nobody: limits and
stops are kept while the server is dead. It is the subreaper of all that the program starts (a double fork
does not get away), and a run has ended when nothing of it is left.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
import time

LOOK = 0.2  # seconds between two looks at the memory in use
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def main():
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        spoken = _read_line(stdin)
    if not spoken:
        sys.exit("The server ended before it had said what to run.")
    Supervisor(json.loads(spoken)).run()


def _read_line(stream):
    """One line and not a byte more: what follows on the stream is its end, and the end is a message."""
    pieces = b""
    while not pieces.endswith(b"\n"):
        piece = stream.read(65536)
        if not piece:
            return b""
        pieces += piece
    return pieces


class Supervisor:
    def __init__(self, task):
        self.task = task
        self.folder = task["folder"]
        self.child = 0
        self.exit_code = None
        self.reason = None  # why it is being ended, once it is
        self.kill_at = None
        self.peak = 0
        self.started = time.time()
        self.clock_start = time.monotonic()
        self.stop_asked = False
        self.wake, self.waker = os.pipe()

    def run(self):
        os.set_inheritable(self.task["lock"], False)
        _prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._listen()
        error = self._begin()
        os.write(self.task["lock"], b"%d %d %f\n" % (os.getpid(), self.child, self.started))
        _say(error or "started")
        if not error:
            self._supervise()
            self._finish()

    def _listen(self):
        os.set_blocking(self.waker, False)
        os.set_blocking(self.wake, False)
        signal.set_wakeup_fd(self.waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_stop)

    def _ask_stop(self, *_):
        self.stop_asked = True

    def _begin(self):
        """Fork the program; the sentence that says why not, or "" once it runs."""
        heard, telling = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            os.close(heard)
            _become(self.task, telling)
        os.close(telling)
        with open(heard, "rb") as pipe:
            error = pipe.read().decode()
        return error

    def _supervise(self):
        lifeline = [] if self.task["outlives"] else [0]
        while self.exit_code is None:
            ready, _, _ = select.select([self.wake, *lifeline], [], [], self._patience())
            if self.wake in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.wake, 4096)
            if 0 in ready and not os.read(0, 4096):
                lifeline = []
                self._kill("lost")
            self._reap(os.WNOHANG)
            self._judge()

    def _patience(self):
        """Seconds until something has to be looked at."""
        now = time.monotonic()
        until = [LOOK if self.task["memory"] else 1.0]
        if self.kill_at is not None:
            until.append(self.kill_at - now)
        elif self.task["seconds"] is not None:
            until.append(self.clock_start + self.task["seconds"] - now)
        return max(0.0, min(until))

    def _judge(self):
        if self.exit_code is not None:
            return
        now = time.monotonic()
        limit = self.task["seconds"]
        if self.stop_asked:
            self._ask_end("stopped")
        elif limit is not None and now >= self.clock_start + limit:
            self._ask_end("timeout")
        if self.kill_at is not None and now >= self.kill_at:
            self._kill(self.reason)
        elif self._memory() > (self.task["memory"] or sys.maxsize):
            self._kill("memory")

    def _ask_end(self, reason):
        if self.reason is None:
            self.reason = reason
            self.kill_at = time.monotonic() + self.task["grace"]
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.child, signal.SIGTERM)

    def _kill(self, reason):
        self.reason = reason
        self.kill_at = None
        self._kill_all()
        while self.exit_code is None:
            self._reap(0)

    def _kill_all(self):
        """Freeze, so that nobody can fork any more, until a look finds no new process; then kill."""
        frozen = set()
        while new := set(family()) - frozen:
            for pid in new:
                _send(pid, signal.SIGSTOP)
            frozen |= new
        for pid in frozen:
            _send(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.child, signal.SIGKILL)

    def _reap(self, options):
        while True:
            try:
                pid, status = os.waitpid(-1, options)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.child:
                self.exit_code = os.waitstatus_to_exitcode(status)
                return True

    def _memory(self):
        """Bytes resident in all processes of the run. Shared pages count once where it matters."""
        pids = family()
        total = sum(_resident(pid) for pid in pids)
        limit = self.task["memory"]
        if limit and total > limit and len(pids) > 1:
            total = sum(_proportional(pid) for pid in pids)
        self.peak = max(self.peak, total)
        return total

    def _finish(self):
        """Nothing may be left: kill and wait until the kernel says there are no children."""
        self._kill_all()
        while True:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
            self._kill_all()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        unit = 1 if sys.platform == "darwin" else 1024
        write_status(
            self.folder,
            {
                "exit_code": self.exit_code,
                "reason": self.reason or "exited",
                "started": self.started,
                "ended": time.time(),
                "peak_memory_bytes": max(self.peak, used.ru_maxrss * unit),
                "cpu_seconds": used.ru_utime + used.ru_stime,
            },
        )


def _become(task, telling):
    """In the child: take on the task's surroundings and turn into its program. Never returns."""
    try:
        _dress(task)
        if task["mounts"]:
            import namespace  # beside this file

            namespace.enter(task["mounts"])
        os.chdir(task["cwd"])
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.close(telling) if False else os.set_inheritable(telling, False)
        _exec(task)
    except BaseException as error:
        os.write(telling, f"{type(error).__name__}: {error}".encode())
    finally:
        os._exit(126)


def _dress(task):
    os.setsid()
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")  # where memory runs out, the program goes before the server
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = _append(task["folder"] + "/output.log")
    errors = _append(task["folder"] + "/errors.log") if task["separate_errors"] else output
    os.dup2(output, 1)
    os.dup2(errors, 2)


def _append(path):
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)


def _exec(task):
    """As a shell does it: a program that is not there is the exit code 127 and a line in the log."""
    command = task["command"]
    try:
        os.execvpe(command[0], command, task["environment"])
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127 if missing else 126)


def _say(word):
    os.write(1, word.replace("\n", " ").encode() + b"\n")
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)


def write_status(folder, status):
    """The end of a run, on disk for good: whole or not at all."""
    temporary, final = folder + "/status.json.new", folder + "/status.json"
    with open(temporary, "w") as file:
        json.dump(status, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, final)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def family():
    """Every living descendant of this process."""
    found, fresh = [], [os.getpid()]
    while fresh:
        fresh = [child for pid in fresh for child in _children(pid)]
        found += fresh
    return found


def _children(pid):
    children = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{thread}/children") as file:
                children += map(int, file.read().split())
    except OSError:
        return []
    return children


def _resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def _proportional(pid):
    """Its share of the pages that several processes use, which the sum would count for each."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except OSError:
        return _resident(pid)


def _send(pid, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _prctl(option, value):
    if sys.platform == "linux":
        import ctypes

        if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main()
