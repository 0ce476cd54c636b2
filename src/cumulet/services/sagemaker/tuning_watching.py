"""Training jobs of a search under way: the objective values that they print, and which of them to give up.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cumulet.engines.search import stopping
from cumulet.services.sagemaker.metrics import caught
from cumulet.services.sagemaker.training_output import LOG_GROUP
from cumulet.services.sagemaker.tuning_request import rounds
from cumulet.services.sagemaker.tuning_trials import Trial
from cumulet.wire.errors import AwsError

KEPT = 1000  # values of a trial's curve that are remembered with it


@dataclass(slots=True)
class Curves:
    """The objective values of trials under way, as their log streams tell them."""

    logs: Any  # the service
    values: dict[str, list[float]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # where reading goes on

    def read(self, trial: Trial, body: dict[str, Any]) -> list[float]:
        """All values so far: what is new in the log is read, the rest is remembered."""
        found = self.values.setdefault(trial["job"], [])
        if regex := _regex(trial, body):
            for line in self._new_lines(trial["job"], body):
                if (value := caught(regex, line)) is not None:
                    found.append(value)
        return found

    def close(self, trial: Trial, body: dict[str, Any]) -> list[float]:
        """The curve of a trial that has ended, to be kept with it."""
        self.read(trial, body)
        self.places.pop(trial["job"], None)
        return self.values.pop(trial["job"])[:KEPT]

    def _new_lines(self, name: str, body: dict[str, Any]) -> list[str]:
        asked = {"logGroupName": LOG_GROUP, "logStreamName": _stream(name, body), "startFromHead": True}
        lines: list[str] = []
        while True:
            more = {"nextToken": self.places[name]} if name in self.places else {}
            try:
                found = self.logs.get_log_events(**asked, **more)
            except AwsError as error:
                if error.code == "ResourceNotFoundException":  # it has not begun to print
                    return lines
                raise
            self.places[name] = found["nextForwardToken"]
            if not found["events"]:
                return lines
            lines += [event["message"] for event in found["events"]]


def _stream(name: str, body: dict[str, Any]) -> str:
    """The log of a job's first host, which is the one that reports."""
    return f"{name}/algo-1-{int(body['CreationTime'])}"


def _regex(trial: Trial, body: dict[str, Any]) -> re.Pattern[str] | None:
    metrics = body["AlgorithmSpecification"].get("MetricDefinitions", [])
    found = next((metric["Regex"] for metric in metrics if metric["Name"] == trial["metric"]), None)
    return re.compile(found) if found else None


def hopeless(
    config: dict[str, Any], trials: Sequence[Trial], curve: Callable[[Trial], list[float]]
) -> list[Trial]:
    """The trials under way that the strategy, or early stopping, gives up."""
    running = [trial for trial in trials if trial["status"] == "InProgress"]
    if config["Strategy"] == "Hyperband":
        return _behind(config, trials, running, curve)
    if config.get("TrainingJobEarlyStoppingType") != "Auto":
        return []
    done = [trial["curve"] for trial in trials if trial["status"] == "Completed" and trial.get("curve")]
    return [
        trial
        for trial in running
        if done and stopping.below_median(curve(trial), done, maximize=trial["type"] == "Maximize")
    ]


def _behind(
    config: dict[str, Any],
    trials: Sequence[Trial],
    running: Sequence[Trial],
    curve: Callable[[Trial], list[float]],
) -> list[Trial]:
    """Hyperband: those that fall behind at a rung, and those that have had the most that there is.

    Where MaxResource is not said there is no most, and the rungs go on.
    """
    least, most = rounds(config) or (_least(config), 10**6)
    live = {trial["job"]: curve(trial) for trial in running}
    rungs = stopping.rungs(least, most)
    found = []
    for trial in running:
        others = [live.get(t["job"]) or t.get("curve", []) for t in trials if t is not trial]
        mine, maximize = live[trial["job"]], trial["type"] == "Maximize"
        if len(mine) >= most or stopping.falls_behind(mine, others, rungs, maximize=maximize):
            found.append(trial)
    return found


def _least(config: dict[str, Any]) -> int:
    given: dict[str, int] = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    return given.get("MinResource", 1)
