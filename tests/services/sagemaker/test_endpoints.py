"""Endpoints: made, changed under load, deleted; and what is said of models that cannot be served."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from botocore.exceptions import ClientError, WaiterError

from .studio import INFERENCE, SKLEARN, SOON


def test_an_endpoint_answers_with_its_model(studio):
    endpoint = studio.endpoint(studio.config(studio.model(factor=3)))
    answer = studio.ask(endpoint, b"[[1, 2]]")
    assert json.loads(answer["Body"]) == [[3.0, 6.0]]
    assert answer["InvokedProductionVariant"] == "A"


def test_an_endpoint_is_described_with_its_variants(studio):
    config = studio.config(studio.model(), studio.model(), weights=(1, 3))
    endpoint = studio.endpoint(config)
    described = studio.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == config
    assert [
        (v["VariantName"], v["CurrentWeight"], v["CurrentInstanceCount"])
        for v in described["ProductionVariants"]
    ] == [
        ("A", 1.0, 1),
        ("B", 3.0, 1),
    ]
    assert described["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == SKLEARN


def test_a_trained_model_is_served_with_the_script_it_was_trained_with(studio):
    request = studio.request({"train.py": TRAINED, "inference.py": INFERENCE}, factor=7)
    job = studio.train(request)
    container = {
        "Image": SKLEARN,
        "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": {
            "SAGEMAKER_PROGRAM": "inference.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": json.loads(
                request["HyperParameters"]["sagemaker_submit_directory"]
            ),
        },
    }
    name = request["TrainingJobName"]
    studio.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    endpoint = studio.endpoint(studio.config(name))
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [7.0]


TRAINED = """
import argparse, json
arguments = argparse.ArgumentParser()
arguments.add_argument("--factor", type=int)
json.dump({"factor": arguments.parse_args().factor}, open("/opt/ml/model/model.json", "w"))
"""


def test_a_model_that_raises_while_loading_fails_the_endpoint_with_its_traceback(studio):
    broken = studio.model(
        {"inference.py": "def model_fn(model_dir):\n    raise KeyError('weights are gone')\n"}
    )
    studio.sagemaker.create_endpoint(EndpointName="broken", EndpointConfigName=studio.config(broken))
    with pytest.raises(WaiterError, match="terminal failure"):
        studio.in_service("broken")
    described = studio.sagemaker.describe_endpoint(EndpointName="broken")
    assert described["EndpointStatus"] == "Failed"
    assert "KeyError: 'weights are gone'" in described["FailureReason"]
    with pytest.raises(ClientError, match="Cannot update failed endpoint"):
        studio.sagemaker.update_endpoint(
            EndpointName="broken", EndpointConfigName=described["EndpointConfigName"]
        )
    assert any("weights are gone" in line for line in studio.log("A/", "/aws/sagemaker/Endpoints/broken"))


def test_an_update_takes_over_without_one_failed_request(studio):
    endpoint = studio.endpoint(studio.config(studio.model(factor=2)))
    answers: Counter[str] = Counter()
    over = threading.Event()

    def keep_asking() -> None:
        while not over.is_set():
            try:
                answers[studio.ask(endpoint, b"[1]")["Body"].decode()] += 1
            except ClientError as error:
                answers[str(error)] += 1

    askers = [threading.Thread(target=keep_asking) for _ in range(3)]
    for asker in askers:
        asker.start()
    studio.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=studio.config(studio.model(factor=5))
    )
    studio.in_service(endpoint)
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [5.0]
    over.set()
    for asker in askers:
        asker.join()
    assert set(answers) <= {"[2.0]", "[5.0]"}, answers


def test_an_update_that_cannot_be_served_leaves_the_endpoint_as_it_was(studio):
    endpoint = studio.endpoint(studio.config(studio.model(factor=2)))
    before = studio.sagemaker.describe_endpoint(EndpointName=endpoint)
    broken = studio.model({"inference.py": "raise ImportError('no such thing')"})
    studio.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=studio.config(broken))
    after = studio.in_service(endpoint)
    assert after["EndpointConfigName"] == before["EndpointConfigName"]
    assert "no such thing" in after["FailureReason"]
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [2.0]


def test_variants_share_the_requests_by_their_weights(studio):
    endpoint = studio.endpoint(studio.config(studio.model(), studio.model(), weights=(1, 1)))
    shares = Counter(studio.ask(endpoint, b"[1]")["InvokedProductionVariant"] for _ in range(100))
    assert min(shares["A"], shares["B"]) > 20
    wanted = [{"VariantName": "A", "DesiredWeight": 0.0}, {"VariantName": "B", "DesiredWeight": 1.0}]
    studio.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=wanted
    )
    shares = Counter(studio.ask(endpoint, b"[1]")["InvokedProductionVariant"] for _ in range(20))
    assert shares == {"B": 20}
    assert studio.ask(endpoint, b"[1]", TargetVariant="A")["InvokedProductionVariant"] == "A"


def test_a_deleted_endpoint_is_gone_and_its_name_free(studio):
    config = studio.config(studio.model())
    endpoint = studio.endpoint(config)
    studio.sagemaker.delete_endpoint(EndpointName=endpoint)
    studio.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig=SOON)
    with pytest.raises(ClientError, match="not found"):
        studio.ask(endpoint, b"[1]")
    studio.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    studio.in_service(endpoint)


def test_an_endpoint_goes_on_without_its_model_and_configuration(studio):
    model = studio.model()
    config = studio.config(model)
    endpoint = studio.endpoint(config)
    studio.sagemaker.delete_model(ModelName=model)
    studio.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [2.0]


def test_names_that_are_taken_or_unknown_are_refused_in_the_sdks_words(studio):
    model = studio.model()
    config = studio.config(model)
    endpoint = studio.endpoint(config)
    variants = studio.sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        studio.sagemaker.create_endpoint_config(EndpointConfigName=config, ProductionVariants=variants)
    with pytest.raises(ClientError, match="Cannot create already existing endpoint "):
        studio.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        studio.sagemaker.create_endpoint(EndpointName="other", EndpointConfigName="nobody")
    with pytest.raises(ClientError, match="Could not find model"):
        studio.config("nobody")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        studio.sagemaker.describe_endpoint(EndpointName="nobody")


def test_an_endpoint_has_no_monitoring_schedules_as_the_sdk_asks_before_it_deletes_one(studio):
    found = studio.sagemaker.list_monitoring_schedules(EndpointName="any")
    assert found["MonitoringScheduleSummaries"] == []
