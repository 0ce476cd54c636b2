"""How the next configuration takes over: all at once, a canary first, or step by step; alarms take it back.

https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from cumulet.services.sagemaker.refusals import invalid

# Percent that one step may be.
LEAST, MOST = {"CanarySize": 1, "LinearStepSize": 10, "MaximumBatchSize": 5}, 50


class RolledBack(Exception):
    """An alarm went off while the new configuration took over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Shares of the traffic with the seconds to wait behind each, then the seconds that the old one stays."""

    steps: list[tuple[float, float]] = field(default_factory=list)
    termination_wait: float = 0.0
    alarms: list[str] = field(default_factory=list)


def plan_of(config: dict[str, Any] | None, instances: int) -> Plan:
    """The plan of a DeploymentConfig for a configuration with so many instances."""
    if not config:
        return Plan()
    alarms = [alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", [])]
    rolling, policy = config.get("RollingUpdatePolicy"), config.get("BlueGreenUpdatePolicy")
    if bool(rolling) == bool(policy):
        raise invalid("A DeploymentConfig needs either a BlueGreenUpdatePolicy or a RollingUpdatePolicy.")
    if rolling:
        part = _part(rolling, "MaximumBatchSize", instances)
        return Plan(_steps(part, rolling["WaitIntervalInSeconds"]), 0.0, alarms)
    assert policy
    routing = policy["TrafficRoutingConfiguration"]
    wait = float(routing["WaitIntervalInSeconds"])
    steps = {"ALL_AT_ONCE": [(1.0, wait)]}.get(routing["Type"])
    if routing["Type"] == "CANARY":
        steps = [(_part(routing, "CanarySize", instances), wait), (1.0, 0.0)]
    elif routing["Type"] == "LINEAR":
        steps = _steps(_part(routing, "LinearStepSize", instances), wait)
    assert steps
    return Plan(steps, float(policy.get("TerminationWaitInSeconds", 0)), alarms)


def _part(policy: dict[str, Any], member: str, instances: int) -> float:
    """A CapacitySize as a share of all. As a count it may be the whole: one instance has no half."""
    if member not in policy:
        raise invalid(f"TrafficRoutingConfiguration of type {policy['Type']} needs {member}.")
    value, least = policy[member]["Value"], LEAST[member]
    if policy[member]["Type"] != "CAPACITY_PERCENT":
        return float(min(1.0, max(0.01, value / max(1, instances))))
    if not least <= value <= MOST:
        raise invalid(f"{member} must be between {least} and {MOST} percent of the capacity, not {value}.")
    return float(value / 100)


def _steps(part: float, wait: float) -> list[tuple[float, float]]:
    count = math.ceil(1 / part - 1e-9)
    return [(min(1.0, part * number), wait) for number in range(1, count + 1)]
