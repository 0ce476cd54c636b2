"""What an instance type takes of this machine: a table that people can change, and the queue for what is left.

`<data directory>/instances.json`, every part of it optional, read anew for every job:

    {"machine":        {"processors": 8, "memory_gib": 32, "gpus": 1},
     "ml.g5.*":        {"processors": 4, "memory_gib": 16, "gpus": 1},
     "*":              {"processors": 1}}

The first pattern that fits counts. A job takes its size as often as it has instances; each of its processes
may hold `memory_gib` and is killed beyond. Without a table an instance takes one processor of those that are
there, and as much memory as it likes.
"""

from __future__ import annotations

import json
import os
import threading
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from cumulet.engines.run import ray_runner
from cumulet.engines.run.capacity import Capacity, Size
from cumulet.house import House
from cumulet.services.sagemaker.cluster import groups
from cumulet.services.sagemaker.refusals import invalid

FILE = "instances.json"
MACHINE = "machine"
FEWEST = 2  # a machine of one core still does two things at a time
GIB = 1 << 30

_capacities: WeakKeyDictionary[House, dict[str, Capacity]] = WeakKeyDictionary()
_making = threading.Lock()


def capacity_of(house: House, cluster: str = "") -> Capacity:
    """What is held of this machine, or of the cluster at an address."""
    with _making:
        return _capacities.setdefault(house, {}).setdefault(cluster, Capacity())


def where(cluster: str) -> str:
    """What a job waits for room on."""
    return "the Ray cluster" if cluster else "this machine"


class Instances:
    """The table of one data directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE
        self.table = self._read()

    def size(self, kind: str) -> Size:
        """Of one instance of a type."""
        patterns = (pattern for pattern in self.table if pattern != MACHINE and fnmatchcase(kind, pattern))
        return self._size(self.table.get(next(patterns, ""), {"processors": 1}))

    def whole(self, resources: dict[str, Any]) -> Size:
        """Of all instances that a ResourceConfig asks for."""
        kinds = [group["InstanceType"] for group in groups(resources) for _ in range(group["InstanceCount"])]
        return sum(map(self.size, kinds), Size())

    def room(self, cluster: str) -> Size:
        """What all jobs together may take: of this machine, or of the cluster that they run on."""
        return ray_runner.size(cluster) if cluster else self.machine

    @property
    def machine(self) -> Size:
        own = {"processors": max(FEWEST, os.cpu_count() or 1), "memory_gib": _memory(), "gpus": _gpus()}
        return self._size({**own, **self.table.get(MACHINE, {})})

    def _size(self, told: dict[str, Any]) -> Size:
        try:
            memory = int(float(told.get("memory_gib", 0)) * GIB)
            return Size(float(told.get("processors", 0)), memory, int(told.get("gpus", 0)))
        except (TypeError, ValueError):
            raise self._unusable(f"{told} is no size") from None

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self.path.exists():
            return {}
        try:
            table = json.loads(self.path.read_text())
        except ValueError as error:
            raise self._unusable(str(error)) from None
        if not isinstance(table, dict) or not all(isinstance(size, dict) for size in table.values()):
            raise self._unusable("it must be an object of objects")
        return table

    def _unusable(self, why: str) -> Exception:
        return invalid(f"The table of instance types {self.path} cannot be used: {why}.")


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


@cache
def _gpus() -> int:
    return len(list(Path("/dev").glob("nvidia[0-9]*")))
