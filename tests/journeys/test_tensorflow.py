"""TensorFlow: a network trained by the SDK's estimator, and SavedModels asked as TensorFlow Serving has it.

CUMULET_TENSORFLOW_PYTHON is a Python that has TensorFlow; without one these tests are skipped.
"""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import tarfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from services.sagemaker.studio import INSTANCE, Studio, open_studio

if TYPE_CHECKING:
    from tests.journeys.conftest import Journey

pytestmark = pytest.mark.journey

REGISTRY = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
TRAINING, INFERENCE = (
    f"{REGISTRY}/tensorflow-training:2.16-cpu-py310",
    f"{REGISTRY}/tensorflow-inference:2.16-cpu",
)

# Version 2 and 10 of `half` halve and add their version; `pair` has two inputs, two outputs and texts; a Keras file.
MODELS = """
import sys, keras, tensorflow as tf
folder = sys.argv[1]
numbers, texts = tf.TensorSpec([None], tf.float32), tf.TensorSpec([None], tf.string)

class Half(tf.Module):
    def __init__(self, plus):
        self.plus = tf.Variable(float(plus))
    @tf.function(input_signature=[numbers])
    def half(self, x):
        return {"y": x / 2 + self.plus}
    @tf.function(input_signature=[numbers])
    def double(self, x):
        return {"y": x * 2}

for version in (2, 10):
    half = Half(version)
    tf.saved_model.save(half, f"{folder}/half/{version}", {"serving_default": half.half, "double": half.double})

class Pair(tf.Module):
    @tf.function(input_signature=[numbers, texts])
    def both(self, number, text):
        return {"more": number + 1, "length": tf.strings.length(text)}

pair = Pair()
tf.saved_model.save(pair, f"{folder}/pair/1", {"serving_default": pair.both})
keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")]).save(f"{folder}/sum.keras")
"""
BETWEEN = """
import json
def input_handler(data, context):
    assert context.request_content_type == "text/plain", context
    return json.dumps({"instances": [float(data.read().decode())]})
def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.content.decode())
    return f"{response.json()['predictions'][0]} {context.custom_attributes}", "text/plain"
"""
ALL_OF_IT = """
import requests
def handler(data, context):
    told = requests.post(context.rest_uri, data=data.read())
    return told.content, context.accept_header
"""


@pytest.fixture(scope="module")
def tensorflow() -> Path:
    for place in (os.environ.get("CUMULET_TENSORFLOW_PYTHON"), sys.executable):
        code = "import importlib.util as u, sys; sys.exit(not u.find_spec('tensorflow'))"
        if place and subprocess.run([place, "-c", code]).returncode == 0:
            return Path(place)
    pytest.skip("needs a Python with TensorFlow (CUMULET_TENSORFLOW_PYTHON)")


@pytest.fixture(scope="module")
def models(tensorflow: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    subprocess.run([tensorflow, "-c", MODELS, str(folder)], check=True)
    return folder


@pytest.fixture
def studio(own_server: Any, tensorflow: Path) -> Studio:
    for image in (TRAINING, INFERENCE):
        own_server.cumulet("image", "map", image, "--python", str(tensorflow))
    return open_studio(own_server.client)


def served(studio: Studio, models: Path, *kept: str, script: str = "") -> str:
    """An endpoint of some of the models, with a script or without."""
    name, buffer = f"tensorflow-{uuid.uuid4().hex[:12]}", io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for one in kept:
            tar.add(models / one, one)
        if script:
            info = tarfile.TarInfo("code/inference.py")
            info.size = len(script)
            tar.addfile(info, io.BytesIO(script.encode()))
    container = {"Image": INFERENCE, "ModelDataUrl": studio.put(f"{name}.tar.gz", buffer.getvalue())}
    studio.sagemaker.create_model(ModelName=name, ExecutionRoleArn=studio.role, PrimaryContainer=container)
    variant = {"VariantName": "A", "ModelName": name, "InstanceType": INSTANCE, "InitialInstanceCount": 1}
    studio.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return studio.endpoint(name)


def test_the_sdks_estimator_trains_a_network_and_deploys_it(studio: Studio, journey: Journey) -> None:
    assert journey.run("sagemaker2_tensorflow.py").endswith("finished\n")


def test_saved_models_are_asked_as_tensorflow_serving_has_it(studio: Studio, models: Path) -> None:
    endpoint = served(studio, models, "half", "pair", "sum.keras")

    def ask(body: Any, content_type: str = "application/json", **more: Any) -> Any:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return json.loads(studio.ask(endpoint, sent, content_type, **more)["Body"])

    def refused(body: Any, words: str, **more: Any) -> None:
        with pytest.raises(ClientError, match=words) as told:
            ask(body, **more)
        assert told.value.response["OriginalStatusCode"] in (400, 404)

    assert ask({"instances": [1, 3]}) == {"predictions": [10.5, 11.5]}  # version 10 is newer than 2
    assert ask({"inputs": [1, 3]}) == {"outputs": [10.5, 11.5]}
    assert ask({"signature_name": "double", "inputs": {"x": [4]}}) == {"outputs": [8.0]}
    assert ask([5]) == {"predictions": [12.5]}
    assert ask(b"1\n3\n", "application/jsonlines") == {"predictions": [10.5, 11.5]}
    assert ask([4], CustomAttributes="tfs-model-name=half,tfs-model-version=2") == {"predictions": [4.0]}
    assert ask(b"1,2\n3,4\n", "text/csv", CustomAttributes="tfs-model-name=sum") == {
        "predictions": [[3.0], [7.0]]
    }
    pair = {"CustomAttributes": "tfs-model-name=pair"}
    rows = [{"number": 1, "text": "one"}, {"number": 2, "text": {"b64": base64.b64encode(b"four").decode()}}]
    told = [{"length": 3, "more": 2.0}, {"length": 4, "more": 3.0}]
    assert ask({"instances": rows}, **pair) == {"predictions": told}
    columns = {"number": [1], "text": ["one"]}
    assert ask({"inputs": columns}, **pair) == {"outputs": {"length": [3], "more": [2.0]}}
    refused({"instances": [1], "signature_name": "none"}, "not found in signature def")
    refused({"rows": [1]}, "Missing 'inputs' or 'instances' key")
    refused({"instances": ["text"]}, "error")
    refused({"instances": [1]}, "must be named|must name", **pair)
    refused({"instances": [1]}, "Servable not found", CustomAttributes="tfs-model-name=nobody")
    refused(b"{", "JSON Parse error")


def test_a_script_stands_between_or_does_it_all(studio: Studio, models: Path) -> None:
    between = served(studio, models, "half", script=BETWEEN)
    said = studio.ask(between, b"3", "text/plain", CustomAttributes="seen")
    assert (said["Body"], said["ContentType"]) == (b"11.5 seen", "text/plain")
    whole = served(studio, models, "half", script=ALL_OF_IT)
    assert json.loads(studio.ask(whole, b'{"instances": [3]}')["Body"]) == {"predictions": [11.5]}
