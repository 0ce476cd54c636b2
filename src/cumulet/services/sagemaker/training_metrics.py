"""What training jobs tell CloudWatch: the metrics that their scripts print, processors and memory in use.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-jobs
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from cumulet.engines import run as engine
from cumulet.services.sagemaker.gang import Gang, Member
from cumulet.services.sagemaker.metrics import Metrics

NAMESPACE = "/aws/sagemaker/TrainingJobs"
EVERY = 1.0  # seconds between two writes of what a script has printed
SYSTEM_EVERY = 10.0
MOST = 1000  # datums of one call

Datum = dict[str, Any]


class Reporter:
    """What one job has to tell, written now and then and at its end."""

    def __init__(self, cloudwatch: Any, job: str, gang: Gang, metrics: Metrics) -> None:
        self.cloudwatch, self.job, self.gang, self.metrics = cloudwatch, job, gang, metrics
        self.next = self.next_system = time.monotonic() + EVERY
        self.used: dict[str, tuple[float, float]] = {}  # by host: when it was looked at, its CPU seconds then

    def report(self, now: float, *, over: bool) -> None:
        """Called often; writes seldom."""
        moment = time.monotonic()
        if not over and moment < self.next:
            return
        self.next = moment + EVERY
        told = [self._printed(*value) for value in self.metrics.take()]
        if over:
            told += [datum for member in self.gang.members for datum in self._final(member, now)]
        elif moment >= self.next_system:
            self.next_system = moment + SYSTEM_EVERY
            told += [datum for member in self.gang.members for datum in self._system(member, now)]
        for start in range(0, len(told), MOST):
            self.cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=told[start : start + MOST])

    def _printed(self, name: str, value: float, at: float) -> Datum:
        dimensions = [{"Name": "TrainingJobName", "Value": self.job}]
        return _datum(name, value, at, "None", dimensions)

    def _system(self, member: Member, now: float) -> list[Datum]:
        """Since the last look: 100 is one processor; or all the memory of this machine."""
        if member.run is None or member.outcome:
            return []
        cpu, resident = member.run.usage()
        moment = time.monotonic()
        before, spent = self.used.get(member.host, (moment - EVERY, 0.0))
        self.used[member.host] = (moment, cpu)
        return self._datums(member, max(0.0, cpu - spent) / max(0.001, moment - before), resident, now)

    def _final(self, member: Member, now: float) -> list[Datum]:
        """Of the whole run, for jobs that are over before anybody looks."""
        outcome: engine.Outcome | None = member.outcome
        if outcome is None or outcome.reason == "lost":
            return []
        seconds = max(0.001, outcome.ended - outcome.started)
        return self._datums(member, outcome.cpu_seconds / seconds, outcome.peak_memory_bytes, now)

    def _datums(self, member: Member, processors: float, resident: int, now: float) -> list[Datum]:
        dimensions = [{"Name": "Host", "Value": f"{self.job}/{member.host}"}]
        values = {"CPUUtilization": 100 * processors, "MemoryUtilization": 100 * resident / _memory()}
        return [_datum(name, value, now, "Percent", dimensions) for name, value in values.items()]


def _datum(name: str, value: float, at: float, unit: str, dimensions: list[dict[str, str]]) -> Datum:
    moment = datetime.fromtimestamp(at, UTC)
    return {"MetricName": name, "Value": value, "Timestamp": moment, "Unit": unit, "Dimensions": dimensions}


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
