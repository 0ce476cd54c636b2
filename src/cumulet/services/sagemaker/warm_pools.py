"""Warm pools: what a job leaves ready for the next one like it, for as long as it was asked to.

Kept are a Python environment that is made already and the pool's cache folder, which the jobs of a pool see
one after another as /opt/ml/sagemaker/warmpoolcache. No process waits, so nothing of the machine is taken.

https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html
"""

from __future__ import annotations

import json
import math
import uuid
from pathlib import Path
from typing import Any

from cumulet.engines.run import environments
from cumulet.jobs import Job
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.cluster import hosts
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import TRAINING_JOB
from cumulet.services.sagemaker.surroundings import Surroundings
from cumulet.services.sagemaker.training_request import ROOT

POOL = "warm-pool"  # the kind of record: named by the job that left it
CACHE = f"{ROOT}/sagemaker/warmpoolcache"
ALIKE = ("RoleArn", "VpcConfig", "EnableInterContainerTrafficEncryption", "EnableNetworkIsolation")
LONGEST = 28 * 86400  # that a pool may be kept on, from job to job

Body = dict[str, Any]


class WarmPools(Surroundings):
    def _join_pool(self, body: Body) -> str:
        """The pool that a job runs in: one that waits for its like, or a new one; "" where it wants none."""
        if not keep_alive(body):
            return ""
        name, now = body["TrainingJobName"], self._now()

        def join() -> str:
            pool = self._waiting(likeness(body), now) or {"id": str(uuid.uuid4())}
            if previous := pool.get("job"):
                self._delete(POOL, previous)
                self._tell_pool(previous, "Reused", now - pool["since"], ReusedByJob=name)
            self._tell_pool(name, "InUse", 0)
            self._change(TRAINING_JOB, name, lambda body: body.update(pool=pool["id"]))
            return str(pool["id"])

        return body.get("pool") or self.store.atomically(join)

    def _leave_pool(self, name: str) -> None:
        """A job is over: what it ran in waits for the next, or goes."""
        body, now = self._get(TRAINING_JOB, name), self._now()
        if not body or not (pool := body.get("pool")) or self._get(POOL, name):
            return None
        if body["TrainingJobStatus"] == "Failed" or not keep_alive(body):
            self._tell_pool(name, "Terminated", 0)
            return lake.remove(self._pool_folder(pool))
        self._prepare(body, pool)
        waiting = {"id": pool, "job": name, "like": likeness(body), "since": now}

        def leave() -> None:
            self._put(POOL, name, waiting | {"until": now + keep_alive(body)})
            self._tell_pool(name, "Available", 0)
            self.house.jobs.add("sagemaker.end_warm_pool", self.caller, due=now + keep_alive(body), name=name)

        return self.store.atomically(leave)

    def _keep_pool(self, name: str, seconds: int) -> None:
        """UpdateTrainingJob: from now on a pool waits for so long, or no more."""
        now = self._now()

        def change(pool: Body) -> None:
            if now + seconds - pool["since"] > LONGEST:
                raise invalid(f"A warm pool is kept for at most {LONGEST} seconds.")
            pool["until"] = now + seconds

        def keep() -> None:
            if self._change(POOL, name, change) is None:
                raise invalid(f"The warm pool of {name} is not available, so it cannot be updated.")
            self.house.jobs.add("sagemaker.end_warm_pool", self.caller, due=now + seconds, name=name)

        self.store.atomically(keep)

    def end_warm_pool(self, job: Job) -> None:
        """Work: what nobody has used in time goes."""
        pool, now = self._get(POOL, job.payload["name"]), self.house.clock()
        if not pool or pool["until"] > now:
            return

        def end() -> None:
            self._delete(POOL, job.payload["name"])
            self._tell_pool(job.payload["name"], "Terminated", pool["until"] - pool["since"])

        self.store.atomically(end)
        lake.remove(self._pool_folder(pool["id"]))

    def _waiting(self, like: str, now: float) -> Body | None:
        pools = (pool for _, pool in self.store.records.list(f"sagemaker.{POOL}", self.caller.scope))
        return next((pool for pool in pools if pool["like"] == like and pool["until"] > now), None)

    def _tell_pool(self, name: str, status: str, retained: float, **more: str) -> None:
        """DescribeTrainingJob's WarmPoolStatus."""
        told = {
            "Status": status,
            "ResourceRetainedBillableTimeInSeconds": math.ceil(max(0, retained)),
            **more,
        }
        self._change(TRAINING_JOB, name, lambda body: body.update(WarmPoolStatus=told))

    def _pool_folder(self, pool: str) -> Path:
        return self.store.directory / "sagemaker/warm" / pool

    def _prepare(self, body: Body, pool: str) -> None:
        """A Python for each host of the next job, made while nobody waits for it."""
        image = images.find(body["AlgorithmSpecification"]["TrainingImage"], self.store)
        for host in hosts(body["ResourceConfig"]):
            environments.private(self._pool_folder(pool) / host.name / "python", Path(image.python))

    def _pool_python(self, image: images.Image, container: Container, pool: str) -> Path:
        """The one that a pool has ready, else one of the job's own."""
        ready = self._pool_folder(pool) / container.folder.name / "python/bin/python"
        return ready if pool and ready.exists() else self._own_python(image, container)

    def _cache(self, container: Container, pool: str) -> dict[str, Path]:
        """The mount of a pool's cache, a link where there are no mounts."""
        if not pool:
            return {}
        cache = self._pool_folder(pool) / container.folder.name / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        place = container.place(CACHE)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not container.mounts:
            place.symlink_to(cache)
            return {}
        place.mkdir()
        return {CACHE: cache}


def keep_alive(body: Body) -> int:
    return int(body["ResourceConfig"].get("KeepAlivePeriodInSeconds", 0))


def likeness(body: Body) -> str:
    """What two jobs must have in common to follow one another in a pool."""
    resources = {k: v for k, v in body["ResourceConfig"].items() if k != "KeepAlivePeriodInSeconds"}
    image = body["AlgorithmSpecification"]["TrainingImage"]
    return json.dumps([resources, image, *(body.get(member) for member in ALIKE)], sort_keys=True)
