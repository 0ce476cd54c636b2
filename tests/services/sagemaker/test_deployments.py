"""How the next configuration takes over: canaries, steps, alarms that take it back; and never a failed request."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from .studio import until

CANARY = {
    "Type": "CANARY",
    "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 25},
    "WaitIntervalInSeconds": 1,
}
LINEAR = {
    "Type": "LINEAR",
    "LinearStepSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
    "WaitIntervalInSeconds": 1,
}


def blue_green(routing, *alarms):
    config = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": 0}
    }
    if alarms:
        config["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return config


@contextmanager
def asked(studio, endpoint):
    """Ask without pause; what came of it."""
    answers: Counter[str] = Counter()
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            try:
                answers[studio.ask(endpoint, b"[1]")["Body"].decode()] += 1
            except ClientError as error:
                answers[str(error)] += 1

    asker = threading.Thread(target=keep_asking)
    asker.start()
    try:
        yield answers
    finally:
        over.set()
        asker.join()


@pytest.mark.parametrize("routing", [CANARY, LINEAR], ids=["canary", "linear"])
def test_traffic_goes_over_by_and_by_without_a_failed_request(studio, routing):
    endpoint = studio.endpoint(studio.config(studio.model(factor=2)))
    with asked(studio, endpoint) as answers:
        studio.sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=studio.config(studio.model(factor=5)),
            DeploymentConfig=blue_green(routing),
        )
        described = studio.in_service(endpoint)
        until(lambda: answers["[5.0]"] > 20)
    assert set(answers) == {"[2.0]", "[5.0]"}
    assert described["LastDeploymentConfig"] == blue_green(routing)
    assert studio.ask(endpoint, b"[1]")["Body"] == b"[5.0]"


def test_an_alarm_takes_the_new_configuration_back(studio):
    cloudwatch = studio.client("cloudwatch")
    name = f"alarm-of-{studio.bucket}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="mine",
        MetricName="trouble",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    before = studio.config(studio.model(factor=2))
    endpoint = studio.endpoint(before)
    slow = {**CANARY, "WaitIntervalInSeconds": 600}
    with asked(studio, endpoint) as answers:
        starting = threading.Thread(
            target=studio.sagemaker.update_endpoint,
            kwargs={
                "EndpointName": endpoint,
                "EndpointConfigName": studio.config(studio.model(factor=5)),
                "DeploymentConfig": blue_green(slow, name),
            },
        )
        starting.start()
        until(lambda: answers["[5.0]"] > 0)
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test says so")
        starting.join()
        after = studio.in_service(endpoint)
    assert after["EndpointConfigName"] == before
    assert name in after["FailureReason"]
    assert set(answers) == {"[2.0]", "[5.0]"}
    assert {studio.ask(endpoint, b"[1]")["Body"] for _ in range(8)} == {b"[2.0]"}


def test_a_deployment_config_without_its_sizes_or_with_wrong_ones_is_refused(studio):
    endpoint = studio.endpoint(config := studio.config(studio.model()))
    large = {"Type": "CAPACITY_PERCENT", "Value": 60}
    rolling = {"RollingUpdatePolicy": {"MaximumBatchSize": large, "WaitIntervalInSeconds": 0}}
    for wrong, why in (
        (blue_green({"Type": "CANARY", "WaitIntervalInSeconds": 1}), "needs CanarySize"),
        (blue_green({**CANARY, "CanarySize": large}), "CanarySize must be between 1 and 50 percent"),
        (blue_green({**LINEAR, "LinearStepSize": {**large, "Value": 5}}), "between 10 and 50 percent"),
        (rolling, "MaximumBatchSize must be between 5 and 50 percent"),
        ({**rolling, **blue_green(CANARY)}, "either a BlueGreenUpdatePolicy or a RollingUpdatePolicy"),
    ):
        with pytest.raises(ClientError, match=why):
            studio.sagemaker.update_endpoint(
                EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=wrong
            )
