"""Room on this machine for jobs that have no status for waiting: they say in their log what they wait for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cumulet.jobs import Job
from cumulet.services.sagemaker.instances import Instances, capacity_of, where
from cumulet.services.sagemaker.resources import Resources

LOOK = 0.2  # seconds between two looks, where nobody has told that there is room


class Interrupted(Exception):
    """Somebody asked for the end of a job that had not begun, or the server is leaving."""


class Room(Resources):
    def _take_room(self, job: Job, name: str, resources: dict[str, Any], cluster: str) -> None:
        """For what runs already: an earlier server found room for it."""
        wanted = Instances(self.store.directory).whole(resources)
        capacity_of(self.house, cluster).take(job.id, name, wanted)

    def _wait_for_room(
        self, job: Job, name: str, resources: dict[str, Any], say: Callable[[str], None], cluster: str = ""
    ) -> None:
        """Until there is room for all instances of a job, which are given back by `_leave_room`: on this machine, or
        on the cluster at an address."""
        capacity, said = capacity_of(self.house, cluster), ""
        while True:
            table = Instances(self.store.directory)
            why = capacity.claim(job.id, name, table.whole(resources), table.room(cluster))
            if not why:
                return
            if job.stopping or job.leaving:
                raise Interrupted
            if why != said:
                said = why
                say(f"Waiting for room on {where(cluster)}: {why}")
            capacity.wait(LOOK)

    def _leave_room(self, job: Job, cluster: str = "") -> None:
        capacity_of(self.house, cluster).release(job.id)
