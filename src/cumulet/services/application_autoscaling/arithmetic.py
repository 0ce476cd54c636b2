"""How many instances: by the ratio of a metric to its target, or by steps.

https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-step-scaling-policies.html
"""

from __future__ import annotations

import math
from typing import Any

from cumulet.services.application_autoscaling.refusals import invalid

KINDS = ("ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity")


def check(kind: str, config: dict[str, Any]) -> None:
    if kind != "StepScaling":
        if bool(config.get("PredefinedMetricSpecification")) == bool(
            config.get("CustomizedMetricSpecification")
        ):
            raise invalid("Exactly one of a predefined and a customized metric must be specified.")
        return
    if config.get("AdjustmentType") not in KINDS:
        raise invalid(f"AdjustmentType must be one of {', '.join(KINDS)}.")
    if not config.get("StepAdjustments"):
        raise invalid("There must be at least one step adjustment.")


def tracked(present: int, value: float, target: float) -> int:
    """So many that each would have no more than the target, if the load stays what it is."""
    return math.ceil(max(1, present) * value / target - 1e-9)


def stepped(present: int, breach: float, config: dict[str, Any]) -> int | None:
    """By the step in which the metric lies, so far beyond the alarm's threshold; None where it lies in none."""
    for step in config["StepAdjustments"]:
        low = step.get("MetricIntervalLowerBound", -math.inf)
        high = step.get("MetricIntervalUpperBound", math.inf)
        if low <= breach < high or (breach < 0 and low < breach <= high):
            return _adjusted(present, step["ScalingAdjustment"], config)
    return None


def _adjusted(present: int, adjustment: int, config: dict[str, Any]) -> int:
    kind = config["AdjustmentType"]
    if kind == "ExactCapacity":
        return adjustment
    if kind == "ChangeInCapacity":
        return max(0, present + adjustment)
    change = present * adjustment / 100
    whole = (
        math.floor(change) if change > 1 else math.ceil(change) if change < -1 else math.copysign(1, change)
    )
    least = config.get("MinAdjustmentMagnitude", 0)
    if abs(whole) < least:
        whole = math.copysign(least, change)
    return max(0, present + int(whole))
