"""Metric alarms: made, described, set by hand and deleted.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import json
from typing import Any

from cumulet.services.cloudwatch import tags
from cumulet.services.cloudwatch.alarm_records import COMPOSITE, KIND, METRIC, AlarmRecords, Body
from cumulet.services.cloudwatch.alarm_request import check_metric_alarm
from cumulet.services.cloudwatch.composite_rules import alarms_of, parse
from cumulet.services.cloudwatch.judging import Judgement
from cumulet.services.cloudwatch.pages import page
from cumulet.wire.errors import AwsError

NOTHING_DONE: Body = {"OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}


class Alarms(AlarmRecords):
    def put_metric_alarm(
        self,
        *,
        AlarmName: str,
        ComparisonOperator: str,
        EvaluationPeriods: int,
        Threshold: float,
        AlarmDescription: str | None = None,
        ActionsEnabled: bool = True,
        OKActions: list[str] | None = None,
        AlarmActions: list[str] | None = None,
        InsufficientDataActions: list[str] | None = None,
        MetricName: str | None = None,
        Namespace: str | None = None,
        Statistic: str | None = None,
        ExtendedStatistic: str | None = None,
        Dimensions: list[dict[str, str]] | None = None,
        Period: int | None = None,
        Unit: str | None = None,
        DatapointsToAlarm: int | None = None,
        TreatMissingData: str | None = None,
        EvaluateLowSampleCountPercentile: str | None = None,
        Metrics: list[dict[str, Any]] | None = None,
        Tags: list[dict[str, str]] | None = None,
    ) -> None:
        """An alarm of that name gets the new settings and keeps its state."""
        given = {key: value for key, value in locals().items() if key != "self" and value is not None}
        body = NOTHING_DONE | {key: value for key, value in given.items() if key not in ("AlarmName", "Tags")}
        check_metric_alarm(body)
        self.keep_alarm(AlarmName, METRIC, body, Tags)

    def delete_alarms(self, *, AlarmNames: list[str]) -> None:
        """Names without an alarm are passed over; an alarm that a composite alarm looks at stays."""

        def change() -> None:
            for name in AlarmNames:
                if watching := [one for one in self._parents(name) if one["AlarmName"] not in AlarmNames]:
                    raise AwsError(
                        "ValidationError",
                        f"Cannot delete {name} as there are composite alarm(s) depending on it: "
                        f"{watching[0]['AlarmName']}.",
                        status=400,
                    )
                self.store.records.delete(KIND, self.caller.scope, name)
                self.store.records.delete(tags.KIND, self.caller.scope, self.arn(f"alarm:{name}"))

        self.store.atomically(change)

    def describe_alarms(
        self,
        *,
        AlarmNames: list[str] | None = None,
        AlarmNamePrefix: str | None = None,
        AlarmTypes: list[str] | None = None,
        ChildrenOfAlarmName: str | None = None,
        ParentsOfAlarmName: str | None = None,
        StateValue: str | None = None,
        ActionPrefix: str | None = None,
        MaxRecords: int = 50,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """In the order of their names. Where no types are named, metric alarms are meant, as on AWS."""
        if AlarmNames and AlarmNamePrefix:
            raise AwsError(
                "ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive.", status=400
            )
        found = [
            body
            for body in self._family(ChildrenOfAlarmName, ParentsOfAlarmName, AlarmNamePrefix or "")
            if (not AlarmNames or body["AlarmName"] in AlarmNames)
            and body["type"] in (AlarmTypes or [METRIC])
            and StateValue in (None, body["StateValue"])
            and _acts(body, ActionPrefix)
        ]
        shown, token = page(found, lambda body: [body["AlarmName"]], NextToken, MaxRecords)
        return {
            "MetricAlarms": [told(body) for body in shown if body["type"] == METRIC],
            "CompositeAlarms": [told(body) for body in shown if body["type"] == COMPOSITE],
            "NextToken": token,
        }

    def describe_alarms_for_metric(
        self,
        *,
        MetricName: str,
        Namespace: str,
        Statistic: str | None = None,
        ExtendedStatistic: str | None = None,
        Dimensions: list[dict[str, str]] | None = None,
        Period: int | None = None,
        Unit: str | None = None,
    ) -> dict[str, Any]:
        """The alarms that watch just this metric."""
        wanted = {
            "MetricName": MetricName,
            "Namespace": Namespace,
            "Statistic": Statistic,
            "ExtendedStatistic": ExtendedStatistic,
            "Period": Period,
            "Unit": Unit,
        }
        named = {one["Name"]: one["Value"] for one in Dimensions or []}
        found = [
            told(body)
            for body in self.alarms()
            if all(value in (None, body.get(key)) for key, value in wanted.items())
            and {one["Name"]: one["Value"] for one in body.get("Dimensions", [])} == named
        ]
        return {"MetricAlarms": found}

    def set_alarm_state(
        self, *, AlarmName: str, StateValue: str, StateReason: str, StateReasonData: str = ""
    ) -> None:
        """Until the next judgement; actions are taken as if it were one."""
        if StateReasonData:
            try:
                json.loads(StateReasonData)
            except ValueError:
                raise AwsError("InvalidFormat", "StateReasonData was not valid JSON", status=400) from None
        self.enter(self.alarm(AlarmName), Judgement(StateValue, StateReason, StateReasonData))

    def enable_alarm_actions(self, *, AlarmNames: list[str]) -> None:
        self._enable(AlarmNames, True)

    def disable_alarm_actions(self, *, AlarmNames: list[str]) -> None:
        self._enable(AlarmNames, False)

    def alarms(self, prefix: str = "") -> list[Body]:
        return [body for _, body in self.store.records.list(KIND, self.caller.scope, prefix=prefix)]

    def _enable(self, names: list[str], enabled: bool) -> None:
        for name in names:
            self.store.records.update(
                KIND, self.caller.scope, name, lambda body: body | {"ActionsEnabled": enabled}
            )

    def _family(self, parent: str | None, child: str | None, prefix: str) -> list[Body]:
        if parent is not None:
            names = alarms_of(parse(self.alarm(parent).get("AlarmRule", "FALSE")))
            return [body for body in self.alarms() if body["AlarmName"] in names]
        return self._parents(child) if child is not None else self.alarms(prefix)

    def _parents(self, name: str) -> list[Body]:
        return [
            body
            for body in self.alarms()
            if body["type"] == COMPOSITE and name in alarms_of(parse(body["AlarmRule"]))
        ]


def told(body: Body) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "type"}


def _acts(body: Body, prefix: str | None) -> bool:
    actions = (body.get(kind) or [] for kind in ("OKActions", "AlarmActions", "InsufficientDataActions"))
    return prefix is None or any(action.startswith(prefix) for some in actions for action in some)
