"""The Profiler's system metrics: processors and memory of every host, twice a second, as files in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-configure-system-monitoring.html
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from cumulet.services.sagemaker.gang import Gang, Member
from cumulet.services.sagemaker.training_request import split_uri

INTERVAL = 500  # milliseconds, where the request does not say
MINUTE = 60.0
DIMENSIONS = {"cpu": "CPUUtilization", "memory": "MemoryUsedPercent"}


class Usage:
    """What one host used, counted by whole percents: as small for a day as for a minute."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[int]] = {kind: Counter() for kind in DIMENSIONS}

    @property
    def looks(self) -> int:
        return self.counts["cpu"].total()

    def add(self, kind: str, percent: float) -> None:
        self.counts[kind][round(percent)] += 1

    def percentile(self, kind: str, share: float) -> int:
        """The percents that were not exceeded in such a share (0 to 100) of the looks."""
        wanted, seen = self.counts[kind].total() * share / 100, 0
        for percent in sorted(self.counts[kind]):
            seen += self.counts[kind][percent]
            if seen >= wanted:
                return percent
        return 0

    def summary(self) -> dict[str, dict[str, int]]:
        shares = {"p50": 50, "p95": 95, "max": 100}
        return {
            kind: {name: self.percentile(kind, at) for name, at in shares.items()} for kind in self.counts
        }


class Profiler:
    """Looks at a job while it runs, where its ProfilerConfig asks for that."""

    def __init__(self, s3: Any, body: dict[str, Any], gang: Gang) -> None:
        config = body.get("ProfilerConfig") or {}
        self.on = bool(config) and not config.get("DisableProfiler")
        self.every = config.get("ProfilingIntervalInMilliseconds", INTERVAL) / 1000
        self.place = (
            f"{config.get('S3OutputPath', '').rstrip('/')}/{body['TrainingJobName']}/profiler-output/system"
        )
        self.put = bool(config.get("S3OutputPath"))
        self.s3, self.gang = s3, gang
        self.usage = {member.host: Usage() for member in gang.members}
        self.used: dict[str, tuple[float, float]] = {}  # by host: when it was looked at, its CPU seconds then
        self.lines: dict[str, list[str]] = {member.host: [] for member in gang.members}
        self.next, self.written = 0.0, time.monotonic()

    def go_on(self, now: float, *, over: bool) -> None:
        """Called often: look where it is time, write once a minute and at the end."""
        moment = time.monotonic()
        if self.on and not over and moment >= self.next:
            self.next = moment + self.every
            for member in self.gang.members:
                self._look(member, now, moment)
        if self.put and (over or moment - self.written > MINUTE):
            self.written = moment
            self._write(now)

    def _look(self, member: Member, now: float, moment: float) -> None:
        if member.run is None or member.outcome:
            return
        cpu, resident = member.run.usage()
        before, spent = self.used.get(member.host, (moment, cpu))
        self.used[member.host] = (moment, cpu)
        if moment > before:
            processors = 100 * max(0.0, cpu - spent) / (moment - before) / (os.cpu_count() or 1)
            self._note(member.host, "cpu", min(100.0, processors), now)
            self._note(member.host, "memory", 100 * resident / _memory(), now)

    def _note(self, host: str, kind: str, percent: float, now: float) -> None:
        self.usage[host].add(kind, percent)
        line = {"Type": kind, "Name": kind, "Dimension": DIMENSIONS[kind], "Value": round(percent, 2)}
        self.lines[host].append(json.dumps({**line, "NodeId": host, "Timestamp": now}))

    def _write(self, now: float) -> None:
        """`incremental/<hour>/<minute>.<host>.json`: JSON lines, as the Profiler's agent writes them."""
        hour = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d%H")
        for host, lines in self.lines.items():
            if lines:
                bucket, key = split_uri(f"{self.place}/incremental/{hour}/{int(now)}.{host}.json")
                self.s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines).encode() + b"\n")
                lines.clear()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
