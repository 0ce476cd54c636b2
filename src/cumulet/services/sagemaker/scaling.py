"""As many processes as are wanted: what UpdateEndpointWeightsAndCapacities asked for, and serverless variants.

https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from cumulet.jobs import Job
from cumulet.services.sagemaker.deployed import beginning
from cumulet.services.sagemaker.fleet import Deployment, fleet_of
from cumulet.services.sagemaker.hosting import Hosting
from cumulet.services.sagemaker.resources import ENDPOINT
from cumulet.services.sagemaker.variants import Instance, Variant

LOADING = 600  # seconds that a model may take to load, as on AWS where the variant does not say
LONGEST = 1024  # characters of a FailureReason
MOMENT = 5.0  # seconds in which most models are loaded; what takes longer is looked at now and then
LOOK = 0.1
IDLE = 300.0  # seconds without a question after which a serverless variant's processes end


class Scaling(Hosting):
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
            self._settle_when_ready(job, deployment)

    def _fit_variant(self, job: Job, deployment: Deployment, variant: Variant, count: int) -> None:
        numbers = {instance.number for instance in variant.instances}
        free = (number for number in range(count + len(numbers)) if number not in numbers)
        fresh = [self._start_instance(job, variant, next(free)) for _ in range(count - len(variant.staying))]
        deadline = time.monotonic() + MOMENT
        for instance in fresh:
            while not instance.wait_ready(LOOK) and time.monotonic() < deadline:
                if job.stopping or job.leaving:
                    return
        if surplus := variant.staying[count:]:
            _let_go(deployment, variant, surplus)

    def _settle_when_ready(self, job: Job, deployment: Deployment) -> None:
        """What takes longer than a model may take to load is given up: a cluster may have no room for it."""
        coming = [taken for taken in deployment.coming() if not taken[1].wait_ready(0)]
        now = time.monotonic()
        late = [taken for taken in coming if now > taken[1].began + patience(taken[0])]
        for variant, instance in late:
            _let_go(deployment, variant, [instance])
        if len(late) == len(coming):
            self._settle(job, deployment, [instance.worker.last_words() for _, instance in late])

    def _settle(self, job: Job, deployment: Deployment, missed: Sequence[str] = ()) -> None:
        """Tell how many instances there are now, and why there are no more."""
        counts = {variant.name: len(variant.staying) for variant in deployment.variants.values()}
        now = self._now()

        def change(body: dict[str, Any]) -> None:
            for variant in body["ProductionVariants"]:
                if variant.get("DesiredInstanceCount") is not None:
                    variant["CurrentInstanceCount"] = counts.get(variant["VariantName"], 0)
                    if missed:
                        variant["DesiredInstanceCount"] = variant["CurrentInstanceCount"]
            if missed:
                told = f"{len(missed)} of the wanted instances were not ready in time: {missed[0]}"
                body["FailureReason"] = told[:LONGEST]
            if body["works"][-1:] == [job.id] and body["EndpointStatus"] == "Updating":
                body.update(EndpointStatus="InService", LastModifiedTime=now)

        self._change(ENDPOINT, job.payload["name"], change)
        fleet_of(self.house).tell()

    def _let_idle_go(self, deployment: Deployment) -> None:
        """Serverless variants scale to what is provisioned, which mostly is nothing; what their processes are
        forked from is kept."""
        for program in deployment.kept_warm:
            program.warm()
        for variant in deployment.variants.values():
            if variant.most is None or time.monotonic() - variant.used_at < IDLE:
                continue
            kept = beginning(variant.definition)
            if idle := [instance for instance in variant.staying[kept:] if instance.busy == 0]:
                deployment.retire(variant, idle)


def patience(variant: Variant) -> float:
    """Seconds that an instance of a variant may take until its model is loaded."""
    return float(variant.definition.get("ContainerStartupHealthCheckTimeoutInSeconds", LOADING))


def _let_go(deployment: Deployment, variant: Variant, instances: list[Instance]) -> None:
    """They count no more; they end when they have answered what they were asked."""
    for instance in instances:
        instance.leaving = True
    threading.Thread(target=deployment.retire, args=(variant, instances), daemon=True).start()
