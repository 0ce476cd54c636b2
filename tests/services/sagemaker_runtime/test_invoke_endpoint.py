"""Asking endpoints: formats in and out, the user's own functions, and models that refuse, crash or hang."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

OWN = """
import json, os, time

def model_fn(model_dir):
    return {"dir": model_dir}

def input_fn(body, content_type):
    return {"body": body if isinstance(body, str) else body.hex(), "type": content_type}

def predict_fn(given, model):
    if given["body"] == "crash":
        os._exit(9)
    if given["body"] == "raise":
        raise RuntimeError("the model has a headache")
    return {**given, **model}

def output_fn(prediction, accept):
    return json.dumps({**prediction, "accept": accept}), "application/x-own"
"""
TRANSFORM = """
def model_fn(model_dir):
    return 5

def transform_fn(model, body, content_type, accept):
    return f"{model} {body} {content_type} {accept}"
"""


@pytest.fixture(scope="module")
def arrays(studio):
    return studio.endpoint(studio.config(studio.model(factor=2)))


@pytest.fixture(scope="module")
def own(studio):
    return studio.endpoint(studio.config(studio.model({"inference.py": OWN})))


def refused(studio, *arguments, **more):
    with pytest.raises(ClientError) as error:
        studio.ask(*arguments, **more)
    return error.value.response


def npy(array) -> bytes:
    import numpy

    buffer = io.BytesIO()
    numpy.save(buffer, array)
    return buffer.getvalue()


def test_csv_comes_in_and_goes_out(studio, arrays):
    answer = studio.ask(arrays, b"1,2\n3,4\n", "text/csv", Accept="text/csv")
    assert answer["ContentType"] == "text/csv"
    assert answer["Body"].split() == [b"2.0,4.0", b"6.0,8.0"]


def test_json_is_the_answer_where_nothing_else_is_asked_for(studio, arrays):
    answer = studio.ask(arrays, b"1,2", "text/csv")
    assert answer["ContentType"] == "application/json"
    assert json.loads(answer["Body"]) == [2.0, 4.0]


def test_numpys_own_format_keeps_shape_and_type(studio, arrays):
    import numpy

    sent = numpy.arange(6, dtype="int64").reshape(2, 3)
    answer = studio.ask(arrays, npy(sent), "application/x-npy", Accept="application/x-npy")
    got = numpy.load(io.BytesIO(answer["Body"]))
    assert got.tolist() == (sent * 2).tolist()


def test_an_unknown_content_type_is_the_models_415(studio, arrays):
    response = refused(studio, arrays, b"x", "image/png")
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 415
    assert "image/png" in response["OriginalMessage"]
    assert f"log-group:/aws/sagemaker/Endpoints/{arrays}" in response["LogStreamArn"]


def test_a_body_that_is_not_what_it_says_is_the_models_400(studio, arrays):
    assert refused(studio, arrays, b"[1, ", "application/json")["OriginalStatusCode"] == 400


def test_an_answer_in_an_unknown_format_is_the_models_406(studio, arrays):
    assert refused(studio, arrays, b"[1]", Accept="image/png")["OriginalStatusCode"] == 406


def test_the_users_functions_see_text_as_text_and_the_rest_as_bytes(studio, own):
    told = json.loads(studio.ask(own, b"\xff\x00", "application/octet-stream")["Body"])
    assert told["body"] == "ff00"
    answer = studio.ask(own, b"one,two", "text/csv", Accept="application/x-own")
    told = json.loads(answer["Body"])
    assert told == {
        "body": "one,two",
        "type": "text/csv",
        "dir": "/opt/ml/model",
        "accept": "application/x-own",
    }
    assert answer["ContentType"] == "application/x-own"


def test_transform_fn_does_it_all(studio):
    endpoint = studio.endpoint(studio.config(studio.model({"inference.py": TRANSFORM})))
    assert studio.ask(endpoint, b"x", "text/csv", Accept="text/csv")["Body"] == b"5 x text/csv text/csv"


def test_what_a_model_raises_comes_back_with_its_traceback(studio, own):
    response = refused(studio, own, b"raise", "text/csv")
    assert (response["Error"]["Code"], response["OriginalStatusCode"]) == ("ModelError", 500)
    assert "RuntimeError: the model has a headache" in response["OriginalMessage"]


def test_a_model_that_crashes_is_started_again(studio, own):
    assert refused(studio, own, b"crash", "text/csv")["Error"]["Code"] == "ModelError"
    assert json.loads(studio.ask(own, b"well", "text/csv")["Body"])["body"] == "well"


def test_an_unknown_endpoint_is_a_validation_error(studio):
    response = refused(studio, "nobody", b"[1]")
    assert response["Error"]["Code"] == "ValidationError"
    assert "Endpoint nobody of account" in response["Error"]["Message"]


def test_an_unknown_variant_is_refused(studio, arrays):
    assert "Variant Z" in refused(studio, arrays, b"[1]", TargetVariant="Z")["Error"]["Message"]


def test_an_unknown_session_and_a_model_of_a_single_model_endpoint_are_refused(studio, arrays):
    assert "Session one" in refused(studio, arrays, b"[1]", SessionId="one")["Error"]["Message"]
    assert "multi-model" in refused(studio, arrays, b"[1]", TargetModel="one.tar.gz")["Error"]["Message"]


@pytest.mark.parametrize("member", ["InferenceComponentName", "EnableExplanations"])
def test_what_is_not_done_yet_is_refused_by_name(studio, arrays, member):
    response = refused(studio, arrays, b"[1]", **{member: "one"})
    assert response["Error"]["Code"] == "NotImplemented"
    assert member in response["Error"]["Message"]


def test_a_model_acts_as_its_role(studio):
    script = (
        "import boto3\n"
        "def model_fn(model_dir):\n"
        "    return boto3.client('sts')\n"
        "def transform_fn(sts, body, content_type, accept):\n"
        "    return sts.get_caller_identity()['Arn']\n"
    )
    endpoint = studio.endpoint(studio.config(studio.model({"inference.py": script})))
    assert b":assumed-role/CumuletAdministrator/SageMaker" in studio.ask(endpoint, b"[]")["Body"]


def test_a_models_requirements_are_installed_for_it(studio):
    script = (
        "import tabulate\n"
        "def model_fn(model_dir):\n"
        "    return tabulate\n"
        "def transform_fn(model, *_):\n"
        "    return model.__version__\n"
    )
    files = {"inference.py": script, "requirements.txt": "tabulate==0.9.0"}
    endpoint = studio.endpoint(studio.config(studio.model(files)))
    assert studio.ask(endpoint, b"[]")["Body"] == b"0.9.0"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_command_that_is_printed_for_an_endpoint_asks_it(server, arrays):
    command = server.cumulet("endpoint", "url", arrays, "--data", "[1, 2]")
    assert json.loads(subprocess.run(command, shell=True, check=True, capture_output=True).stdout) == [2, 4]


def test_a_body_above_six_megabytes_is_refused_as_on_aws(studio, arrays):
    runtime = studio.client("sagemaker-runtime", config=Config(parameter_validation=False))
    with pytest.raises(ClientError, match="length less than or equal to") as error:
        runtime.invoke_endpoint(EndpointName=arrays, Body=b" " * ((6 << 20) + 1))
    assert error.value.response["Error"]["Code"] == "ValidationError"
    body = b"[" + b" " * ((6 << 20) - 3) + b"1]"
    assert json.loads(studio.ask(arrays, body)["Body"]) == [2.0]


FLOOD = """
import time
def model_fn(model_dir):
    return bytearray()
def transform_fn(model, body, content_type, accept):
    if body == "allocate":
        while True:
            model.extend(bytes(32 << 20))
    if body == "print":
        for _ in range(20):
            print("x" * (1 << 20), flush=True)
    return "ok"
"""


def test_a_model_that_takes_too_much_or_prints_without_end_hurts_only_itself(studio, server, arrays):
    table = {"ml.m5.4xlarge": {"memory_gib": 0.4}}
    (server.data_dir / "instances.json").write_text(json.dumps(table))
    model = studio.model({"inference.py": FLOOD})
    variant = {
        "VariantName": "A",
        "ModelName": model,
        "InstanceType": "ml.m5.4xlarge",
        "InitialInstanceCount": 1,
    }
    studio.sagemaker.create_endpoint_config(EndpointConfigName=model, ProductionVariants=[variant])
    endpoint = studio.endpoint(model)
    (server.data_dir / "instances.json").unlink()
    assert studio.ask(endpoint, b"print", "text/csv")["Body"] == b"ok"
    assert json.loads(studio.ask(arrays, b"[1]")["Body"]) == [2.0]
    response = refused(studio, endpoint, b"allocate", "text/csv")
    assert "took more memory than its instance has (409 MB)" in response["OriginalMessage"]
    assert json.loads(studio.ask(arrays, b"[1]")["Body"]) == [2.0]
    assert studio.ask(endpoint, b"well", "text/csv")["Body"] == b"ok"
