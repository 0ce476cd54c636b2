"""How far a training job is: its statuses, and when it entered and left each of them.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_SecondaryStatusTransition.html
"""

from __future__ import annotations

import math
from typing import Any

MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Pending": "Waiting for room on this machine",
    "Interrupted": "Training job interrupted; it goes on with its checkpoints",
    "Restarting": "The training was cut off and starts over",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job took longer than MaxWaitTimeInSeconds provided",
}
ENDINGS = {name: name for name in ("Completed", "Failed", "Stopped")} | dict.fromkeys(
    ("MaxRuntimeExceeded", "MaxWaitTimeExceeded"), "Stopped"
)
RUNNING = ("Downloading", "Training", "Uploading", "Stopping")
LONGEST_REASON = 1024


def enter(body: dict[str, Any], secondary: str, now: float, message: str = "") -> None:
    """Let a job go over into a secondary status; its primary one follows."""
    transitions = body.setdefault("SecondaryStatusTransitions", [])
    if transitions and "EndTime" not in transitions[-1]:
        transitions[-1]["EndTime"] = now
    said = message or MESSAGES[secondary]
    transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": said})
    body["SecondaryStatus"] = secondary
    body["LastModifiedTime"] = now
    _measure(body, secondary, now)
    if secondary == "Downloading":
        body.setdefault("TrainingStartTime", now)
    if secondary == "Stopping":
        body["TrainingJobStatus"] = "Stopping"
    if secondary in ENDINGS:
        _end(body, secondary, now)


def _end(body: dict[str, Any], secondary: str, now: float) -> None:
    body["TrainingJobStatus"] = ENDINGS[secondary]
    body["TrainingEndTime"] = now
    body["SecondaryStatusTransitions"][-1]["EndTime"] = now
    body["TrainingTimeInSeconds"] = max(1, math.ceil(now - body.get("TrainingStartTime", now)))
    body["BillableTimeInSeconds"] = max(1, math.ceil(body.get("ran", 0)))


def _measure(body: dict[str, Any], secondary: str, now: float) -> None:
    """Add up for how long instances were at work: what AWS would bill."""
    since = body.pop("running_since", None)
    if since is not None:
        body["ran"] = body.get("ran", 0) + now - since
    if secondary in RUNNING:
        body["running_since"] = now


def fail(body: dict[str, Any], reason: str, now: float) -> None:
    body["FailureReason"] = reason[:LONGEST_REASON]
    enter(body, "Failed", now)


def ended(body: dict[str, Any]) -> bool:
    return body["TrainingJobStatus"] in ENDINGS.values()
