"""What keeps an endpoint alive: for each of its configurations a job of the house's supervisor.

It lays out the models, starts their processes, lets them take over from the configuration before, and
stays until it is stopped. Since the promise is durable, endpoints come back by themselves.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

from cumulet.engines.run.environments import CannotBuild
from cumulet.engines.serve import NotLoaded, clear
from cumulet.jobs import Job, Suspended
from cumulet.services.sagemaker import capture, endpoint_metrics, lake
from cumulet.services.sagemaker.async_inferences import AsyncInferences, Backlog
from cumulet.services.sagemaker.capture import Capture
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.deployed import beginning, describe
from cumulet.services.sagemaker.endpoint_metrics import Reporter
from cumulet.services.sagemaker.fleet import DRAIN, Deployment, Fleet, fleet_of
from cumulet.services.sagemaker.monitoring import Monitoring
from cumulet.services.sagemaker.resources import ENDPOINT
from cumulet.services.sagemaker.rollouts import RolledBack
from cumulet.services.sagemaker.scaling import Scaling, patience
from cumulet.services.sagemaker.takeover import Stopped, Takeover
from cumulet.services.sagemaker.variants import Variant
from cumulet.wire.errors import AwsError

LONGEST_REASON = 1024
COMING = 0.5  # seconds between looks at instances that are not ready yet

log = logging.getLogger(__name__)


class Serving(Takeover, Scaling, AsyncInferences, Monitoring):
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
                self._shift_traffic(job, deployment)
                self._take_over(job, deployment)
                self._keep(job, deployment)
        except Stopped:
            pass
        except (NotLoaded, CannotBuild, lake.CannotStage, AwsError, RolledBack) as error:
            self._give_up(job, str(error))
        if job.leaving and not job.stopping:
            raise Suspended

    @contextlib.contextmanager
    def _deployed(self, job: Job) -> Iterator[Deployment]:
        """The configuration's processes, ready; ended when this is left, however that happens."""
        deployment = self._new_deployment(job)
        fleet, name = fleet_of(self.house), self._fleet_name(job.payload["name"])
        try:
            for variant in deployment.everybody:
                for number in range(beginning(variant.definition)):
                    self._start_instance(job, variant, number)
            self._wait_ready(job, deployment)
            yield deployment
        finally:
            fleet.withdraw(name, deployment)
            deployment.close(drain=0 if job.leaving else DRAIN)
            self._report(deployment, Reporter(job.payload["name"]))

    def _new_deployment(self, job: Job) -> Deployment:
        variants = [_variant(definition) for definition in job.payload["variants"]]
        shadows = [_variant(definition) for definition in job.payload.get("shadows", [])]
        growing = threading.Lock()

        def grow(variant: Variant) -> None:
            with growing:
                taken = {instance.number for instance in variant.instances}
                number = next(number for number in range(len(taken) + 1) if number not in taken)
                self._start_instance(job, variant, number)

        deployment = Deployment(variants, job.payload["number"], shadows, grow)
        deployment.asynchronous = bool(job.payload.get("asynchronous"))
        for variant in deployment.everybody:
            deployment.kept_warm += self._prepare_variant(job, variant)
        if (config := job.payload.get("capture")) and config.get("EnableCapture"):
            folder = self._endpoint_folder(job) / "capture"
            deployment.capture = Capture(config, job.payload["name"], folder)
        return deployment

    def _wait_ready(self, job: Job, deployment: Deployment) -> None:
        deadline = time.monotonic() + max(map(patience, deployment.everybody))
        workers = [worker for instance in deployment.instances() for worker in instance.workers.values()]
        for worker in workers:
            while not worker.wait_ready(0.1):
                if job.stopping or job.leaving:
                    raise Stopped
                if time.monotonic() > deadline:
                    said = worker.reason or worker.last_words()
                    raise NotLoaded(f"the model was not loaded in time. {said}".strip())

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
            describe(job, body)
            body.update(EndpointConfigName=job.payload["config"], LastModifiedTime=now)
            if body["works"][-1] == job.id and body["EndpointStatus"] in ("Creating", "Updating", "Failed"):
                body["EndpointStatus"] = "InService"
                body.pop("FailureReason", None)
            for work in body["works"][: body["works"].index(job.id)]:
                self.house.jobs.stop(work)

        body = self._change(ENDPOINT, name, change)
        if body is None:
            raise Stopped
        for described in body["ProductionVariants"]:
            if variant := deployment.variants.get(described["VariantName"]):
                variant.weight = described["CurrentWeight"]
        deployment.wake = job.wake
        fleet.publish(self._fleet_name(name), deployment)

    def _keep(self, job: Job, deployment: Deployment) -> None:
        """Everything that has to be done now and then for an endpoint that is in service."""
        reporter = Reporter(job.payload["name"])
        renew = time.monotonic() + self._refresh_all(deployment)
        backlog = Backlog()
        try:
            self._look_after(job, deployment, backlog, reporter)
            while not job.wait(self._pace(deployment, renew)):
                self._look_after(job, deployment, backlog, reporter)
                if time.monotonic() >= renew:
                    renew = time.monotonic() + self._refresh_all(deployment)
        finally:
            backlog.close()

    def _look_after(self, job: Job, deployment: Deployment, backlog: Backlog, reporter: Reporter) -> None:
        self._fit(job, deployment)
        self._let_idle_go(deployment)
        if job.payload.get("asynchronous"):
            reporter.backlog = self._work_backlog(job.payload["name"], deployment, backlog)
        if reporter.due():
            self._report(deployment, reporter)

    def _pace(self, deployment: Deployment, renew: float) -> float:
        """Seconds until something has to be looked at; whoever changes something wakes the job besides."""
        due = [max(0.1, renew - time.monotonic()), endpoint_metrics.EVERY]
        due += [COMING] if deployment.coming() else []
        return min([*due, capture.EVERY] if deployment.capture else due)

    def _report(self, deployment: Deployment, reporter: Reporter) -> None:
        """What cannot be told or delivered now is so later, or lost; the endpoint goes on."""
        try:
            if deployment.capture:
                deployment.capture.deliver(self.other("s3"))
            reporter.report(self.other("cloudwatch"), deployment, self._now())
        except Exception:
            log.exception("metrics or captured data of endpoint %s were not delivered", reporter.endpoint)

    def _refresh_all(self, deployment: Deployment) -> float:
        """New credentials for every process; in how many seconds to do so again."""
        return min(
            (
                self._refresh_credentials(variant.definition["role"], Container(worker.program.folder))
                for variant in deployment.everybody
                for instance in variant.instances
                for worker in instance.workers.values()
            ),
            default=600.0,
        )

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
        folder = self._endpoint_folder(job)
        for place in folder.glob("*/"):
            clear(place)
        lake.remove(folder)
        name = job.payload["name"]

        def leave(body: dict[str, Any]) -> None:
            body["works"] = [work for work in body["works"] if work != job.id]

        def change() -> None:
            self._change(ENDPOINT, name, leave)
            self._forget_if_over(name)

        self.store.atomically(change)


def _variant(definition: dict[str, Any]) -> Variant:
    return Variant(definition["VariantName"], definition["InitialVariantWeight"], definition)
