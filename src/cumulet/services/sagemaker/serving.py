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
from cumulet.services.sagemaker.endpoint_metrics import Reporter
from cumulet.services.sagemaker.endpoints import Endpoints
from cumulet.services.sagemaker.fleet import DRAIN, Deployment, Fleet, fleet_of
from cumulet.services.sagemaker.hosting import Hosting
from cumulet.services.sagemaker.resources import ENDPOINT
from cumulet.services.sagemaker.rollouts import RolledBack, plan_of
from cumulet.services.sagemaker.variants import Variant
from cumulet.wire.errors import AwsError

LONGEST_REASON = 1024
LOADING = 600  # seconds that a model may take to load, as on AWS where the variant does not say
LOOK = 1.0  # seconds between looks at alarms, while traffic shifts
IDLE = 300.0  # seconds without a question after which a serverless variant's processes end

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The endpoint was deleted, or given another configuration, before this one was ready."""


class Serving(Endpoints, Hosting, AsyncInferences):
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
                for number in range(_beginning(variant.definition)):
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
        for variant in deployment.everybody:  # a serverless variant's files are there before anybody asks
            for definition in variant.definition["containers"]:
                self._container(job, variant.definition, definition, 0)
        if (config := job.payload.get("capture")) and config.get("EnableCapture"):
            folder = self._endpoint_folder(job) / "capture"
            deployment.capture = Capture(config, job.payload["name"], folder)
        return deployment

    def _wait_ready(self, job: Job, deployment: Deployment) -> None:
        limit = "ContainerStartupHealthCheckTimeoutInSeconds"
        patience = max(variant.definition.get(limit, LOADING) for variant in deployment.everybody)
        deadline = time.monotonic() + patience
        workers = [worker for instance in deployment.instances() for worker in instance.workers.values()]
        for worker in workers:
            while not worker.wait_ready(0.1):
                if job.stopping or job.leaving:
                    raise Stopped
                if time.monotonic() > deadline:
                    raise NotLoaded("the model was not loaded in time")

    def _shift_traffic(self, job: Job, deployment: Deployment) -> None:
        """Let the configuration before go on beside this one, as the DeploymentConfig says."""
        fleet, name = fleet_of(self.house), self._fleet_name(job.payload["name"])
        body = self._get(ENDPOINT, job.payload["name"])
        if job.payload.get("plan") is None or not body or len(body["works"]) < 2:
            return
        plan = plan_of(job.payload["plan"], len(deployment.instances()))
        for share, wait in [*plan.steps, (1.0, plan.termination_wait)]:
            fleet.shift(name, deployment, share)
            self._bake(job, plan.alarms, wait)

    def _bake(self, job: Job, alarms: list[str], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._check_alarms(job, alarms)
            left = deadline - time.monotonic()
            if left <= 0:
                return
            if job.wait(min(LOOK, left)):
                raise Stopped

    def _check_alarms(self, job: Job, alarms: list[str]) -> None:
        if not alarms:
            return
        found = self.other("cloudwatch").describe_alarms(
            AlarmNames=alarms, AlarmTypes=["MetricAlarm", "CompositeAlarm"]
        )
        states = [*found.get("MetricAlarms", []), *found.get("CompositeAlarms", [])]
        if ringing := [alarm["AlarmName"] for alarm in states if alarm["StateValue"] == "ALARM"]:
            now = self._now()
            self._change(
                ENDPOINT,
                job.payload["name"],
                lambda body: body.update(EndpointStatus="RollingBack", LastModifiedTime=now),
            )
            raise RolledBack(f"One or more alarms went off while traffic shifted: {', '.join(ringing)}.")

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
            _describe(job, body)
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
        return min([*due, capture.EVERY] if deployment.capture else due)

    def _fit(self, job: Job, deployment: Deployment) -> None:
        """Start and end instances until there are as many as are wanted."""
        body = self._get(ENDPOINT, job.payload["name"])
        if body is None or body["works"][-1:] != [job.id]:
            return
        wanted = {v["VariantName"]: v.get("DesiredInstanceCount") for v in body.get("ProductionVariants", [])}
        changed = False
        for variant in deployment.variants.values():
            count = wanted.get(variant.name)
            if count is not None and count != len(variant.staying):
                self._fit_variant(job, deployment, variant, count)
                changed = True
        if changed or body["EndpointStatus"] == "Updating":
            self._settle(job, deployment)

    def _fit_variant(self, job: Job, deployment: Deployment, variant: Variant, count: int) -> None:
        numbers = {instance.number for instance in variant.instances}
        free = (number for number in range(count + len(numbers)) if number not in numbers)
        fresh = [self._start_instance(job, variant, next(free)) for _ in range(count - len(variant.staying))]
        for instance in fresh:
            for worker in instance.workers.values():
                while not worker.wait_ready(0.1) and not (job.stopping or job.leaving):
                    pass
        surplus = variant.staying[count:]
        if surplus:
            threading.Thread(target=deployment.retire, args=(variant, surplus), daemon=True).start()

    def _settle(self, job: Job, deployment: Deployment) -> None:
        """Tell how many instances there are now."""
        counts = {variant.name: len(variant.staying) for variant in deployment.variants.values()}
        now = self._now()

        def change(body: dict[str, Any]) -> None:
            for variant in body["ProductionVariants"]:
                if variant.get("DesiredInstanceCount") is not None:
                    variant["CurrentInstanceCount"] = counts.get(variant["VariantName"], 0)
            if body["works"][-1:] == [job.id] and body["EndpointStatus"] == "Updating":
                body.update(EndpointStatus="InService", LastModifiedTime=now)

        self._change(ENDPOINT, job.payload["name"], change)
        fleet_of(self.house).tell()

    def _let_idle_go(self, deployment: Deployment) -> None:
        """Serverless variants scale to what is provisioned, which mostly is nothing."""
        for variant in deployment.variants.values():
            if variant.most is None or time.monotonic() - variant.used_at < IDLE:
                continue
            kept = _beginning(variant.definition)
            if idle := [instance for instance in variant.staying[kept:] if instance.busy == 0]:
                deployment.retire(variant, idle)

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


def _beginning(definition: dict[str, Any]) -> int:
    """Instances at the beginning: of a serverless variant those that are provisioned."""
    if serverless := definition.get("ServerlessConfig"):
        return int(serverless.get("ProvisionedConcurrency", 0))
    return int(definition["InitialInstanceCount"])


def _describe(job: Job, body: dict[str, Any]) -> None:
    """DescribeEndpoint's view; weights and counts that were changed by hand survive a restart."""
    again = job.attempt > 1 and body.get("EndpointConfigName") == job.payload["config"]
    present = {v["VariantName"]: v for v in body.get("ProductionVariants", [])} if again else {}
    body["ProductionVariants"] = [_summary(v, present) for v in job.payload["variants"]]
    shadows = [_summary(v, {}) for v in job.payload.get("shadows", [])]
    captured, asynchronous = job.payload.get("capture"), job.payload.get("asynchronous")
    told = {
        "ShadowProductionVariants": shadows or None,
        "AsyncInferenceConfig": asynchronous,
        "DataCaptureConfig": captured and _capture_summary(captured),
    }
    for member, value in told.items():
        body.pop(member, None)
        if value:
            body[member] = value


def _capture_summary(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "EnableCapture": bool(config.get("EnableCapture")),
        "CaptureStatus": "Started" if config.get("EnableCapture") else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


def _summary(variant: dict[str, Any], present: dict[str, dict[str, Any]]) -> dict[str, Any]:
    name = variant["VariantName"]
    before = present.get(name, {})
    images = [container["Image"] for container in variant["containers"]]
    weight = before.get("CurrentWeight", variant["InitialVariantWeight"])
    told = {
        "VariantName": name,
        "DeployedImages": [{"SpecifiedImage": image, "ResolvedImage": image} for image in images],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if serverless := variant.get("ServerlessConfig"):
        return {**told, "CurrentServerlessConfig": serverless, "DesiredServerlessConfig": serverless}
    count = variant["InitialInstanceCount"]
    wanted = before.get("DesiredInstanceCount", count)
    return {**told, "CurrentInstanceCount": count, "DesiredInstanceCount": wanted}
