"""What a processing job does between its promise and its end: a job of the house's supervisor.

Its inputs are laid out, its program runs on each of its instances in a process that outlives a killed server
and is taken over by the next, its outputs go to S3. A server that is shut down in order stops the program
first, and the next one starts it over.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.jobs import Job, Suspended
from cumulet.services.roles import HOUR
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.cluster import Host, hosts, hosts_file
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.courses import LONGEST_REASON, PROCESSING, Body
from cumulet.services.sagemaker.gang import Gang, Member
from cumulet.services.sagemaker.processing_data import Input, Uploads, inputs, lay_in, written_to
from cumulet.services.sagemaker.processing_jobs import ProcessingJobs
from cumulet.services.sagemaker.room import Interrupted, Room
from cumulet.services.sagemaker.surroundings import TOOLKIT, Surroundings
from cumulet.services.sagemaker.training_request import ROOT
from cumulet.wire.errors import AwsError

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
GRACE = 120.0  # seconds between SIGTERM and SIGKILL, as on AWS
LOOK = 0.2  # seconds between two looks at the log
SUBMIT = "smspark-submit"
PATIENCE = 10.0  # seconds that a shutdown waits for the program
RESTARTS = 5  # of a job whose machine went down under it


class Processing(ProcessingJobs, Surroundings, Room):
    """The work behind CreateProcessingJob."""

    def run_processing_job(self, job: Job) -> None:
        body = self._get(PROCESSING.kind, job.payload["name"])
        try:
            if body and not PROCESSING.ended(body):
                self._process(job, body)
        finally:
            self._leave_room(job, self.house.config.ray_address)
        self._clear_processing(job)

    def run_processing_job_failed(self, job: Job, error: str) -> None:
        self._end_job(PROCESSING, job.payload["name"], "Failed", f"InternalServerError: {error}")
        self._clear_processing(job)

    def _process(self, job: Job, body: Body) -> None:
        gang = _gang(body, self._processing_folder(job))
        try:
            if job.stopping and not gang.adopt():
                return self._end_job(PROCESSING, body["ProcessingJobName"], "Stopped")
            self._take_up(job, body, gang)
            self._watch_processing(job, body, gang)
            self._conclude_processing(body, gang)
        except Interrupted:
            if job.leaving and not job.stopping:
                raise Suspended from None
            self._end_job(PROCESSING, body["ProcessingJobName"], "Stopped")
        except (lake.CannotStage, AwsError) as error:
            self._end_job(PROCESSING, body["ProcessingJobName"], "Failed", f"ClientError: {error}")

    def _clear_processing(self, job: Job) -> None:
        """Whatever became of the job, now or in an earlier server: no process and no file of it stays."""
        folder = self._processing_folder(job)
        for place in folder.glob("*/process"):
            engine.end(place)
        lake.remove(folder)

    def _processing_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/processing" / job.id

    # Laying out

    def _take_up(self, job: Job, body: Body, gang: Gang) -> None:
        """The program under way on every instance: that of an earlier server, else a new one."""
        name, cluster = body["ProcessingJobName"], body["ProcessingResources"]["ClusterConfig"]
        if job.attempt > 1:
            if job.payload.pop("again", False):
                gang.end()
            elif gang.adopt():
                self._take_room(job, name, cluster, self.house.config.ray_address)
                return
            self._check_cut_off(job)
        for member in gang.members:
            self.other("logs").rotate(*_feed(body, member))
        group, stream, _ = _feed(body, gang.members[0])
        say = partial(self.other("logs").say, group, stream)
        self._wait_for_room(job, name, cluster, say, self.house.config.ray_address)
        lake.remove(self._processing_folder(job))
        tasks = self._laid_out(job, body, gang)
        self._record_job(PROCESSING, name, PROCESSING.begin)
        gang.start(tasks, self.house.config.ray_address)

    def _check_cut_off(self, job: Job) -> None:
        job.save(restarts=job.payload.get("restarts", 0) + 1, again=False)
        if job.payload["restarts"] > RESTARTS:
            raise RuntimeError(f"the job was cut off {RESTARTS + 1} times and is not started again")

    def _laid_out(self, job: Job, body: Body, gang: Gang) -> list[engine.Task]:
        """Every instance's folder, filled; the tasks that start their programs."""
        place = f"{body['ProcessingJobName']}-{job.id[:8]}-{job.attempt}"
        wanted = inputs(body, self.other("athena"), place, job.wait)
        for number, member in enumerate(gang.members):
            _configure(body, gang, member)
            own = written_to(body, wanted)
            lay_in(self.other("s3"), wanted, member.container.place, number, len(gang.members), own)
            self._uploads(body, member).make_places()
        if job.stopping or job.leaving:
            raise Interrupted
        image = images.find(body["AppSpecification"]["ImageUri"], self.store)
        python = self._own_python(image, Container(self._processing_folder(job)))
        for member in gang.members:
            member.container.hosts.write_text(hosts_file(job.id, _hosts(body)))
        return [self._processing_task(body, member, image, python, wanted) for member in gang.members]

    def _processing_task(
        self, body: Body, member: Member, image: images.Image, python: Path, wanted: list[Input]
    ) -> engine.Task:
        container, seconds = member.container, body["StoppingCondition"]["MaxRuntimeInSeconds"]
        environment = self._variables(body["RoleArn"], python, container, seconds + HOUR, base=image.python)
        kind = body["ProcessingResources"]["ClusterConfig"]["InstanceType"]
        own = {"/etc/hosts": container.hosts} if container.mounts else {}
        return engine.Task(
            folder=container.process,
            command=_command(body["AppSpecification"], image, container, python),
            environment={**environment, **body.get("Environment", {})},
            mounts=container.mounts | own,
            hostname=member.host if container.mounts else "",
            offline=bool(body.get("NetworkConfig", {}).get("EnableNetworkIsolation")),
            shielded=_shielded(wanted, written_to(body, wanted)) if container.mounts else [],
            cwd=container.root,
            seconds=seconds,
            grace=GRACE,
            outlives=True,
            **self._share(kind, container),
        )

    # Running

    def _watch_processing(self, job: Job, body: Body, gang: Gang) -> None:
        """Wait for the end of all; what they print and, where asked for, write is taken up as it comes."""
        uploads = [self._uploads(body, member) for member in gang.members]
        over = False
        while not over:
            if job.leaving and not job.stopping:
                job.save(again=True)
                gang.leave(PATIENCE)
                raise Suspended
            if job.stopping:
                gang.stop()
            over = gang.look(LOOK)
            for member, upload in zip(gang.members, uploads, strict=True):
                self.other("logs").ship(*_feed(body, member), ended=member.outcome is not None)
                upload.go_on()

    def _uploads(self, body: Body, member: Member) -> Uploads:
        scratch = member.container.folder / "upload"
        return Uploads(self.other("s3"), body, member.container.place, scratch)

    # Ending

    def _conclude_processing(self, body: Body, gang: Gang) -> None:
        """A program that failed leaves nothing but what was uploaded while it ran, as on AWS."""
        outcome, said = gang.decisive.outcome, _message(gang.decisive.container)
        assert outcome
        reason = _failure(outcome)
        if not reason:
            for member in gang.members:
                self._uploads(body, member).finish()

        def end(body: Body, now: float) -> None:
            if said:
                body["ExitMessage"] = said
            status = "Failed" if reason else "Completed" if outcome.reason == "exited" else "Stopped"
            PROCESSING.end(body, status, now, reason)

        self._record_job(PROCESSING, body["ProcessingJobName"], end)


def _gang(body: Body, folder: Path) -> Gang:
    return Gang([Member(host.name, Container(folder / host.name)) for host in _hosts(body)])


def _hosts(body: Body) -> list[Host]:
    return hosts(body["ProcessingResources"]["ClusterConfig"])


def _feed(body: Body, member: Member) -> tuple[str, str, Path]:
    """The log stream of an instance, its group, and the file that it is fed from."""
    stream = f"{body['ProcessingJobName']}/{member.host}-{int(body['CreationTime'])}"
    return LOG_GROUP, stream, member.container.process / "output.log"


def _configure(body: Body, gang: Gang, member: Member) -> None:
    """The two files of /opt/ml/config, as a processing container finds them."""
    config = member.container.ml / "config"
    for folder in (config, member.container.ml / "processing", member.container.ml / "output"):
        folder.mkdir(parents=True, exist_ok=True)
    told = {name: value for name, value in body.items() if name[:1].isupper() and name not in NOT_TOLD}
    kind = body["ProcessingResources"]["ClusterConfig"]["InstanceType"]
    resources = {"current_host": member.host, "hosts": gang.hosts, "current_instance_type": kind}
    for name, value in (("processingjobconfig", told), ("resourceconfig", resources)):
        (config / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")


NOT_TOLD = ("CreationTime", "LastModifiedTime", "ProcessingJobStatus", "ProcessingStartTime")


def _command(
    application: dict[str, Any], image: images.Image, container: Container, python: Path
) -> list[str]:
    """The entry point (of an image of one's own: that which it is mapped to, where none is named) and its
    arguments; without mounts, with the places where the job's folder really is. The command of Spark's containers
    is a program of ours."""
    words = [
        *(application.get("ContainerEntrypoint") or image.command),
        *application.get("ContainerArguments", []),
    ]
    if words[0] == SUBMIT and image.framework is images.SPARK:
        words = [sys.executable, "-I", "-S", str(TOOLKIT / "spark_submit.py"), str(python), *words[1:]]
    if container.mounts:
        return words
    return [str(container.place(word)) if word.startswith(f"{ROOT}/") else word for word in words]


def _shielded(wanted: list[Input], own: set[str]) -> list[str]:
    """The folders whose bytes are shared with the lake, the outer ones of those that lie in each other."""
    paths = sorted({given.path.rstrip("/") for given in wanted if given.path not in own})
    return [p for p in paths if not any(p != other and p.startswith(f"{other}/") for other in paths)]


def _message(container: Container) -> str:
    """What the program says of its end: at most 1 KB, of /opt/ml/output/message."""
    path = container.ml / "output/message"
    return path.read_text(errors="replace")[:LONGEST_REASON].strip() if path.is_file() else ""


def _failure(outcome: engine.Outcome) -> str:
    if outcome.reason == "lost":
        said = outcome.said or "the process that watched over the job was killed"
        return f"InternalServerError: {said}"
    if outcome.reason == "memory":
        return "AlgorithmError: the job used more memory than this machine has for it, exit code: 137"
    if outcome.reason != "exited" or not outcome.exit_code:
        return ""
    code = 128 - outcome.exit_code if outcome.exit_code < 0 else outcome.exit_code
    return f"AlgorithmError: See job logs for more information, exit code: {code}"
