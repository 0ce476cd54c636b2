"""What endpoints tell CloudWatch: invocations and latencies of their variants, processors and memory in use.

One write for each endpoint and period, never one for a request.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from cumulet.services.sagemaker.fleet import Deployment
from cumulet.services.sagemaker.tally import Figures, metric_data
from cumulet.services.sagemaker.variants import Instance, Variant

NAMESPACE, SYSTEM = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
EVERY = 10.0  # seconds between two looks at what there is to tell
SYSTEM_EVERY = 60.0


class Reporter:
    """What one deployment has to tell."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.used: dict[
            str, tuple[float, float]
        ] = {}  # by instance: when it was looked at, its CPU seconds then
        self.system_at = self.reported_at = time.monotonic()
        self.backlog: int | None = None  # of asynchronous requests, where the endpoint takes them

    def due(self) -> bool:
        """Whether the last report is some seconds ago, however often somebody looks."""
        return time.monotonic() - self.reported_at >= EVERY / 2

    def report(self, cloudwatch: Any, deployment: Deployment, now: float) -> None:
        self.reported_at = time.monotonic()
        self._report_invocations(cloudwatch, deployment, now)
        if time.monotonic() - self.system_at >= SYSTEM_EVERY:
            self.system_at = time.monotonic()
            system = [datum for variant in deployment.everybody for datum in self._system(variant, now)]
            if system:
                cloudwatch.put_metric_data(Namespace=SYSTEM, MetricData=system)

    def _report_invocations(self, cloudwatch: Any, deployment: Deployment, now: float) -> None:
        """None is lost where they cannot be told, as on a full disk: they are told with the next."""
        taken = [(variant, variant.tally.take()) for variant in deployment.everybody]
        told = [datum for variant, figures in taken for datum in self._invocations(variant, figures, now)]
        if self.backlog is not None:
            told.append(self._backlog_size(now))
        try:
            if told:
                cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=told)
        except Exception:
            for variant, figures in taken:
                variant.tally.give_back(figures)
            raise

    def _backlog_size(self, now: float) -> dict[str, Any]:
        """https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html"""
        dimensions = [{"Name": "EndpointName", "Value": self.endpoint}]
        name, unit, value = "ApproximateBacklogSize", "Count", float(self.backlog or 0)
        return {
            "MetricName": name,
            "Unit": unit,
            "Timestamp": _time(now),
            "Dimensions": dimensions,
            "Value": value,
        }

    def _datum(self, variant: Variant, name: str, unit: str, now: float, **value: Any) -> dict[str, Any]:
        dimensions = [
            {"Name": "EndpointName", "Value": self.endpoint},
            {"Name": "VariantName", "Value": variant.name},
        ]
        told = {"MetricName": name, "Unit": unit, "Timestamp": _time(now), "Dimensions": dimensions}
        return {**told, **value}

    def _invocations(self, variant: Variant, figures: Figures, now: float) -> list[dict[str, Any]]:
        found = metric_data(figures, len(variant.staying))
        return [self._datum(variant, name, unit, now, StatisticValues=value) for name, unit, value in found]

    def _system(self, variant: Variant, now: float) -> list[dict[str, Any]]:
        """Of all its instances together, as AWS has it: 100 is one processor, or all the memory of an instance."""
        instances = [instance for instance in variant.staying if instance.ready]
        if not instances:
            return []
        cpu = sum(self._cpu(instance) for instance in instances)
        memory = sum(_used(instance)[1] for instance in instances)
        loaded = variant.tally.loaded
        room = instances[0].worker.program.memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return [
            self._datum(variant, "CPUUtilization", "Percent", now, Value=round(cpu, 3)),
            self._datum(
                variant,
                "MemoryUtilization",
                "Percent",
                now,
                Value=round(100 * memory / room / len(instances), 3),
            ),
            *(
                self._datum(variant, "LoadedModelCount", "None", now, Value=float(loaded[instance.name]))
                for instance in instances
                if instance.name in loaded
            ),
        ]

    def _cpu(self, instance: Instance) -> float:
        """Percent of a processor since the last look."""
        now, used = time.monotonic(), _used(instance)[0]
        before = self.used.get(instance.name, (now, used))
        self.used[instance.name] = (now, used)
        return 100 * max(0.0, used - before[1]) / max(1.0, now - before[0])


def _time(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def _used(instance: Instance) -> tuple[float, int]:
    """CPU seconds of all its processes, and the bytes that they hold."""
    found = [worker.run.usage() for worker in instance.workers.values() if worker.run]
    return sum(seconds for seconds, _ in found), sum(resident for _, resident in found)
