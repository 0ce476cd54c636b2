"""Jobs and endpoints when the server dies under them, or is stopped and started again."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from cumulet.engines import run as engine

from .studio import open_studio
from .test_training_jobs import METRICS, wait_for_line

SLOW = """
import os, pathlib, time
print("accuracy=0.25", flush=True)
for number in range(30):
    print(f"line {number}", flush=True)
    time.sleep(0.1)
print("accuracy=0.75", flush=True)
pathlib.Path("/opt/ml/model/process").write_text(str(os.getpid()))
"""

SAVES = """
import pathlib, time
step = pathlib.Path("/opt/ml/checkpoints/step")
if step.exists():
    print("step", step.read_text())
else:
    step.parent.mkdir(exist_ok=True)
    step.write_text("7")
    print("saved", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def studio(own_server):
    opened = open_studio(own_server.client)
    yield opened
    if own_server.child.process.poll() is None:
        opened.clear()


def test_a_running_job_survives_the_servers_death_and_completes(own_server, studio):
    request = studio.request({"train.py": SLOW})
    request["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
    name = studio.start(request)
    wait_for_line(studio, name, "line 3")
    own_server.kill()
    own_server.start()
    assert studio.sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "InProgress"
    job = studio.ended(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert "Restarting" not in [t["Status"] for t in job["SecondaryStatusTransitions"]]
    assert [m["Value"] for m in job["FinalMetricDataList"]] == [0.75]
    counted = Counter(line for line in studio.log(f"{name}/") if line.startswith("line "))
    assert counted == {f"line {number}": 1 for number in range(30)}


def test_a_job_that_ended_while_no_server_ran_is_completed_by_the_next(own_server, studio):
    request, hosts = studio.request({"train.py": SLOW}), 2 if engine.mounts_supported() else 1
    request["ResourceConfig"]["InstanceCount"] = hosts
    name = studio.start(request)
    for host in range(1, hosts + 1):
        wait_for_line(studio, f"{name}/algo-{host}-", "line 20")
    own_server.kill()
    (folder,) = (own_server.data_dir / "sagemaker/jobs").iterdir()
    for host in range(1, hosts + 1):
        adopted = engine.adopt(folder / f"algo-{host}/process")
        assert adopted
        assert adopted.wait(60)
    own_server.start()
    assert studio.ended(name)["TrainingJobStatus"] == "Completed"
    for host in range(1, hosts + 1):
        assert studio.log(f"{name}/algo-{host}-").count("line 29") == 1


def test_a_job_is_started_over_after_an_orderly_shutdown(own_server, studio):
    name = studio.start(studio.request({"train.py": SLOW}))
    wait_for_line(studio, name, "line 3")
    own_server.restart()
    job = studio.ended(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert "Restarting" in [t["Status"] for t in job["SecondaryStatusTransitions"]]


def test_a_job_that_is_started_over_finds_its_checkpoints(own_server, studio):
    request = studio.request({"train.py": SAVES})
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/checkpoints"}
    name = studio.start(request)
    wait_for_line(studio, name, "saved")
    own_server.restart()
    assert studio.ended(name)["TrainingJobStatus"] == "Completed"
    assert [line for line in studio.log(f"{name}/") if line in ("saved", "step 7")] == ["saved", "step 7"]
    assert studio.read(f"s3://{studio.bucket}/checkpoints/step") == b"7"


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_endpoints_come_back_by_themselves(own_server, studio, how):
    model = studio.model(factor=3)
    endpoint = studio.endpoint(studio.config(model))
    studio.sagemaker.delete_model(ModelName=model)
    if how == "kill":
        own_server.kill()
        own_server.start()
    else:
        own_server.restart()
    assert json.loads(studio.ask(endpoint, b"[1]")["Body"]) == [3.0]
    assert studio.sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"
