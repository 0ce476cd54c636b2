"""Runs on an existing Ray cluster. Here each has a process that speaks for it (`ray_envoy.py`), under the same
supervisor as a program of this machine: so it is waited for, stopped, found again after a crash of the server, and
told as lost in the same ways. Ray itself is imported in that process only, never in the server's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cumulet.engines.run import local, status
from cumulet.engines.run.base import CannotStart, Outcome, Task
from cumulet.engines.run.capacity import Size
from cumulet.engines.run.ray_envoy import ABOUT, HURRY, ORDER, OUTCOME, USAGE, knock

SLACK = 300.0  # seconds beyond a task's grace in which what it has written may still come back
ENDING = 20.0  # seconds in which the cluster is to end a program that is to end at once
FRESH = 30.0  # seconds for which a look at the cluster's size is good
AS_THEY_ARE = (
    "command", "shielded", "read_only", "hostname", "offline", "cwd", "seconds", "grace", "memory", "separate_errors",
)  # fmt: skip
SIZE = """
import json, os, sys
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
ray.init(address=sys.argv[1], log_to_driver=False, configure_logging=False)
print(json.dumps(ray.cluster_resources()), flush=True)
os._exit(0)
"""


def start(task: Task, cluster: str) -> RayRun:
    """Have a program run on the cluster at an address; it may have to wait there, which its log then says."""
    if importlib.util.find_spec("ray") is None:
        raise CannotStart(
            f"Ray is not installed beside Cumulet: {sys.executable} -m pip install 'cumulet[ray]'"
        )
    folder = task.folder.absolute()
    if (earlier := local.adopt(folder)) and earlier.running:
        raise CannotStart(f"{folder} runs something already.")
    _write_order(replace(task, folder=folder), cluster)
    envoy = Task(
        folder=folder,
        command=[sys.executable, "-c", BOOT, str(Path(__file__).parents[3]), str(folder)],
        environment=_ray_settings(),
        grace=task.grace + SLACK,
        outlives=task.outlives,
        separate_errors=task.separate_errors,
    )
    return RayRun(folder, local.start(envoy).process)


# Whatever of Cumulet is installed, and in whichever way, the envoy runs this one.
BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
sys.argv[:] = sys.argv[1:]
from cumulet.engines.run import ray_envoy
ray_envoy.main(sys.argv[1])
"""


def ran_in(folder: Path) -> bool:
    """Whether what a folder ran was on a cluster."""
    return (folder / OUTCOME).is_dir()


class RayRun(local.LocalRun):
    """A run as it is seen from here: the envoy's, but for how the program itself fares."""

    def usage(self) -> tuple[float, int]:
        if not self.running:
            return 0.0, 0
        try:
            seconds, resident = json.loads((self.folder / USAGE).read_text())
        except FileNotFoundError:
            return 0.0, 0
        return float(seconds), int(resident)

    def end(self, patience: float = 0.0) -> Outcome | None:
        """The program is ended on the cluster, then the envoy; only where the cluster does not answer, both by
        ending the envoy."""
        if patience:
            self.stop()
            if outcome := self.wait(patience):
                return outcome
        (self.folder / HURRY).touch()
        self.stop()
        return self.wait(ENDING) or super().end()

    def _outcome(self) -> Outcome:
        envoy = super()._outcome()
        if told := status.read(str(self.folder / OUTCOME)):
            return Outcome(**told)
        return replace(envoy, exit_code=None, reason="stopped" if envoy.reason == "stopped" else "lost")


def _ray_settings() -> dict[str, str]:
    """Ray's own variables, as this process has them: among them the token of a cluster that wants one."""
    return {name: value for name, value in os.environ.items() if name.startswith("RAY_")}


def _write_order(task: Task, cluster: str) -> None:
    """What the envoy is to see to, in a file for its eyes only."""
    outcome = task.folder / OUTCOME
    outcome.mkdir(parents=True, exist_ok=True)
    for path in (outcome / "status.json", *(task.folder / name for name in (USAGE, HURRY, ABOUT))):
        path.unlink(missing_ok=True)
    order = task.folder / ORDER
    order.unlink(missing_ok=True)
    order.touch(mode=0o600)
    order.write_text(json.dumps(_order(task, cluster)))


def _order(task: Task, cluster: str) -> dict[str, Any]:
    asked = asdict(task)
    home = (task.home or task.folder).absolute()
    sources = {target: str(source.absolute()) for target, source in task.mounts.items()}
    returns = [str(home), *(s for s in sources.values() if not Path(s).is_relative_to(home))]
    described = {name: asked[name] for name in AS_THEY_ARE}
    described |= {"command": [str(word) for word in task.command], "cwd": str(task.cwd or home)}
    described |= {"environment": dict(task.environment), "mounts": sources, "gpus": task.gpus}
    described |= {"answers": bool(task.answers)}
    described |= {"keeps": [str(path.absolute()) for path in task.keeps]}
    python = {"executable": sys.executable, "prefix": sys.prefix}
    return {
        "cluster": cluster,
        "task": {**described, "python": python, "as_they_are": AS_THEY_ARE},
        "returns": returns,
        "carries": [str(path.absolute()) for path in task.carries],
        "reaches": list(task.reaches),
        "renews": [str(path.absolute()) for path in task.renews],
        "answers": str(task.answers.absolute()) if task.answers else "",
        "hosts": {name: str(folder.absolute()) for name, folder in task.hosts.items()},
        "python": python,
        "processors": task.processors,
        "gpus": task.gpus,
        "memory": task.memory if task.reserved is None else task.reserved,
    }


class _Looked:
    """How large the clusters are, as far as anybody has looked."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: dict[str, tuple[float, Size]] = {}

    def size(self, cluster: str) -> Size:
        with self.lock:
            when, size = self.found.get(cluster, (float("-inf"), Size()))
            if time.monotonic() - when > FRESH:
                size = _look(cluster)
                self.found[cluster] = time.monotonic(), size
            return size


size = _Looked().size


def _look(cluster: str) -> Size:
    try:
        knock(cluster)
    except OSError as error:
        raise CannotStart(f"The Ray cluster at {cluster} does not answer: {error}") from None
    looked = subprocess.run(
        [sys.executable, "-c", SIZE, cluster],
        capture_output=True,
        text=True,
        check=False,
    )
    if looked.returncode:
        last = looked.stderr.strip().rpartition("\n")[2]
        raise CannotStart(f"The Ray cluster at {cluster} does not answer: {last}")
    found = json.loads(looked.stdout.splitlines()[-1])
    return Size(found.get("CPU", 0), int(found.get("memory", 0)), int(found.get("GPU", 0)))
