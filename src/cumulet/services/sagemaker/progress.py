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
    "Restarting": "The server was restarted; the training starts over",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}
ENDINGS = {name: name for name in ("Completed", "Failed", "Stopped")} | {"MaxRuntimeExceeded": "Stopped"}
LONGEST_REASON = 1024


def enter(body: dict[str, Any], secondary: str, now: float) -> None:
    """Let a job go over into a secondary status; its primary one follows."""
    transitions = body.setdefault("SecondaryStatusTransitions", [])
    if transitions and "EndTime" not in transitions[-1]:
        transitions[-1]["EndTime"] = now
    transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": MESSAGES[secondary]})
    body["SecondaryStatus"] = secondary
    body["LastModifiedTime"] = now
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
    seconds = math.ceil(now - body.get("TrainingStartTime", now))
    body["TrainingTimeInSeconds"] = body["BillableTimeInSeconds"] = max(1, seconds)


def fail(body: dict[str, Any], reason: str, now: float) -> None:
    body["FailureReason"] = reason[:LONGEST_REASON]
    enter(body, "Failed", now)


def ended(body: dict[str, Any]) -> bool:
    return body["TrainingJobStatus"] in ENDINGS.values()
