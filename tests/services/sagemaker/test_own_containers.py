"""An image of one's own as a command of this machine: `train` and `serve` under the container contract."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid

import pytest

from .studio import unpacked

PROGRAM = """
import http.server, json, os, pathlib, sys

base = pathlib.Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
if sys.argv[-1] == "train":
    given = json.loads((base / "input/config/hyperparameters.json").read_text())
    rows = (base / "input/data/train/rows").read_text().split()
    (base / "model/model.json").write_text(json.dumps({"factor": int(given["factor"]), "rows": len(rows)}))
    raise SystemExit
model = json.loads((base / "model/model.json").read_text())


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers["content-type"] != "text/plain":
            return self.answer(415, b"text only")
        self.answer(200, str(int(body) * model["factor"]).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("content-type", "text/plain")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.HTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Server).serve_forever()
"""


@pytest.fixture
def image(server, tmp_path):
    """The URI of an image that stands for the program."""
    (tmp_path / "program.py").write_text(PROGRAM)
    uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "-m", "cumulet", "image", "map", uri, "--data-dir", str(server.data_dir), "--"]
    told = subprocess.run(
        [*command, sys.executable, str(tmp_path / "program.py")], check=True, capture_output=True
    )
    assert f"{uri} runs as {sys.executable}" in told.stdout.decode()
    return uri


def test_a_container_of_ones_own_trains_and_serves(studio, image):
    asked = studio.request()
    name = asked["TrainingJobName"]
    studio.put(f"{name}/in/rows", b"a b c")
    asked["AlgorithmSpecification"]["TrainingImage"] = image
    asked.update(HyperParameters={"factor": "3"}, InputDataConfig=[studio.channel("train", f"{name}/in/")])
    job = studio.train(asked)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    data = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert json.loads(unpacked(studio.read(data))["model.json"]) == {"factor": 3, "rows": 3}
    container = {"Image": image, "ModelDataUrl": data}
    studio.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    endpoint = studio.endpoint(studio.config(name))
    assert studio.ask(endpoint, b"14", "text/plain")["Body"] == b"42"
    with pytest.raises(Exception, match=r"Received client error \(415\).*text only"):
        studio.ask(endpoint, b"14", "text/csv")


def test_a_program_that_ends_before_it_answers_fails_the_endpoint_with_its_last_words(studio, server):
    uri = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/broken:{uuid.uuid4().hex[:8]}"
    command = [sys.executable, "-m", "cumulet", "image", "map", uri, "--data-dir", str(server.data_dir)]
    subprocess.run([*command, "--", "sh"], check=True, capture_output=True)
    name = f"model-{uuid.uuid4().hex[:12]}"
    studio.sagemaker.create_model(
        ModelName=name, PrimaryContainer={"Image": uri}, ExecutionRoleArn=studio.role
    )
    endpoint = f"endpoint-{uuid.uuid4().hex[:12]}"
    studio.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=studio.config(name))
    with pytest.raises(Exception, match="terminal failure"):
        studio.in_service(endpoint)
    reason = studio.sagemaker.describe_endpoint(EndpointName=endpoint)["FailureReason"]
    assert "before it answered GET /ping" in reason
