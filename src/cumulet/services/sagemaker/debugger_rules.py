"""Debugger's and Profiler's rules, in the small: those that can be judged by what a job prints and uses.

On AWS a rule reads tensors that a hook inside the framework saves. Here it reads the job's own metrics
(MetricDefinitions), those with `loss` in their name, and the processors and memory that were in use.

https://docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cumulet.services.sagemaker.profiler import Usage
from cumulet.services.sagemaker.refusals import invalid
from cumulet.wire.errors import NotImplementedByCumulet

REPORT = "ProfilerReport"
FEW = 10  # steps of LossNotDecreasing, where its parameters do not say
VALIDATION = ("val", "valid", "test", "eval")

History = dict[str, list[float]]
Verdict = tuple[str, str]  # RuleEvaluationStatus and StatusDetails
FINE: Verdict = ("NoIssuesFound", "")


@dataclass(frozen=True, slots=True)
class Losses:
    """What a job printed of its losses."""

    training: list[float]
    validation: list[float]


def losses(history: History) -> Losses:
    named = {name: values for name, values in history.items() if "loss" in name.lower()}
    checked = {name for name in named if any(word in name.lower() for word in VALIDATION)}
    first = next((values for name, values in named.items() if name not in checked), [])
    return Losses(first, next((named[name] for name in named if name in checked), []))


def check_rules(request: dict[str, Any]) -> None:
    """Refuse, by name, the rules that nothing here could judge."""
    for member, rules in KINDS.items():
        for asked in request.get(member, []):
            name = invoked(asked)
            if name not in rules:
                raise NotImplementedByCumulet(f"{member} with the rule {name} ({', '.join(rules)} are done)")
    if any(invoked(asked) in ("Overfit", LOSS) for asked in request.get("DebugRuleConfigurations", [])):
        _check_metrics(request["AlgorithmSpecification"].get("MetricDefinitions", []))


def _check_metrics(definitions: Sequence[dict[str, str]]) -> None:
    if not any("loss" in metric["Name"].lower() for metric in definitions):
        raise invalid(
            "Debugger's rules are judged by the losses that the job prints: give it a metric definition with "
            "'loss' in its name."
        )


def invoked(asked: dict[str, Any]) -> str:
    return str(asked.get("RuleParameters", {}).get("rule_to_invoke", "a custom rule"))


def waiting(request: dict[str, Any], now: float) -> dict[str, Any]:
    """DescribeTrainingJob's statuses while a job runs."""
    return evaluated(request, lambda _: ("InProgress", ""), now)


def judged(request: dict[str, Any], history: History, usage: dict[str, Usage], now: float) -> dict[str, Any]:
    """The statuses of a job that is over."""

    def judge(asked: dict[str, Any]) -> Verdict:
        rule = DEBUGGING.get(invoked(asked))
        parameters = asked.get("RuleParameters", {})
        if rule:
            return rule(losses(history), parameters)
        return _profiled(usage, parameters)

    return evaluated(request, judge, now)


def evaluated(
    request: dict[str, Any], judge: Callable[[dict[str, Any]], Verdict], now: float
) -> dict[str, Any]:
    found = {}
    for member in KINDS:
        statuses = [_status(asked, *judge(asked), now) for asked in request.get(member, [])]
        if statuses:
            found[member.replace("Configurations", "EvaluationStatuses")] = statuses
    return found


def _status(asked: dict[str, Any], status: str, details: str, now: float) -> dict[str, Any]:
    said = {"StatusDetails": details} if details else {}
    name = asked["RuleConfigurationName"]
    return {"RuleConfigurationName": name, "RuleEvaluationStatus": status, **said, "LastModifiedTime": now}


def _not_decreasing(found: Losses, parameters: dict[str, str]) -> Verdict:
    """Over any so many values in a row the loss must have come down by so many percent."""
    values, steps = found.training, int(parameters.get("num_steps", FEW))
    if len(values) < 2:
        return "Error", "The job printed fewer than two values of a loss."
    least, steps = float(parameters.get("diff_percent", 0.0)), min(steps, len(values) - 1)
    for number, (before, after) in enumerate(zip(values, values[steps:], strict=False)):
        if (before - after) / (abs(before) or 1.0) * 100 <= least:
            return (
                "IssuesFound",
                f"The loss went from {before:g} to {after:g} in values {number} to {number + steps}.",
            )
    return FINE


def _overfit(found: Losses, parameters: dict[str, str]) -> Verdict:
    """The loss in validation is so much larger than that in training, so many times in a row."""
    most, patience = float(parameters.get("ratio_threshold", 0.1)), int(parameters.get("patience", 1))
    if not (found.training and found.validation):
        return "Error", "The job printed no loss of training or none of validation."
    each = max(1, len(found.training) // len(found.validation))
    trained = found.training[each - 1 :: each]
    apart = [(v - t) / (abs(t) or 1.0) > most for t, v in zip(trained, found.validation, strict=False)]
    row = 0
    for number, over in enumerate(apart):
        row = row + 1 if over else 0
        if row >= patience:
            return (
                "IssuesFound",
                f"In validation {number} the loss exceeds that in training by more than {most:g}.",
            )
    return FINE


def _overtraining(found: Losses, parameters: dict[str, str]) -> Verdict:
    """The loss in validation has not become better for so long."""
    patience, worse = int(parameters.get("patience_validation", FEW)), 0
    if not found.validation:
        return "Error", "The job printed no loss of validation."
    for before, after in pairwise(found.validation):
        worse = worse + 1 if after >= before else 0
        if worse >= patience:
            return "IssuesFound", f"The loss in validation has not come down {patience} times in a row."
    return FINE


def _profiled(usage: dict[str, Usage], parameters: dict[str, str]) -> Verdict:
    """Processors that were mostly idle."""
    least = float(parameters.get("LowCPUUtilization_threshold_p95", 10))
    idle = [host for host, used in usage.items() if used.looks and used.percentile("cpu", 95) < least]
    if idle:
        return "IssuesFound", f"LowCPUUtilization: 95 % of the time below {least:g} % on {', '.join(idle)}."
    return FINE


LOSS = "LossNotDecreasing"
DEBUGGING: dict[str, Callable[[Losses, dict[str, str]], Verdict]] = {
    LOSS: _not_decreasing,
    "Overfit": _overfit,
    "Overtraining": _overtraining,
}
KINDS: dict[str, Sequence[str]] = {
    "DebugRuleConfigurations": tuple(DEBUGGING),
    "ProfilerRuleConfigurations": (REPORT, "OverallSystemUsage"),
}
