"""Metrics that a script prints, caught by the job's regular expressions.

https://docs.aws.amazon.com/sagemaker/latest/dg/define-train-metrics.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Metrics:
    """The last value of each metric so far, and all of them for those who judge a job."""

    def __init__(self, definitions: Iterable[dict[str, str]]) -> None:
        self.regexes = {metric["Name"]: re.compile(metric["Regex"]) for metric in definitions}
        self.last: dict[str, dict[str, Any]] = {}
        self.fresh: list[tuple[str, float, float]] = []
        self.history: dict[str, list[float]] = {name: [] for name in self.regexes}

    def read(self, lines: Iterable[str], now: float) -> None:
        for line in lines:
            for name, regex in self.regexes.items():
                if (value := caught(regex, line)) is not None:
                    self.last[name] = {"MetricName": name, "Value": value, "Timestamp": now}
                    self.fresh.append((name, value, now))
                    self.history[name].append(value)

    def catch_up(self, log: Path) -> None:
        """Read what an earlier server has seen of a job that it left running."""
        if self.regexes and log.exists():
            with log.open(errors="replace") as lines:
                self.read(lines, log.stat().st_mtime)
        self.take()  # told already

    def take(self) -> list[tuple[str, float, float]]:
        """Names, values and times of what was caught since the last call."""
        taken, self.fresh = self.fresh, []
        return taken

    def final(self) -> list[dict[str, Any]]:
        return [self.last[name] for name in self.regexes if name in self.last]


def caught(regex: re.Pattern[str], line: str) -> float | None:
    """The number in the regex's first group: the last one where a line has several."""
    found = None
    for match in regex.finditer(line):
        try:
            found = float(match.group(1) if match.groups() else match.group())
        except (ValueError, TypeError):
            continue  # a regex may catch text that is no number; AWS leaves that out too
    return found
