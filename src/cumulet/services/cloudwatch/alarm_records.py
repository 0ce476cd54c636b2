"""What all kinds of alarms stand on: a record each, and a state that changes with a reason."""

from __future__ import annotations

from typing import Any

from cumulet.services.cloudwatch import tags
from cumulet.services.cloudwatch.acting import Acting
from cumulet.services.cloudwatch.judging import INSUFFICIENT_DATA, Judgement
from cumulet.wire.errors import AwsError

KIND = "cloudwatch.alarm"
METRIC, COMPOSITE = "MetricAlarm", "CompositeAlarm"
UNCHECKED = Judgement(INSUFFICIENT_DATA, "Unchecked: Initial alarm creation", "")
STATE = (
    "StateValue",
    "StateReason",
    "StateReasonData",
    "StateUpdatedTimestamp",
    "StateTransitionedTimestamp",
)

Body = dict[str, Any]


class AlarmRecords(Acting):
    def alarm(self, name: str) -> Body:
        if (found := self.store.records.get(KIND, self.caller.scope, name)) is None:
            raise AwsError("ResourceNotFound", f"Alarm {name} does not exist.", status=404)
        return found

    def keep_alarm(self, name: str, kind: str, body: Body, Tags: list[dict[str, str]] | None) -> None:
        """Make an alarm or replace its settings: its state stays what it was. Tags are for new ones only."""
        now = self.house.clock()
        arn = self.arn(f"alarm:{name}")
        told = {key: value for key, value in body.items() if value is not None}

        def change() -> None:
            before = self.store.records.get(KIND, self.caller.scope, name)
            state = {key: before[key] for key in STATE if key in before} if before else _unchecked(now)
            whole = told | state | {"AlarmName": name, "AlarmArn": arn, "type": kind}
            whole["AlarmConfigurationUpdatedTimestamp"] = now
            self.store.records.put(KIND, self.caller.scope, name, whole)
            if before is None:
                named = {tag["Key"]: tag["Value"] for tag in Tags or []}
                self.store.records.put(tags.KIND, self.caller.scope, arn, named)
            done = "updated" if before else "created"
            self.record(name, kind, "ConfigurationUpdate", f'Alarm "{name}" {done}', {"type": done.title()})
            self.watch()

        self.store.atomically(change)

    def enter(self, body: Body, found: Judgement) -> None:
        """A judgement of an alarm: where the state is another, its history and its actions follow."""
        now, before = self.house.clock(), body["StateValue"]
        changes = {"StateValue": found.state, "StateReason": found.reason, "StateUpdatedTimestamp": now}
        if found.data:
            changes["StateReasonData"] = found.data
        if before != found.state:
            changes["StateTransitionedTimestamp"] = now

        def change() -> None:
            changed = self.store.records.update(
                KIND, self.caller.scope, body["AlarmName"], lambda old: old | changes
            )
            if changed is not None and before != found.state:
                self.transition(changed, before)

        self.store.atomically(change)

    def transition(self, body: Body, before: str) -> None:
        summary = f"Alarm updated from {before} to {body['StateValue']}"
        new = {"stateValue": body["StateValue"], "stateReason": body["StateReason"]}
        data = {"version": "1.0", "oldState": {"stateValue": before}, "newState": new}
        self.record(body["AlarmName"], body["type"], "StateUpdate", summary, data)
        event = {"alarmName": body["AlarmName"], "state": new, "previousState": {"value": before}}
        self.store.events.append("cloudwatch.alarm", self.caller.scope, event, self.house.clock())
        self.act_on(body)

    def watch(self) -> None:
        """The work that judges alarms runs while there are any."""
        if self.store.records.get("cloudwatch.watch", self.caller.scope, "alarms") is None:
            entry = self.house.jobs.add("cloudwatch.watch_alarms", self.caller)
            self.store.records.put("cloudwatch.watch", self.caller.scope, "alarms", {"job": entry})


def _unchecked(now: float) -> Body:
    return {
        "StateValue": UNCHECKED.state,
        "StateReason": UNCHECKED.reason,
        "StateUpdatedTimestamp": now,
        "StateTransitionedTimestamp": now,
    }
