"""Where the machine gives no private mounts, SAGEMAKER_BASE_DIR says where /opt/ml lies."""

from __future__ import annotations

import json

import pytest

from .studio import INFERENCE, TRAIN, open_studio
from .workshop import processed, processing, s3_output


@pytest.fixture
def no_mounts(monkeypatch):
    monkeypatch.setenv("CUMULET_NO_NAMESPACE", "1")


@pytest.fixture
def studio(no_mounts, own_server):
    opened = open_studio(own_server.client)
    yield opened
    opened.clear()


def test_even_so_no_script_writes_to_the_lake(studio):
    large = b"0" * (1 << 18)
    studio.put("large/data.csv", large)
    script = (
        "import os, pathlib\n"
        "path = pathlib.Path(os.environ['SM_CHANNEL_LARGE'], 'data.csv')\n"
        "try: path.write_text('short')\n"
        "except PermissionError: pass\n"
    )
    request = {**studio.request({"train.py": script}), "InputDataConfig": [studio.channel("large", "large/")]}
    assert studio.train(request)["TrainingJobStatus"] == "Completed"
    assert studio.read(f"s3://{studio.bucket}/large/data.csv") == large


def test_a_script_that_reads_its_variables_trains_and_serves(studio):
    request = studio.request({"train.py": TRAIN, "inference.py": INFERENCE}, factor=6)
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    endpoint = studio.endpoint(studio.config(studio.model(factor=6)))
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [6.0]


def test_a_processing_program_that_is_told_its_places_finds_them(studio):
    script = "import pathlib, sys; pathlib.Path(sys.argv[1], 'told').write_text('here')"
    request = processing(studio, script, ProcessingOutputConfig=s3_output(studio, "places"))
    request["AppSpecification"]["ContainerArguments"] = ["/opt/ml/processing/output"]
    assert processed(studio, request)["ProcessingJobStatus"] == "Completed"
    assert studio.read(f"s3://{studio.bucket}/places/told") == b"here"
