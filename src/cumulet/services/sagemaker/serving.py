"""What keeps an endpoint alive: for each of its configurations a job of the house's supervisor.

It lays out the models, starts their processes, lets them take over from the configuration before, and
stays until it is stopped. Since the promise is durable, endpoints come back by themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cumulet.engines.run.environments import CannotBuild
from cumulet.engines.serve import NotLoaded, Program, Worker, clear
from cumulet.jobs import Job, Suspended
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.endpoint_log import EndpointLog
from cumulet.services.sagemaker.endpoints import Endpoints
from cumulet.services.sagemaker.fleet import Deployment, Fleet, Instance, Variant, fleet_of
from cumulet.services.sagemaker.models import model_data
from cumulet.services.sagemaker.resources import ENDPOINT
from cumulet.services.sagemaker.surroundings import Surroundings
from cumulet.wire.errors import AwsError

LOG_GROUP = "/aws/sagemaker/Endpoints"
HANDLER = Path(__file__).parent / "toolkit/inference.py"
LONGEST_REASON = 1024
LOADING = 600  # seconds that a model may take to load, as on AWS where the variant does not say


class Stopped(Exception):
    """The endpoint was deleted, or given another configuration, before this one was ready."""


class Serving(Endpoints, Surroundings):
    """The work behind CreateEndpoint and UpdateEndpoint."""

    def run_endpoint(self, job: Job) -> None:
        if self._wanted(job):
            self._serve(job)
        self._work_over(job)

    def run_endpoint_failed(self, job: Job, error: str) -> None:
        self._give_up(job, error)
        self._work_over(job)

    def _wanted(self, job: Job) -> bool:
        """Not where the endpoint was deleted, or this work given up, just before a server died."""
        body = self._get(ENDPOINT, job.payload["name"])
        return body is not None and job.id in body["works"] and not job.stopping

    def _serve(self, job: Job) -> None:
        try:
            with self._deployed(job) as deployment:
                self._take_over(job, deployment)
                while not job.wait(self._refresh_all(job)):
                    pass
        except Stopped:
            pass
        except (NotLoaded, CannotBuild, lake.CannotStage, AwsError) as error:
            self._give_up(job, str(error))
        if job.leaving and not job.stopping:
            raise Suspended

    @contextlib.contextmanager
    def _deployed(self, job: Job) -> Iterator[Deployment]:
        """The configuration's processes, ready; ended when this is left, however that happens."""
        variants = [Variant(v["VariantName"], v["InitialVariantWeight"]) for v in job.payload["variants"]]
        deployment = Deployment(variants, job.payload["number"])
        fleet, name = fleet_of(self.house), self._fleet_name(job.payload["name"])
        try:
            for variant, wanted in zip(variants, job.payload["variants"], strict=True):
                self._start_variant(job, variant, wanted)
            self._wait_ready(job, deployment)
            yield deployment
        finally:
            fleet.withdraw(name, deployment)
            deployment.close(drain=0 if job.leaving else 65)

    def _refresh_all(self, job: Job) -> float:
        """New credentials for every process; in how many seconds to do so again."""
        return min(
            self._refresh_credentials(variant["role"], container)
            for variant in job.payload["variants"]
            for container in self._containers(job, variant)
        )

    def _containers(self, job: Job, wanted: dict[str, Any]) -> list[Container]:
        """The folders of a variant's instances."""
        base, name = self._endpoint_folder(job), wanted["VariantName"]
        return [Container(base / f"{name}-{number}") for number in range(wanted["InitialInstanceCount"])]

    def _start_variant(self, job: Job, variant: Variant, wanted: dict[str, Any]) -> None:
        for number, container in enumerate(self._containers(job, wanted)):
            self._lay_out_model(wanted, container)
            instance = f"i-{job.id.replace('-', '')[:16]}{number}"
            group, stream = f"{LOG_GROUP}/{job.payload['name']}", f"{variant.name}/{instance}"
            log = EndpointLog(self.other("logs"), group, stream)
            program = self._program(wanted, container, log)
            variant.instances.append(Instance(instance, Worker(program, log)))

    def _lay_out_model(self, wanted: dict[str, Any], container: Container) -> None:
        """The model's files as its process finds them; kept, so that the next start needs no S3."""
        done = container.folder / "complete"
        if done.exists():
            return
        container.lay_out()
        s3, definition = self.other("s3"), wanted["container"]
        uri, archive = model_data(definition)
        if uri and archive:
            lake.stage_object(s3, uri, container.folder / "model.tar.gz")
            lake.unpack(container.folder / "model.tar.gz", container.ml / "model")
        elif uri:
            lake.stage_channel(s3, uri, container.ml / "model")
        if code := container.submitted(definition):
            lake.stage_object(s3, code, container.ml / "input/submit/sourcedir.tar.gz")
            lake.unpack(container.ml / "input/submit/sourcedir.tar.gz", container.ml / "code")
        done.touch()

    def _program(self, wanted: dict[str, Any], container: Container, log: EndpointLog) -> Program:
        image = images.find(wanted["container"]["Image"], self.store)
        python = self._required_python(image, container.requirements, log.say)
        environment = self._lasting_variables(wanted["role"], python, container)
        return Program(
            folder=container.folder,
            handler=HANDLER,
            python=str(python),
            environment={**environment, **wanted["container"].get("Environment", {})},
            mounts=container.mounts,
        )

    def _wait_ready(self, job: Job, deployment: Deployment) -> None:
        limit = "ContainerStartupHealthCheckTimeoutInSeconds"
        deadline = self._now() + max(variant.get(limit, LOADING) for variant in job.payload["variants"])
        for instance in deployment.instances():
            while not instance.worker.wait_ready(0.1):
                if job.stopping or job.leaving:
                    raise Stopped
                if self._now() > deadline:
                    raise NotLoaded("the model was not loaded in time")

    def _take_over(self, job: Job, deployment: Deployment) -> None:
        """From now on this configuration answers; the one before is asked to end."""
        if job.stopping or job.leaving:
            raise Stopped
        name, now = job.payload["name"], self._now()
        fleet: Fleet = fleet_of(self.house)

        def change(body: dict[str, Any]) -> None:
            if job.id not in body["works"] or body.get("serving", 0) > deployment.number:
                raise Stopped
            body["serving"] = deployment.number
            body["ProductionVariants"] = _summaries(job, body)
            body.update(EndpointConfigName=job.payload["config"], LastModifiedTime=now)
            if body["works"][-1] == job.id and body["EndpointStatus"] in ("Creating", "Updating", "Failed"):
                body["EndpointStatus"] = "InService"
                body.pop("FailureReason", None)
            for work in body["works"][: body["works"].index(job.id)]:
                self.house.jobs.stop(work)

        body = self._change(ENDPOINT, name, change)
        if body is None:
            raise Stopped
        fleet.publish(self._fleet_name(name), deployment)

    def _give_up(self, job: Job, reason: str) -> None:
        """This configuration cannot be served: the one before goes on, where there is one. Where a later one
        is on its way, that one decides what becomes of the endpoint."""
        now = self._now()
        said = f"The primary container for production variant did not pass the ping health check: {reason}"

        def change(body: dict[str, Any]) -> None:
            alive = len(body["works"]) > 1
            if body["works"][-1:] == [job.id] and body["EndpointStatus"] != "Deleting":
                body.update(EndpointStatus="InService" if alive else "Failed", LastModifiedTime=now)
                body["FailureReason"] = (
                    said if len(said) <= LONGEST_REASON else f"{said[:200]}...{said[-800:]}"
                )

        self._change(ENDPOINT, job.payload["name"], change)
        fleet_of(self.house).tell()

    def _work_over(self, job: Job) -> None:
        """Whatever became of it, now or in an earlier server: no process and no file of it stays."""
        for variant in job.payload["variants"]:
            for container in self._containers(job, variant):
                clear(container.folder)
        lake.remove(self._endpoint_folder(job))
        name = job.payload["name"]

        def leave(body: dict[str, Any]) -> None:
            body["works"] = [work for work in body["works"] if work != job.id]

        def change() -> None:
            self._change(ENDPOINT, name, leave)
            self._forget_if_over(name)

        self.store.atomically(change)

    def _endpoint_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/endpoints" / job.id


def _summaries(job: Job, body: dict[str, Any]) -> list[dict[str, Any]]:
    """DescribeEndpoint's view of the variants; weights that were changed by hand survive a restart."""
    again = job.attempt > 1 and body.get("EndpointConfigName") == job.payload["config"]
    present = body.get("ProductionVariants", []) if again else []
    weights = {variant["VariantName"]: variant["CurrentWeight"] for variant in present}
    return [_summary(variant, weights) for variant in job.payload["variants"]]


def _summary(variant: dict[str, Any], weights: dict[str, float]) -> dict[str, Any]:
    name, count = variant["VariantName"], variant["InitialInstanceCount"]
    image = variant["container"]["Image"]
    weight = weights.get(name, variant["InitialVariantWeight"])
    return {
        "VariantName": name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image}],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
        "CurrentInstanceCount": count,
        "DesiredInstanceCount": count,
    }
