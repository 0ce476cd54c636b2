"""The interface of everything that runs a program: what is asked (`Task`), what goes on (`Run`), how it
ended (`Outcome`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Reason = Literal["exited", "stopped", "timeout", "memory", "lost"]


class CannotStart(Exception):
    """The task was not started: its folder runs something already, or the machine refused."""


class MountsUnavailable(CannotStart):
    """This machine gives no private mount namespace; ask `mounts_supported()` before using `mounts`."""


@dataclass(frozen=True, slots=True)
class Task:
    """A program to run.

    `folder` belongs to this run alone: its output (`output.log`), its state and its end are kept there, and
    `adopt(folder)` finds it again. `mounts` shows a folder or a file under another absolute path, to this
    program only (`{"/opt/ml": job_folder}`). Folders in them that are `shielded` hold files of somebody else's
    by another name: what the program writes there goes to copies of its own, or is refused where the system
    cannot do that; those that are `read_only` it cannot write to at all. With mounts it may also have a
    `hostname` of its own, and be `offline`: it reaches nothing but
    itself. The program gets exactly `environment`, plus PATH, HOME, LANG and PYTHONUNBUFFERED
    where it does not say, and CUMULET_RUN, its folder; standard input is empty.

    After `seconds` it is asked to end (SIGTERM to its process group), `grace` seconds later killed with all
    its descendants. More than `memory` bytes resident in all its processes together: killed at once.
    Where `outlives` is true it goes on when this process dies, for the next one to adopt; else it dies too
    (so whoever starts it keeps the `Run`: dropping that ends the program as well).

    The rest is for a cluster, where the program may come to another machine: how much of it the program takes;
    the folder in which all of its own lies (`home`, with the mounts' sources: what changes there comes back),
    what else it reads (`carries`), which folders hold what can be made again anywhere (`keeps`: each machine has
    its own), which `host:port` of this machine its environment names (`reaches`), which of its files are written
    anew here while it runs (`renews`), and in which folders the other hosts run that belong to it, by their names
    in its /etc/hosts (`hosts`, itself among them). It keeps `reserved` bytes free for itself, its limit if not said.

    A program that others ask listens at the Unix socket that its variable CUMULET_SOCKET names. Wherever it runs, it
    is found at `answers` on this machine as soon as it listens, and nobody is there once it has ended.
    """

    folder: Path
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    mounts: Mapping[str, Path] = field(default_factory=dict)
    shielded: Sequence[str] = ()
    read_only: Sequence[str] = ()
    hostname: str = ""
    offline: bool = False
    cwd: Path | None = None  # as the program sees it, so it may lie in a mount; default: the folder
    seconds: float | None = None
    grace: float = 30.0
    memory: int | None = None
    outlives: bool = False
    separate_errors: bool = False  # standard error to `errors.log` instead of into `output.log`
    processors: float = 1.0
    gpus: int = 0
    home: Path | None = None  # default: the folder
    carries: Sequence[Path] = ()
    keeps: Sequence[Path] = ()
    reaches: Sequence[str] = ()
    renews: Sequence[Path] = ()
    reserved: int | None = None
    answers: Path | None = None
    hosts: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `exit_code` is negative for a signal (-9: killed), None where nobody saw it.

    reason: "exited" by itself; "stopped" on request; "timeout" after its seconds; "memory" over its limit;
    "lost" with its supervisor or, unless it outlives, with the process that had started it.
    Times are epoch seconds; the peak is bytes resident in all processes of the run together. `said` is why a run
    was lost, where that is known.
    """

    exit_code: int | None
    reason: Reason
    started: float
    ended: float
    peak_memory_bytes: int = 0
    cpu_seconds: float = 0.0
    said: str = ""


class Run(Protocol):
    """A program that was started. Safe to use from several threads."""

    @property
    def folder(self) -> Path: ...

    @property
    def log(self) -> Path:
        """Its standard output, and its standard error too unless the task separates them."""

    @property
    def errors(self) -> Path:
        """Its standard error: the same file as `log` unless the task separates them."""

    def wait(self, timeout: float | None = None) -> Outcome | None:
        """The outcome once it has ended; None if it still runs after `timeout` seconds."""

    def stop(self) -> None:
        """Ask it to end, and make sure of it after its grace. Returns at once; again does no harm."""

    def usage(self) -> tuple[float, int]:
        """CPU seconds that its living processes have used, and bytes that they hold; nothing once it has ended."""

    def end(self, patience: float = 0.0) -> Outcome | None:
        """Ask it to end, kill it with all its descendants after `patience` seconds, and return when it is over."""


class Runner(Protocol):
    """A place to run programs: this machine (`local`), or a Ray cluster (`ray_runner`)."""

    def start(self, task: Task) -> Run: ...

    def adopt(self, folder: Path) -> Run | None: ...
