"""From one configuration to the next: traffic goes over as the DeploymentConfig says, and back where an alarm rings.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
"""

from __future__ import annotations

import time

from cumulet.jobs import Job
from cumulet.services.sagemaker.endpoints import Endpoints
from cumulet.services.sagemaker.fleet import Deployment, fleet_of
from cumulet.services.sagemaker.resources import ENDPOINT
from cumulet.services.sagemaker.rollouts import RolledBack, plan_of

LOOK = 1.0  # seconds between looks at alarms


class Stopped(Exception):
    """The endpoint was deleted, or given another configuration, before this one was ready."""


class Takeover(Endpoints):
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
