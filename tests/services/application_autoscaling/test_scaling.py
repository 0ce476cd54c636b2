"""Scaling that starts and ends processes: by a metric's target, by steps, by the clock, and within limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from cumulet.services.application_autoscaling import arithmetic
from cumulet.services.application_autoscaling.schedules import due_after

from ..sagemaker.studio import until


@pytest.fixture(scope="module")
def scaling(client):
    return client("application-autoscaling")


@pytest.fixture(scope="module")
def endpoint(studio):
    return studio.endpoint(studio.config(studio.model()))


@pytest.fixture
def variant(scaling, endpoint):
    """A variant that may have one to three instances; it has one again afterwards."""
    place = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/A",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=3)
    yield place
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=1)
    scaling.deregister_scalable_target(**place)


def count(studio, endpoint):
    variant = studio.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"][0]
    return variant["CurrentInstanceCount"]


def test_a_target_is_described_with_its_limits(scaling, variant):
    found = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]]
    )["ScalableTargets"]
    assert [(one["MinCapacity"], one["MaxCapacity"]) for one in found] == [(1, 3)]
    tags = {"team": "reviews"}
    scaling.tag_resource(ResourceARN=found[0]["ScalableTargetARN"], Tags=tags)
    assert scaling.list_tags_for_resource(ResourceARN=found[0]["ScalableTargetARN"])["Tags"] == tags


def test_processes_follow_a_raised_minimum(scaling, studio, endpoint, variant):
    scaling.register_scalable_target(**variant, MinCapacity=2)
    until(lambda: count(studio, endpoint) == 2)
    newest = scaling.describe_scaling_activities(**variant)["ScalingActivities"][0]
    assert newest["Description"] == "Setting desired instance count to 2."
    assert newest["StatusCode"] == "Successful"


def test_a_policy_follows_the_invocations_for_each_instance(scaling, studio, endpoint, variant):
    made = scaling.put_scaling_policy(
        **variant,
        PolicyName="by-load",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 2.0,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            "ScaleOutCooldown": 0,
            "ScaleInCooldown": 0,
        },
    )
    high, low = (alarm["AlarmName"] for alarm in made["Alarms"])
    assert ("AlarmHigh" in high, "AlarmLow" in low) == (True, True)
    for _ in range(30):
        studio.ask(endpoint, b"[1]")
    cloudwatch = studio.client("cloudwatch")

    def scaled() -> bool:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=high, StateValue=state, StateReason="a test says so")
        return count(studio, endpoint) == 3

    until(scaled)
    described = scaling.describe_scaling_policies(ServiceNamespace="sagemaker", PolicyNames=["by-load"])
    assert described["ScalingPolicies"][0]["PolicyARN"] == made["PolicyARN"]
    scaling.delete_scaling_policy(**variant, PolicyName="by-load")
    assert not cloudwatch.describe_alarms(AlarmNames=[high, low])["MetricAlarms"]


def test_an_alarm_of_ones_own_sets_steps_off(scaling, studio, endpoint, variant):
    arn = scaling.put_scaling_policy(
        **variant,
        PolicyName="steps",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ExactCapacity",
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 2}],
            "Cooldown": 0,
        },
    )["PolicyARN"]
    cloudwatch, name = studio.client("cloudwatch"), f"mine-{studio.bucket}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="mine",
        MetricName="queue",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test says so")
    until(lambda: count(studio, endpoint) == 2)


def test_the_clock_raises_the_limits(scaling, studio, endpoint, variant):
    soon = datetime.now(UTC) + timedelta(seconds=1)
    scaling.put_scheduled_action(
        **variant,
        ScheduledActionName="soon",
        Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 2},
    )
    until(lambda: count(studio, endpoint) == 2)
    found = scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    assert found[0]["ScheduledActionName"] == "soon"
    scaling.delete_scheduled_action(**variant, ScheduledActionName="soon")


def test_what_cannot_be_scaled_is_refused(scaling, variant):
    nobody = {**variant, "ResourceId": "endpoint/nobody/variant/A"}
    with pytest.raises(ClientError, match="doesn't exist"):
        scaling.register_scalable_target(**nobody, MinCapacity=1, MaxCapacity=2)
    with pytest.raises(scaling.exceptions.ObjectNotFoundException):
        scaling.deregister_scalable_target(**nobody)
    table = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/x",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    with pytest.raises(ClientError, match="NotImplemented"):
        scaling.register_scalable_target(**table, MinCapacity=1, MaxCapacity=2)


@pytest.mark.parametrize(
    ("present", "breach", "kind", "wanted"),
    [
        (4, 5, "ChangeInCapacity", 5),
        (4, 15, "ChangeInCapacity", 7),
        (10, 5, "PercentChangeInCapacity", 11),
        (4, 15, "ExactCapacity", 3),
        (4, -5, "ChangeInCapacity", None),
    ],
)
def test_steps(present, breach, kind, wanted):
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    ]
    config = {"AdjustmentType": kind, "StepAdjustments": steps}
    assert arithmetic.stepped(present, breach, config) == wanted


def test_a_load_twice_the_target_doubles_the_instances():
    assert arithmetic.tracked(3, 20, 10) == 6
    assert arithmetic.tracked(6, 2, 10) == 2


def test_schedules_say_when_they_are_due_next():
    made = {"CreationTime": 1000.0, "due": 0}
    assert due_after({**made, "Schedule": "rate(5 minutes)"}, 1301.0) == 1600.0
    assert due_after({**made, "Schedule": "at(2030-01-01T00:00:00)"}, 0.0) == 1893456000.0
    assert due_after({**made, "Schedule": "at(1970-01-01T00:00:05)"}, 9.0) is None
    berlin = {**made, "Schedule": "at(2030-01-01T01:00:00)", "Timezone": "Europe/Berlin"}
    assert due_after(berlin, 0.0) == 1893456000.0
    assert due_after({**made, "Schedule": "cron(0 0 1 1 ? 2030)"}, 0.0) == 1893456000.0
