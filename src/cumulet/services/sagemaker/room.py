"""Room on this machine for jobs that have no status for waiting: they say in their log what they wait for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cumulet.engines.run.capacity import Capacity
from cumulet.jobs import Job
from cumulet.services.sagemaker.instances import Instances, capacity_of, where
from cumulet.services.sagemaker.resources import Resources

LOOK = 0.2  # seconds between two looks at whether somebody wants the end of a job that waits
AGAIN = 1.0  # seconds between two looks at the table of instance types, which people change
TELL = 10.0  # seconds for which a reason is told before the next: many wait, and each of them tells it


class Interrupted(Exception):
    """Somebody asked for the end of a job that had not begun, or the server is leaving."""


class Waiting:
    """What a job that waits has told of the reason. It changes with everybody who comes and goes before it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say, self.said, self.told = say, "", 0.0

    def tell(self, why: str) -> None:
        now = time.monotonic()
        if why != self.said and (not self.said or now - self.told >= TELL):
            self.said, self.told = why, now
            self.say(why)


def wait_for_turn(job: Job, capacity: Capacity) -> None:
    """Until there may be room, somebody wants the end of the job, or it is time to look again."""
    for _ in range(round(AGAIN / LOOK)):
        if job.stopping or job.leaving or capacity.turn(job.id, LOOK):
            return


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
        capacity, waiting = capacity_of(self.house, cluster), Waiting(say)
        while True:
            table = Instances(self.store.directory)
            why = capacity.claim(job.id, name, table.whole(resources), table.room(cluster))
            if not why:
                return
            if job.stopping or job.leaving:
                raise Interrupted
            waiting.tell(f"Waiting for room on {where(cluster)}: {why}")
            wait_for_turn(job, capacity)

    def _leave_room(self, job: Job, cluster: str = "") -> None:
        capacity_of(self.house, cluster).release(job.id)
