"""The first half of a training job: room on the machine, inputs in their places, a process for each host."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.jobs import Job, Suspended
from cumulet.services.roles import HOUR
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.channels import channels
from cumulet.services.sagemaker.cluster import Host, hosts, hosts_file, resource_config
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.gang import Gang, Member
from cumulet.services.sagemaker.inputs import lay_channels, read_only, shielded
from cumulet.services.sagemaker.instances import Instances, capacity_of, where
from cumulet.services.sagemaker.progress import ended, enter
from cumulet.services.sagemaker.resources import TRAINING_JOB
from cumulet.services.sagemaker.room import Waiting, wait_for_turn
from cumulet.services.sagemaker.state_changes import announce
from cumulet.services.sagemaker.training_checks import built_in
from cumulet.services.sagemaker.training_output import LOG_GROUP, put_synced, synced
from cumulet.services.sagemaker.training_request import ROOT
from cumulet.services.sagemaker.warm_pools import CACHE, WarmPools

GRACE = 120.0  # seconds between SIGTERM and SIGKILL, as on AWS
LOOK = 0.2  # seconds between two looks at what goes on
RESTARTS = 5  # of a job whose machine went down under it, where RetryStrategy does not say
TOOLKIT = Path(__file__).parent / "toolkit/training.py"
ALGORITHM = TOOLKIT.with_name("algorithm.py")
PIPES = TOOLKIT.with_name("pipes.py")

PENDING, LONG = "MaxPendingTimeInSeconds", 28 * 24 * HOUR

Body = dict[str, Any]
Change = Callable[[Body, float], None]


class TrainingStart(WarmPools):
    def _record(self, name: str, change: Change) -> None:
        """Change a job's record, unless it has ended: what has ended stays as it is."""
        now = self._now()

        def apply(body: Body) -> None:
            if ended(body):
                return
            before = body["SecondaryStatus"]
            change(body, now)
            if body["SecondaryStatus"] != before:
                announce(self, body)

        self._change(TRAINING_JOB, name, apply)

    def _enter(self, name: str, secondary: str, message: str = "") -> None:
        self._record(name, lambda body, now: enter(body, secondary, now, message))

    def _job_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/jobs" / job.id

    def _start(self, job: Job, body: Body, gang: Gang) -> bool:
        """All hosts under way, their inputs laid out; False where somebody stopped the job before that."""
        if not self._find_room(job, body):
            return False
        if job.payload.get("started"):
            self._go_on(job, body, gang)
        body["pool"] = self._join_pool(body)
        tasks = self._lay_out_hosts(job, body, gang)
        if job.stopping:
            return False
        self._enter(body["TrainingJobName"], "Training")
        job.save(again=False, started=self._now())
        gang.start(tasks, self.house.config.ray_address)
        return True

    # Room

    def _find_room(self, job: Job, body: Body) -> bool:
        """Wait for room on this machine, and say what for; False where the job was stopped meanwhile."""
        cluster = self.house.config.ray_address
        capacity = capacity_of(self.house, cluster)
        waiting = Waiting(lambda why: self._pend(body["TrainingJobName"], why))
        while not job.stopping:
            table = Instances(self.store.directory)
            wanted, room = table.whole(body["ResourceConfig"]), table.room(cluster)
            why = capacity.claim(job.id, body["TrainingJobName"], wanted, room)
            if not why:
                return True
            if job.leaving:
                raise Suspended
            waiting.tell(f"Waiting for room on {where(cluster)}: {why}")
            if self._now() - body["CreationTime"] > body["StoppingCondition"].get(PENDING, LONG):
                return False
            wait_for_turn(job, capacity)
        return False

    def _pend(self, name: str, message: str) -> None:
        """One transition, however often the reason changes."""

        def change(body: Body, now: float) -> None:
            if body["SecondaryStatus"] == "Pending":
                body["SecondaryStatusTransitions"][-1]["StatusMessage"] = message
            else:
                enter(body, "Pending", now, message)

        self._record(name, change)

    def _go_on(self, job: Job, body: Body, gang: Gang) -> None:
        """After an attempt that was cut off or interrupted: its log is kept, and what it saved."""
        if not job.payload.get("interrupted"):
            self._check_restarts(job, body)
            self._enter(body["TrainingJobName"], "Restarting")
        job.save(interrupted=False)
        for member in gang.members:
            self.other("logs").rotate(*feed(body, member))
        put_synced(self.other("s3"), body, gang)

    def _check_restarts(self, job: Job, body: Body) -> None:
        allowed = body.get("RetryStrategy", {}).get("MaximumRetryAttempts", RESTARTS)
        job.save(restarts=job.payload.get("restarts", 0) + 1)
        if job.payload["restarts"] > allowed:
            raise RuntimeError(f"the job was cut off {allowed + 1} times and is not started again")

    # Downloading

    def _lay_out_hosts(self, job: Job, body: Body, gang: Gang) -> list[engine.Task]:
        """Every host's folder, filled; the tasks that start their programs."""
        everybody, port = hosts(body["ResourceConfig"]), _free_port()
        lake.remove(self._job_folder(job))
        self._enter(body["TrainingJobName"], "Downloading")
        return [
            self._host_task(job, body, host, member.container, port)
            for host, member in zip(everybody, gang.members, strict=True)
        ]

    def _host_task(self, job: Job, body: Body, host: Host, container: Container, port: int) -> engine.Task:
        s3, everybody = self.other("s3"), hosts(body["ResourceConfig"])
        mine = channels(body, host, everybody)
        container.lay_out()
        container.configure(body, resource_config(host, everybody), {c.name: c.config() for c in mine})
        lay_channels(s3, mine, container)
        if code := container.submitted(body):
            lake.stage_object(s3, code, container.ml / "input/submit/sourcedir.tar.gz")
        for local, uri in synced(body):
            lake.stage_channel(s3, uri, container.place(local), shared=False)  # to be overwritten
        container.hosts.write_text(hosts_file(job.id, everybody))
        python, environment = self._environment(body, container)
        own = {"/etc/hosts": container.hosts} if container.mounts else {}
        own |= self._cache(container, body.get("pool", ""))
        return engine.Task(
            folder=container.process,
            command=[*feeding(container), *command(body, str(python), self._entry_point(body))],
            environment=rendezvous(everybody, port) | environment,
            mounts=container.mounts | own,
            shielded=shielded(mine, container) if container.mounts else [],
            read_only=read_only(mine, container) if container.mounts else [],
            hostname=host.name if container.mounts else "",
            offline=body["EnableNetworkIsolation"],
            cwd=container.root,
            seconds=self._seconds(job, body),
            grace=GRACE,
            outlives=True,
            **self._share(host.kind, container),
        )

    def _seconds(self, job: Job, body: Body) -> float:
        """For how long the script may run from now: earlier attempts count, and waits of spot training."""
        stopping = body["StoppingCondition"]
        left = [stopping["MaxRuntimeInSeconds"] - job.payload.get("spent", 0)]
        if body.get("EnableManagedSpotTraining"):
            left.append(stopping["MaxWaitTimeInSeconds"] - (self._now() - body["CreationTime"]))
        return float(max(0.0, *left))

    def _entry_point(self, body: Body) -> tuple[str, ...]:
        return images.find(body["AlgorithmSpecification"]["TrainingImage"], self.store).command

    def _environment(self, body: Body, container: Container) -> tuple[Path, dict[str, str]]:
        image = images.find(body["AlgorithmSpecification"]["TrainingImage"], self.store)
        python = self._pool_python(image, container, body.get("pool", ""))
        lasting = body["StoppingCondition"]["MaxRuntimeInSeconds"] + HOUR
        return python, self._variables(body["RoleArn"], python, container, lasting, base=image.python) | {
            "CUMULET_INSTALL": self._installer(image, container),
            "TRAINING_JOB_NAME": body["TrainingJobName"],
            "TRAINING_JOB_ARN": body["TrainingJobArn"],
            "SM_FRAMEWORK_MODULE": image.framework.container,
            "SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY": str(
                container.root / CACHE.removeprefix(f"{ROOT}/")
            ),
            **body.get("Environment", {}),
            "CUMULET_ALGORITHM": image.algorithm if built_in(body) else "",
        }


def gang_of(body: Body, folder: Path) -> Gang:
    """The hosts of a job, each with its folder."""
    names = [host.name for host in hosts(body["ResourceConfig"])]
    return Gang([Member(name, Container(folder / name)) for name in names])


def feed(body: Body, member: Member) -> tuple[str, str, Path]:
    """The log stream of a host, its group, and the file that it is fed from."""
    stream = f"{body['TrainingJobName']}/{member.host}-{int(body['CreationTime'])}"
    return LOG_GROUP, stream, member.container.process / "output.log"


def feeding(container: Container) -> list[str]:
    """What stands before a command whose channels are pipes: it leaves the feeder behind."""
    if not container.pipes.is_file():
        return []
    return [sys.executable, "-I", "-S", str(PIPES), str(container.pipes)]


def command(body: Body, python: str, own: tuple[str, ...] = ()) -> list[str]:
    """The container's own entry point where the job names one or the image is a command (`own`), a built-in
    algorithm, or else our toolkit around the user's script."""
    algorithm = body["AlgorithmSpecification"]
    if entrypoint := algorithm.get("ContainerEntrypoint"):
        return [*entrypoint, *algorithm.get("ContainerArguments", [])]
    if own:
        return [*own, *algorithm.get("ContainerArguments", ["train"])]
    if built_in(body):
        return [python, str(ALGORITHM)]
    return [sys.executable, "-I", "-S", str(TOOLKIT), python]


def rendezvous(everybody: list[Host], port: int) -> dict[str, str]:
    """Where the processes of one training meet, as SageMaker's PyTorch containers say it. Their port is fixed;
    here other jobs are on the same machine, and each has one of its own."""
    interface = "lo0" if sys.platform == "darwin" else "lo"
    meeting = {"MASTER_ADDR": everybody[0].name, "MASTER_PORT": str(port)}
    return {**meeting, "GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
