"""Composite alarms: alarms over the states of others.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

from cumulet.services.cloudwatch.alarm_records import COMPOSITE, Body
from cumulet.services.cloudwatch.alarms import Alarms
from cumulet.services.cloudwatch.composite_rules import alarms_of, holds, parse
from cumulet.services.cloudwatch.judging import ALARM, OK, Judgement
from cumulet.services.cloudwatch.refusals import unfit


class CompositeAlarms(Alarms):
    def put_composite_alarm(
        self,
        *,
        AlarmName: str,
        AlarmRule: str,
        AlarmDescription: str | None = None,
        ActionsEnabled: bool = True,
        OKActions: list[str] | None = None,
        AlarmActions: list[str] | None = None,
        InsufficientDataActions: list[str] | None = None,
        Tags: list[dict[str, str]] | None = None,
    ) -> None:
        names = alarms_of(parse(AlarmRule))
        known = {body["AlarmName"]: body for body in self.alarms()}
        if unknown := sorted(names - known.keys()):
            raise unfit(
                f"Could not save the composite alarm as alarms {unknown} in the alarm rule do not exist."
            )
        if self._leads_back(AlarmName, names, known):
            raise unfit(f"Could not save the composite alarm: its rule leads back to {AlarmName} itself.")
        body = {
            "AlarmRule": AlarmRule,
            "AlarmDescription": AlarmDescription,
            "ActionsEnabled": ActionsEnabled,
            "OKActions": OKActions or [],
            "AlarmActions": AlarmActions or [],
            "InsufficientDataActions": InsufficientDataActions or [],
        }
        self.keep_alarm(AlarmName, COMPOSITE, body, Tags)

    def judge_composites(self) -> None:
        """Those first that others look at: a rule sees the states of this very moment."""
        composites = [body for body in self.alarms() if body["type"] == COMPOSITE]
        for _ in composites:
            changed = [self._judge_composite(body["AlarmName"]) for body in composites]
            if not any(changed):
                return

    def _judge_composite(self, name: str) -> bool:
        """Whether its state changed."""
        known = {body["AlarmName"]: body for body in self.alarms()}
        if (body := known.get(name)) is None:
            return False
        rule = parse(body["AlarmRule"])
        state = ALARM if holds(rule, {other: one["StateValue"] for other, one in known.items()}) else OK
        if state == body["StateValue"]:
            return False
        looked_at = ", ".join(f"{other} is {known[other]['StateValue']}" for other in sorted(alarms_of(rule)))
        self.enter(body, Judgement(state, f"The alarm rule was {state == ALARM}: {looked_at}.", ""))
        return True

    def _leads_back(self, name: str, names: set[str], known: dict[str, Body]) -> bool:
        seen: set[str] = set()
        left = set(names)
        while left:
            one = left.pop()
            if one == name:
                return True
            seen.add(one)
            left |= alarms_of(parse(known[one].get("AlarmRule", "FALSE"))) & known.keys() - seen
        return False
