"""Alarms: made and told by boto3, judged as minutes pass, acting on what they name."""

from __future__ import annotations

import json
import uuid

import pytest
from botocore.exceptions import ClientError

RULE = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 5.0}
WATCHED = {"Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60}
TOPIC = "arn:aws:sns:us-east-1:123456789012:people"


@pytest.fixture
def name() -> str:
    return f"alarm-{uuid.uuid4()}"


def put(service, name: str = "broken", **more) -> None:
    service.put_metric_alarm(AlarmName=name, **RULE | WATCHED | more)


def test_a_new_alarm_has_no_data_yet(cloudwatch, name):
    put(
        cloudwatch,
        name,
        AlarmDescription="too many",
        Tags=[{"Key": "team", "Value": "a"}],
        AlarmActions=[TOPIC],
    )
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert alarm["StateValue"] == "INSUFFICIENT_DATA"
    assert alarm["StateReason"] == "Unchecked: Initial alarm creation"
    assert (alarm["AlarmDescription"], alarm["AlarmActions"], alarm["OKActions"]) == ("too many", [TOPIC], [])
    assert (alarm["Threshold"], alarm["Period"], alarm["ActionsEnabled"]) == (5.0, 60, True)
    tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_new_settings_keep_the_state(cloudwatch, name):
    put(cloudwatch, name)
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="trying")
    put(cloudwatch, name, Threshold=9.0)
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (alarm["Threshold"], alarm["StateValue"], alarm["StateReason"]) == (9.0, "ALARM", "trying")


def test_alarms_are_found_by_prefix_state_action_and_metric(cloudwatch, name):
    metric = WATCHED | {"MetricName": name}
    put(cloudwatch, f"{name}-1", **metric, AlarmActions=[TOPIC])
    put(cloudwatch, f"{name}-2", **metric)
    cloudwatch.set_alarm_state(AlarmName=f"{name}-2", StateValue="OK", StateReason="x")

    def found(**asked) -> list[str]:
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix=name, **asked)["MetricAlarms"]
        return [alarm["AlarmName"].removeprefix(name) for alarm in alarms]

    assert found() == ["-1", "-2"]
    assert found(StateValue="OK") == ["-2"]
    assert found(ActionPrefix="arn:aws:sns") == ["-1"]
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=name, MaxRecords=1)
    assert [len(page["MetricAlarms"]) for page in pages] == [1, 1]
    watched = cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName=name)["MetricAlarms"]
    assert len(watched) == 2
    cloudwatch.delete_alarms(AlarmNames=[f"{name}-1", f"{name}-2", "never-there"])
    assert found() == []


def test_the_state_follows_the_metric_minute_by_minute(here):
    put(here.service)
    assert here.minute() == "INSUFFICIENT_DATA"
    assert here.minute(3, 1) == "OK"
    assert here.minute(3, 4) == "ALARM"
    alarm = here.alarm()
    assert alarm["StateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoint [7.0 (15/01/27 08:02:00)] was greater than the "
        "threshold (5.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    data = json.loads(alarm["StateReasonData"])
    assert (data["recentDatapoints"], data["threshold"], data["statistic"]) == ([7.0], 5.0, "Sum")
    assert alarm["StateTransitionedTimestamp"] == here.now
    assert here.minute(1) == "OK"


def test_each_change_is_history(here):
    put(here.service)
    here.minute(9)
    here.minute(1)
    items = here.service.describe_alarm_history(AlarmName="broken")["AlarmHistoryItems"]
    assert [item["HistorySummary"] for item in items] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        'Alarm "broken" created',
    ]
    updates = here.service.describe_alarm_history(
        AlarmName="broken", HistoryItemType="StateUpdate", ScanBy="TimestampAscending"
    )["AlarmHistoryItems"]
    assert [json.loads(i["HistoryData"])["newState"]["stateValue"] for i in updates] == ["ALARM", "OK"]
    here.now += 31 * 86400
    here.minute(9)
    assert len(here.service.describe_alarm_history(AlarmName="broken")["AlarmHistoryItems"]) == 1


def test_two_of_three_minutes_are_enough_where_that_is_said(here):
    put(here.service, EvaluationPeriods=3, DatapointsToAlarm=2)
    known = [here.minute(value) for value in (1, 1, 9, 1, 9, 1, 1)]
    assert known == ["OK", "OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_missing_data_is_what_the_alarm_says_it_is(here):
    put(here.service, TreatMissingData="breaching")
    put(here.service, "quiet", TreatMissingData="notBreaching")
    here.minute()
    assert (here.alarm()["StateValue"], here.alarm("quiet")["StateValue"]) == ("ALARM", "OK")


def test_an_alarm_may_watch_an_expression(here):
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Errors"}, "Period": 60, "Stat": "Sum"}
    requests = {"Metric": {"Namespace": "Shop", "MetricName": "Requests"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "rate", "Expression": "100 * errors / requests"},
        {"Id": "errors", "MetricStat": stat, "ReturnData": False},
        {"Id": "requests", "MetricStat": requests, "ReturnData": False},
    ]
    here.service.put_metric_alarm(AlarmName="broken", **RULE, Metrics=queries)
    here.measure(100, name="Requests")
    assert here.minute(4) == "OK"
    here.measure(100, name="Requests")
    assert here.minute(6) == "ALARM"


def test_a_composite_alarm_follows_its_rule(here):
    put(here.service)
    put(here.service, "slow", MetricName="Latency")
    here.service.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("broken") AND NOT OK(slow)')
    here.service.put_composite_alarm(AlarmName="above", AlarmRule="ALARM(both) OR FALSE")
    here.minute(9)
    assert [here.alarm(name)["StateValue"] for name in ("both", "above")] == ["ALARM", "ALARM"]
    here.measure(1, name="Latency")
    here.minute(9)
    assert [here.alarm(name)["StateValue"] for name in ("both", "above")] == ["OK", "OK"]
    children = here.service.describe_alarms(ChildrenOfAlarmName="both", AlarmTypes=["MetricAlarm"])
    assert [alarm["AlarmName"] for alarm in children["MetricAlarms"]] == ["broken", "slow"]
    parents = here.service.describe_alarms(ParentsOfAlarmName="both", AlarmTypes=["CompositeAlarm"])
    assert [alarm["AlarmName"] for alarm in parents["CompositeAlarms"]] == ["above"]


def test_an_alarm_that_another_looks_at_is_not_deleted(cloudwatch, name):
    put(cloudwatch, name)
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-c", AlarmRule=f"ALARM({name})")
    with pytest.raises(ClientError, match="depending on it"):
        cloudwatch.delete_alarms(AlarmNames=[name])
    cloudwatch.delete_alarms(AlarmNames=[name, f"{name}-c"])


@pytest.mark.parametrize(
    "rule", ["ALARM(", "ALARM(a) AND", "NOT", "MAYBE(a)", "ALARM(nobody)", "(" * 60 + "TRUE"]
)
def test_a_rule_that_makes_no_sense_is_refused(cloudwatch, rule):
    with pytest.raises(ClientError) as raised:
        cloudwatch.put_composite_alarm(AlarmName="bad", AlarmRule=rule)
    assert raised.value.response["Error"]["Code"] == "ValidationError"


def test_a_rule_must_not_lead_back_to_itself(cloudwatch, name):
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-1", AlarmRule="TRUE")
    cloudwatch.put_composite_alarm(AlarmName=f"{name}-2", AlarmRule=f"ALARM({name}-1)")
    with pytest.raises(ClientError, match="leads back"):
        cloudwatch.put_composite_alarm(AlarmName=f"{name}-1", AlarmRule=f"ALARM({name}-2)")


def test_an_action_that_nobody_carries_is_history_too(here):
    put(here.service, AlarmActions=[TOPIC])
    here.minute(9)
    (entry,) = [one for one in here.house.store.queue.claim(here.now) if one.kind == "cloudwatch.take_action"]
    here.service.take_action(entry)
    (item,) = here.service.describe_alarm_history(AlarmName="broken", HistoryItemType="Action")[
        "AlarmHistoryItems"
    ]
    assert item["HistorySummary"] == f"Failed to execute action {TOPIC}"
    assert "carries no sns actions" in json.loads(item["HistoryData"])["error"]


def test_disabled_actions_are_not_taken(here):
    put(here.service, AlarmActions=[TOPIC])
    here.service.disable_alarm_actions(AlarmNames=["broken"])
    here.minute(9)
    assert [
        one for one in here.house.store.queue.claim(here.now) if one.kind == "cloudwatch.take_action"
    ] == []


@pytest.mark.parametrize(
    "more",
    [
        {"DatapointsToAlarm": 2},
        {"Period": 45},
        {"Period": 3600, "EvaluationPeriods": 200},
        {"Statistic": None},
        {"Statistic": "Sum", "ExtendedStatistic": "p90"},
        {"TreatMissingData": "perhaps"},
        {"MetricName": None},
        {"ComparisonOperator": "LessThanLowerThreshold"},
    ],
)
def test_settings_that_make_no_sense_are_refused(cloudwatch, name, more):
    asked = {key: value for key, value in (RULE | WATCHED | more).items() if value is not None}
    with pytest.raises(ClientError):
        cloudwatch.put_metric_alarm(AlarmName=name, **asked)
    assert cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


def test_an_alarm_that_is_not_there_has_no_state(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.ResourceNotFound):
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="x")
    with pytest.raises(cloudwatch.exceptions.InvalidFormatFault):
        cloudwatch.set_alarm_state(AlarmName="nobody", StateValue="OK", StateReason="x", StateReasonData="{")


def test_dashboards_are_kept(cloudwatch, name):
    body = json.dumps({"widgets": []})
    assert (
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody=body)["DashboardValidationMessages"] == []
    )
    assert cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"] == body
    (entry,) = cloudwatch.list_dashboards(DashboardNamePrefix=name)["DashboardEntries"]
    assert entry["Size"] == len(body)
    with pytest.raises(ClientError, match="valid JSON"):
        cloudwatch.put_dashboard(DashboardName=name, DashboardBody="{")
    cloudwatch.delete_dashboards(DashboardNames=[name])
    with pytest.raises(ClientError):
        cloudwatch.get_dashboard(DashboardName=name)
