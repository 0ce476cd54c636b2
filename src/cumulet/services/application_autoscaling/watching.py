"""The work that looks after an account's scalable targets: limits, schedules, and alarms that go on ringing.

CloudWatch tells a policy when its alarm goes off. While the alarm stays in that state, the policy acts again
whenever its cooldown is over; that is seen to here.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
"""

from __future__ import annotations

import logging

from cumulet.jobs import Job, Suspended
from cumulet.services.application_autoscaling.policies import Policies
from cumulet.services.application_autoscaling.schedules import Schedules
from cumulet.services.application_autoscaling.targets import POLICY, TARGET, place_of
from cumulet.wire.errors import AwsError

LOOK = 1.0  # seconds between looks at limits and schedules
AGAIN = 30  # looks between two at the alarms

log = logging.getLogger(__name__)


class Watching(Policies, Schedules):
    def watch_targets(self, job: Job) -> None:
        """Work: until there are no targets left."""
        looks = 0
        while not job.stopping:
            if job.leaving:
                raise Suspended
            if self._none_left():
                return
            looks += 1
            self._look(looks % AGAIN == 0)
            job.wait(LOOK)

    def watch_targets_failed(self, job: Job, reason: str) -> None:
        """The next target that is registered starts the work anew."""
        self.store.records.delete("application-autoscaling.watch", self.caller.scope, "targets")

    def _look(self, thoroughly: bool) -> None:
        try:
            self.act_on_schedule(self.house.clock())
            self._keep_limits()
            if thoroughly:
                self._heed_alarms()
        except AwsError as error:
            log.warning("scaling: %s", error.message)

    def _keep_limits(self) -> None:
        for _, target in self.store.records.list(TARGET, self.caller.scope):
            place = place_of(target["ServiceNamespace"], target["ResourceId"], target["ScalableDimension"])
            try:
                present = self._capacity(place)
            except AwsError:
                continue  # its endpoint is gone; the target is its owner's to deregister
            if not target["MinCapacity"] <= present <= target["MaxCapacity"]:
                self.scale(place, present, "the capacity was outside of the target's limits")

    def _heed_alarms(self) -> None:
        for name, policy in self.store.records.list(POLICY, self.caller.scope):
            names = [alarm["AlarmName"] for alarm in policy.get("Alarms", [])]
            if not names:
                continue
            for alarm in self.other("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]:
                if alarm["StateValue"] == "ALARM":
                    self.carry_out(name, policy, alarm)

    def _none_left(self) -> bool:
        """Whether the work is over; told in one change, so that a new target does not miss it."""

        def change() -> bool:
            if self.store.records.list(TARGET, self.caller.scope, limit=1):
                return False
            self.store.records.delete("application-autoscaling.watch", self.caller.scope, "targets")
            return True

        return self.store.atomically(change)
