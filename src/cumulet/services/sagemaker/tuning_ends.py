"""When a search is over, and how it ended.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-progress.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cumulet.services.sagemaker.tuning_trials import Trial, best, better

SILENT = 5  # ended training jobs without a single objective value that are proof enough
LEAST, STILL, CLOSER = 20, 10, 0.001  # convergence: trials before it can be, trials without such a gain

ALL_FAILED = "All training jobs failed. Please take a look at the training jobs failures to get more details."
NO_METRICS = (
    "No objective metrics found after running {} training jobs. Please ensure that the custom algorithm is "
    "emitting the objective metric as defined by the regular expression provided."
)


@dataclass(frozen=True, slots=True)
class Verdict:
    status: str
    reason: str = ""
    converged: bool = False


def verdict(
    config: dict[str, Any], trials: Sequence[Trial], elapsed: float, *, over: bool, asked: bool
) -> Verdict | None:
    """How a search ends; None while it goes on."""
    if asked:
        return Verdict("Stopped")
    settled = [trial for trial in trials if trial["status"] != "InProgress"]
    if reason := _hopeless(settled, over=over):
        return Verdict("Failed", reason)
    if over or elapsed > config["ResourceLimits"].get("MaxRuntimeInSeconds", float("inf")):
        return Verdict("Completed")
    return _satisfied(config.get("TuningJobCompletionCriteria", {}), settled)


def _hopeless(settled: Sequence[Trial], *, over: bool) -> str:
    if any("value" in trial for trial in settled) or not (over or len(settled) >= SILENT):
        return ""
    if all(trial["status"] == "Failed" for trial in settled):
        return ALL_FAILED
    return NO_METRICS.format(len(settled))


def _satisfied(criteria: dict[str, Any], settled: Sequence[Trial]) -> Verdict | None:
    found = best(settled)
    if not criteria or found is None:
        return None
    target = criteria.get("TargetObjectiveMetricValue")
    if target is not None and (found["value"] == target or better(found["value"], target, found["type"])):
        return Verdict("Completed")
    patience = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    measured = sorted((t for t in settled if "value" in t), key=lambda t: int(t["number"]))
    if patience and len(measured) - 1 - measured.index(found) >= patience:
        return Verdict("Completed")
    wanted = criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled"
    return Verdict("Completed", converged=True) if wanted and _converged(measured) else None


def _converged(measured: Sequence[Trial]) -> bool:
    """Whether the last trials have brought next to nothing."""
    if len(measured) < LEAST:
        return False
    now, before = best(measured), best(measured[:-STILL])
    assert now
    assert before
    gain = abs(float(now["value"]) - float(before["value"]))
    return gain <= CLOSER * max(abs(float(before["value"])), 1e-12)
