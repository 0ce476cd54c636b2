"""Families of processes: who descends from whom, how much memory they hold, and how to end them for certain.

Standard library only: the supervisor imports it. Linux tells all of it in /proc; elsewhere a family is empty
and only the process group is left to signal.
"""
# pathlib takes longer to import than this whole program to start.
# ruff: noqa: PTH112, PTH123, PTH208

import contextlib
import ctypes
import os
import signal
import sys

MARK = "CUMULET_RUN"  # the variable by which what a dead supervisor left behind is known
SOCKET = "CUMULET_SOCKET"  # the variable that says where a program that others ask shall listen
NOW = signal.SIGUSR1  # tells a supervisor to end its run at once, without the grace
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


def adopt_orphans() -> None:
    """From now on, orphans among this process's descendants become its children: none gets away."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def machine() -> str:
    """Tells machines apart, and one from itself before it was started anew."""
    return (_read("/proc/sys/kernel/random/boot_id") or os.uname().nodename.encode()).decode().strip()


def descendants(of: int | None = None) -> list[int]:
    """Every living descendant of a process: this one, if no other is named."""
    found: list[int] = []
    fresh = [of or os.getpid()]
    while fresh:
        fresh = [child for pid in fresh for child in _children(pid)]
        found += fresh
    return found


def kill_descendants() -> None:
    """Freeze them, so that none can fork any more, until a look finds nobody new; then kill."""
    frozen: set[int] = set()
    while new := set(descendants()) - frozen:
        for pid in new:
            send(pid, signal.SIGSTOP)
        frozen |= new
    for pid in frozen:
        send(pid, signal.SIGKILL)


def kill_marked(folder: str) -> None:
    """Kill every process that carries a run's mark. For runs whose supervisor is dead."""
    mark = f"{MARK}={folder}".encode()
    while marked := [pid for pid in _everybody() if mark in _environment(pid)]:
        for pid in marked:
            send(pid, signal.SIGKILL)


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def resident(pids: list[int], limit: int | None) -> int:
    """Bytes in memory. Where the plain sum would break a limit, shared pages are counted once."""
    total = sum(_resident(pid) for pid in pids)
    if limit is None or total <= limit or len(pids) == 1:
        return total
    return sum(_share(pid) for pid in pids)


def cpu_seconds(pids: list[int]) -> float:
    """Of processes, and of those of their children that have ended."""
    return sum(sum(map(int, _statistics(pid)[11:15])) for pid in pids) / TICKS


def _statistics(pid: int) -> list[bytes]:
    """What stands in /proc/PID/stat behind the program's name, which may hold anything."""
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _everybody() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()] if os.path.isdir("/proc") else []


def _environment(pid: int) -> list[bytes]:
    return _read(f"/proc/{pid}/environ").split(b"\0")


def _resident(pid: int) -> int:
    words = _read(f"/proc/{pid}/statm").split()
    return int(words[1]) * PAGE if words else 0


def _share(pid: int) -> int:
    lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    shares = [int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss:")]
    return shares[0] if shares else _resident(pid)


def _read(path: str) -> bytes:
    """A file of /proc; empty where the process has gone meanwhile or is somebody else's."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
