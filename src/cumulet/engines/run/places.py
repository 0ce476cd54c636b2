"""Where a program runs: on this machine, or on a cluster. Whoever waits for it need not know."""

from __future__ import annotations

from pathlib import Path

from cumulet.engines.run import local, ray_runner
from cumulet.engines.run.base import Task


def start(task: Task, cluster: str = "") -> local.LocalRun:
    """Start a program; on this machine it runs (or has failed, with the reason in its log) when this returns."""
    return ray_runner.start(task, cluster) if cluster else local.start(task)


def adopt(folder: Path) -> local.LocalRun | None:
    """The run of a folder, under way or ended, wherever it is; None where none was ever started."""
    found = local.adopt(folder)
    return ray_runner.RayRun(folder) if found and ray_runner.ran_in(folder) else found


def end(folder: Path) -> None:
    """See to it that nothing runs in a folder any more, whoever started it; returns when that is so."""
    if run := adopt(folder):
        run.end()
