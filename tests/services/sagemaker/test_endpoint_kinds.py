"""Endpoints of many models, of several containers, without instances, and with data capture."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .studio import INFERENCE, INSTANCE, SKLEARN, archive, until

MODELS = int(os.environ.get("CUMULET_MODELS", "5"))  # each is loaded on its own: 200 take a minute

SLOW = """
import time
def model_fn(model_dir):
    return model_dir
def transform_fn(model, body, content_type, accept):
    time.sleep(float(body))
    return "done"
"""
WRAP = """
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    return f"<{body}>", "text/csv"
"""


def scaled(factor: float) -> bytes:
    return archive({"model.json": json.dumps({"factor": factor}), "code/inference.py": INFERENCE})


def create_model(studio, **members: Any) -> str:
    name = f"model-{uuid.uuid4().hex[:12]}"
    studio.sagemaker.create_model(ModelName=name, ExecutionRoleArn=studio.role, **members)
    return name


def test_many_models_share_an_endpoint_and_come_when_they_are_asked_for(studio):
    for number in range(MODELS):
        studio.put(f"many/{number}.tar.gz", scaled(number))
    container = {"Image": SKLEARN, "Mode": "MultiModel", "ModelDataUrl": f"s3://{studio.bucket}/many/"}
    endpoint = studio.endpoint(studio.config(create_model(studio, PrimaryContainer=container)))
    for number in [*range(MODELS), 1, 0]:
        answer = studio.ask(endpoint, b"[1]", TargetModel=f"{number}.tar.gz")
        assert json.loads(answer["Body"]) == [float(number)]
    studio.put("many/later.tar.gz", scaled(77))
    assert json.loads(studio.ask(endpoint, b"[1]", TargetModel="later.tar.gz")["Body"]) == [77.0]
    with pytest.raises(ClientError, match="Failed to download model data"):
        studio.ask(endpoint, b"[1]", TargetModel="nobody.tar.gz")
    with pytest.raises(ClientError, match="TargetModel is required"):
        studio.ask(endpoint, b"[1]")
    cloudwatch, loaded = studio.client("cloudwatch"), MODELS + 1
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "A"}]

    def told(metric: str) -> tuple[float, float, str]:
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker",
            MetricName=metric,
            Dimensions=dimensions,
            StartTime=time.time() - 3600,
            EndTime=time.time() + 3600,
            Period=7200,
            Statistics=["SampleCount", "Sum"],
        )["Datapoints"]
        samples, whole = (sum(point[name] for point in found) for name in ("SampleCount", "Sum"))
        return samples, whole, found[0]["Unit"] if found else ""

    until(lambda: told("ModelCacheHit") == (loaded + 2, 2.0, "None"))
    for metric in ("ModelLoadingWaitTime", "ModelDownloadingTime", "ModelLoadingTime"):
        assert told(metric)[::2] == (loaded, "Microseconds")


def test_containers_in_a_row_answer_with_what_the_last_one_says(studio):
    data = studio.put("wrap.tar.gz", archive({"code/inference.py": WRAP}))
    container = {"Image": SKLEARN, "ModelDataUrl": data}
    endpoint = studio.endpoint(studio.config(create_model(studio, Containers=[container] * 3)))
    assert studio.ask(endpoint, b"x", "text/csv")["Body"] == b"<<<x>>>"
    images = studio.in_service(endpoint)["ProductionVariants"][0]["DeployedImages"]
    assert len(images) == 3


def test_containers_of_their_own_are_asked_by_name(studio):
    containers = [
        {"Image": SKLEARN, "ContainerHostname": name, "ModelDataUrl": studio.put(f"{name}.tar.gz", data)}
        for name, data in (("double", scaled(2)), ("wrap", archive({"code/inference.py": WRAP})))
    ]
    model = create_model(studio, Containers=containers, InferenceExecutionConfig={"Mode": "Direct"})
    endpoint = studio.endpoint(studio.config(model))
    assert studio.ask(endpoint, b"[4]", TargetContainerHostname="double")["Body"] == b"[8.0]"
    assert studio.ask(endpoint, b"4", "text/csv", TargetContainerHostname="wrap")["Body"] == b"<4>"
    for wrong in ({}, {"TargetContainerHostname": "third"}):
        with pytest.raises(ClientError, match="ValidationError"):
            studio.ask(endpoint, b"[4]", **wrong)


def test_a_serverless_endpoint_starts_with_the_first_request_and_takes_no_more_than_it_may(studio):
    endpoint = studio.endpoint(studio.serverless(studio.model({"inference.py": SLOW}), most=1))
    described = studio.in_service(endpoint)["ProductionVariants"][0]
    assert described["CurrentServerlessConfig"]["MaxConcurrency"] == 1
    assert "CurrentInstanceCount" not in described
    assert studio.ask(endpoint, b"0", "text/csv")["Body"] == b"done"

    def served(body: bytes) -> bool:
        try:
            studio.ask(endpoint, body, "text/csv")
        except ClientError as error:
            if error.response["Error"]["Code"] != "ThrottlingException":
                raise
            return False
        return True

    slow = threading.Thread(target=until, args=(lambda: served(b"3"),))  # either of the two may come first
    slow.start()
    until(lambda: not served(b"0"))
    slow.join()


def test_captured_requests_lie_in_s3_as_the_model_monitor_reads_them(studio):
    config = f"captured-{studio.bucket}"
    variant = {
        "VariantName": "A",
        "ModelName": studio.model(),
        "InstanceType": INSTANCE,
        "InitialInstanceCount": 1,
    }
    studio.sagemaker.create_endpoint_config(
        EndpointConfigName=config,
        ProductionVariants=[variant],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{studio.bucket}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
        },
    )
    endpoint = studio.endpoint(config)
    assert studio.in_service(endpoint)["DataCaptureConfig"]["CaptureStatus"] == "Started"
    studio.ask(endpoint, b"1,2", "text/csv", InferenceId="mine", CustomAttributes="seen")
    found: list[dict[str, Any]] = []

    def captured() -> bool:
        listed = studio.s3.list_objects_v2(Bucket=studio.bucket, Prefix=f"captured/{endpoint}/A/20")
        found[:] = listed.get("Contents", [])
        return bool(found)

    until(captured)
    assert found[0]["Key"].endswith(".jsonl")
    line = json.loads(studio.read(f"s3://{studio.bucket}/{found[0]['Key']}"))
    assert line["captureData"]["endpointInput"] == {
        "observedContentType": "text/csv",
        "mode": "INPUT",
        "data": "1,2",
        "encoding": "CSV",
    }
    assert line["captureData"]["endpointOutput"]["encoding"] == "BASE64"
    assert line["eventMetadata"]["inferenceId"] == "mine"
    assert line["eventMetadata"]["customAttributes"] == ["seen"]
    assert line["eventVersion"] == "0"
