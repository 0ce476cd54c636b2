"""Models with EnableNetworkIsolation: their processes reach nobody, and are asked all the same."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from cumulet.engines.run import mounts_supported

from .studio import SKLEARN, archive
from .test_transform_jobs import request as transform
from .test_transform_jobs import transform_ended
from .workshop import named

REACHES = """
import socket

def model_fn(model_dir):
    return None

def predict_fn(data, model):
    try:
        socket.create_connection(("127.0.0.1", int(data[0])), timeout=5).close()
    except OSError:
        return [0]
    return [1]
"""


def model(studio, *, isolated: bool) -> str:
    """A model that says whether it can reach a port of this machine."""
    name = named("reaches")
    data = studio.put(f"{name}/model.tar.gz", archive({"code/inference.py": REACHES}))
    container = {"Image": SKLEARN, "ModelDataUrl": data, "Environment": {"SAGEMAKER_PROGRAM": "inference.py"}}
    studio.sagemaker.create_model(
        ModelName=name,
        PrimaryContainer=container,
        ExecutionRoleArn=studio.role,
        EnableNetworkIsolation=isolated,
    )
    return name


@pytest.mark.skipif(not mounts_supported(), reason="needs mount namespaces")
def test_an_endpoint_of_an_isolated_model_reaches_nobody(studio, server):
    port = json.dumps([server.port]).encode()
    answers = {}
    for isolated in (False, True):
        endpoint = studio.endpoint(studio.config(model(studio, isolated=isolated)))
        answers[isolated] = json.loads(studio.ask(endpoint, port)["Body"])
    assert answers == {False: [1], True: [0]}


@pytest.mark.skipif(not mounts_supported(), reason="needs mount namespaces")
def test_a_transform_of_an_isolated_model_reaches_nobody(studio, server):
    name = model(studio, isolated=True)
    assert studio.sagemaker.describe_model(ModelName=name)["EnableNetworkIsolation"] is True
    studio.put(f"{name}/in/port.json", json.dumps([server.port]).encode())
    asked = transform(studio, name, f"{name}/in/", TransformInput={"ContentType": "application/json"})
    studio.sagemaker.create_transform_job(**asked)
    job = transform_ended(studio, asked["TransformJobName"])
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    written = studio.read(f"{job['TransformOutput']['S3OutputPath']}/port.json.out")
    assert float(written.split()[0]) == 0


@pytest.mark.skipif(mounts_supported(), reason="is for machines without mount namespaces")
def test_without_namespaces_isolation_is_refused(studio):
    with pytest.raises(ClientError, match="EnableNetworkIsolation here"):
        model(studio, isolated=True)
