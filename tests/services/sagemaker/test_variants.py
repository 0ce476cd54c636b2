"""Variants: who gets which share, how many processes each has, and who only gets copies."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from .studio import INSTANCE, until

WHO = """
import os
def model_fn(model_dir):
    return str(os.getpid())
def transform_fn(model, body, content_type, accept):
    print("asked:", body, flush=True)
    return model
"""


@pytest.fixture(scope="module")
def pair(studio):
    """An endpoint with two variants at equal weights."""
    return studio.endpoint(studio.config(studio.model(), studio.model(), weights=(50, 50)))


def shares(studio, endpoint, count):
    return Counter(studio.ask(endpoint, b"[1]")["InvokedProductionVariant"] for _ in range(count))


def test_the_course_lab_101_calls_are_split_in_halves_then_100_go_to_one(studio, pair):
    counted = shares(studio, pair, 101)
    assert sorted(counted.values()) == [50, 51]
    studio.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=pair,
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 0},
            {"VariantName": "B", "DesiredWeight": 100},
        ],
    )
    assert studio.in_service(pair)["ProductionVariants"][1]["CurrentWeight"] == 100
    assert shares(studio, pair, 100) == {"B": 100}
    counted["B"] += 100

    def told() -> Counter[str]:
        return Counter({name: int(invocations(studio, pair, name)) for name in "AB"})

    until(lambda: told() == counted)


def invocations(studio, endpoint, variant, name="Invocations") -> float:
    now = datetime.now(UTC)
    found = studio.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return sum(point["Sum"] for point in found)


def test_a_variant_gets_the_processes_that_are_wanted_and_loses_them_again(studio):
    endpoint = studio.endpoint(studio.config(studio.model({"inference.py": WHO})))

    def scale(count: int) -> dict:
        studio.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": count}],
        )
        return studio.in_service(endpoint)["ProductionVariants"][0]

    variant = scale(2)
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert scale(1)["CurrentInstanceCount"] == 1
    assert studio.ask(endpoint, b"x", "text/csv")["Body"].isdigit()


def test_an_update_may_keep_weights_and_counts_that_were_set_by_hand(studio):
    models = studio.model(), studio.model()
    endpoint = studio.endpoint(studio.config(*models, weights=(1, 1)))
    studio.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 7, "DesiredInstanceCount": 2},
        ],
    )
    studio.in_service(endpoint)
    studio.sagemaker.update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=studio.config(*models, weights=(1, 1)),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredInstanceCount"}],
    )
    variant = studio.in_service(endpoint)["ProductionVariants"][0]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (7, 1)


def test_a_shadow_gets_copies_and_never_answers(studio):
    config = f"config-of-{studio.bucket}"
    model = studio.model({"inference.py": WHO})
    variant = {"ModelName": model, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    studio.sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[{**variant, "VariantName": "A", "InitialVariantWeight": 1}],
        ShadowProductionVariants=[{**variant, "VariantName": "S", "InitialVariantWeight": 0.5}],
    )
    with pytest.raises(ClientError, match="one production variant only"):
        studio.sagemaker.create_endpoint_config(
            EndpointConfigName=f"{config}-two",
            ProductionVariants=[{**variant, "VariantName": name} for name in "AB"],
            ShadowProductionVariants=[{**variant, "VariantName": "S"}],
        )
    endpoint = studio.endpoint(config)
    assert studio.in_service(endpoint)["ShadowProductionVariants"][0]["VariantName"] == "S"
    assert shares(studio, endpoint, 10) == {"A": 10}
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    until(lambda: len([line for line in studio.log("S/", group) if line.startswith("asked:")]) == 5)


def test_a_serverless_variant_has_no_count_to_change(studio):
    endpoint = studio.endpoint(studio.serverless(studio.model()))
    with pytest.raises(ClientError, match="serverless"):
        studio.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 2}],
        )
    assert json.loads(studio.ask(endpoint, b"[2]")["Body"]) == [4.0]
