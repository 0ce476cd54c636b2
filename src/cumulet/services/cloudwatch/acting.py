"""What an alarm sets off: the actions of its new state, where the service that they name is here.

An action is an ARN. A service takes part by a method `alarm_action(arn, alarm)`, called in a piece of work
of its own, so that what it does keeps no alarm waiting.
"""

from __future__ import annotations

from typing import Any

from cumulet import services
from cumulet.jobs import Job
from cumulet.services.cloudwatch.alarm_history import AlarmHistory
from cumulet.wire.errors import AwsError

ACTIONS = {"OK": "OKActions", "ALARM": "AlarmActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
SERVICES = {"autoscaling": "application-autoscaling"}  # whose name in an ARN is another


class Acting(AlarmHistory):
    def act_on(self, alarm: dict[str, Any]) -> None:
        if not alarm.get("ActionsEnabled", True):
            return
        for action in alarm.get(ACTIONS[alarm["StateValue"]]) or []:
            self.house.jobs.add("cloudwatch.take_action", self.caller, action=action, alarm=alarm)

    def take_action(self, job: Job) -> None:
        """Work: carry out one action, and say in the alarm's history how that went."""
        action, alarm = job.payload["action"], job.payload["alarm"]
        reason = self._taken(action, alarm)
        summary = (
            f"Successfully executed action {action}" if not reason else f"Failed to execute action {action}"
        )
        data = {
            "actionState": "Failed" if reason else "Succeeded",
            "notificationResource": action,
            "error": reason,
        }
        self.record(alarm["AlarmName"], alarm["type"], "Action", summary, data)

    def _taken(self, action: str, alarm: dict[str, Any]) -> str | None:
        """None, or why the action was not carried out."""
        part = action.split(":")[2] if action.startswith("arn:") and action.count(":") >= 5 else ""
        name = SERVICES.get(part, part)
        if name not in services.names() or not hasattr(services.service_class(name), "alarm_action"):
            return f"Cumulet carries no {part or 'such'} actions; the alarm's state is unaffected."
        try:
            self.other(name).alarm_action(action, alarm)
        except AwsError as error:
            return f"{error.code}: {error.message}"
        return None
