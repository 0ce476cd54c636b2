"""Asynchronous inferences: from S3 to S3, bad inputs to the failure path, none lost when the server is killed."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from ..sagemaker.studio import INSTANCE, Studio, open_studio, until


def asynchronous(studio: Studio, model: str) -> str:
    name = f"async-{model}"
    studio.sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {"VariantName": "A", "ModelName": model, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
        ],
        AsyncInferenceConfig={
            "OutputConfig": {
                "S3OutputPath": f"s3://{studio.bucket}/out",
                "S3FailurePath": f"s3://{studio.bucket}/failed",
            },
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2},
        },
    )
    return studio.endpoint(name)


@pytest.fixture(scope="module")
def endpoint(studio):
    return asynchronous(studio, studio.model(factor=3))


def asked(studio: Studio, endpoint: str, body: bytes, **more: object) -> dict:
    location = studio.put(f"in/{abs(hash(body))}", body)
    return studio.runtime.invoke_endpoint_async(
        EndpointName=endpoint, InputLocation=location, ContentType="application/json", **more
    )


def there(studio: Studio, uri: str) -> bool:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bool(studio.s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"))


def test_the_answer_lies_where_the_request_was_told(studio, endpoint):
    promised = asked(studio, endpoint, b"[1, 2]", InferenceId="mine")
    assert promised["InferenceId"] == "mine"
    assert promised["ResponseMetadata"]["HTTPStatusCode"] == 202
    until(lambda: there(studio, promised["OutputLocation"]))
    assert json.loads(studio.read(promised["OutputLocation"])) == [3.0, 6.0]


def test_a_small_request_may_come_along(studio, endpoint):
    ask = studio.runtime.invoke_endpoint_async
    promised = ask(EndpointName=endpoint, Body=b"[3]", ContentType="application/json")
    until(lambda: there(studio, promised["OutputLocation"]))
    assert json.loads(studio.read(promised["OutputLocation"])) == [9.0]
    for wrong in ({}, {"Body": b"[3]", "InputLocation": f"s3://{studio.bucket}/in/nobody"}):
        with pytest.raises(ClientError, match="Exactly one of Body and InputLocation"):
            ask(EndpointName=endpoint, **wrong)
    with pytest.raises(ClientError, match="128000"):
        ask(EndpointName=endpoint, Body=b"x" * 128_001)


def test_an_endpoint_for_later_answers_nobody_now(studio, endpoint):
    for _ in range(2):  # the second on the short road
        with pytest.raises(ClientError, match="use InvokeEndpointAsync"):
            studio.ask(endpoint, b"[1]")
    with pytest.raises(ClientError, match="use InvokeEndpointAsync"):
        studio.runtime.invoke_endpoint_with_response_stream(EndpointName=endpoint, Body=b"[1]")


def test_what_a_model_refuses_lies_in_the_failure_path(studio, endpoint):
    promised = asked(studio, endpoint, b"not json")
    until(lambda: there(studio, promised["FailureLocation"]))
    assert b"application/json" in studio.read(promised["FailureLocation"])
    assert not there(studio, promised["OutputLocation"])


def test_a_request_without_its_input_fails_too(studio, endpoint):
    promised = studio.runtime.invoke_endpoint_async(
        EndpointName=endpoint, InputLocation=f"s3://{studio.bucket}/in/nobody"
    )
    until(lambda: there(studio, promised["FailureLocation"]))
    assert b"NoSuchKey" in studio.read(promised["FailureLocation"])


def test_an_endpoint_for_now_takes_no_request_for_later(studio):
    other = studio.endpoint(studio.config(studio.model()))
    with pytest.raises(ClientError, match="not an asynchronous inference endpoint"):
        asked(studio, other, b"[1]")


HANGS = """
import time
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    if body == "hang":
        time.sleep(600)
    return body
"""


def test_a_model_that_hangs_is_given_up_and_started_again(studio):
    endpoint = asynchronous(studio, studio.model({"inference.py": HANGS}))
    promised = asked(studio, endpoint, b"hang", InvocationTimeoutSeconds=1)
    until(lambda: there(studio, promised["FailureLocation"]))
    assert b"timed out" in studio.read(promised["FailureLocation"])
    well = asked(studio, endpoint, b"well")
    until(lambda: there(studio, well["OutputLocation"]))
    assert studio.read(well["OutputLocation"]) == b"well"


SLOW = """
import time
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    time.sleep(0.3)
    return body
"""


def test_no_request_is_lost_when_the_server_is_killed(own_server):
    studio = open_studio(own_server.client)
    endpoint = asynchronous(studio, studio.model({"inference.py": SLOW}))
    promised = [asked(studio, endpoint, b"[%d]" % number) for number in range(6)]
    until(lambda: there(studio, promised[0]["OutputLocation"]))
    own_server.kill()
    own_server.start()
    studio = open_studio(own_server.client)
    for one in promised:
        until(lambda uri=one["OutputLocation"]: there(studio, uri))
