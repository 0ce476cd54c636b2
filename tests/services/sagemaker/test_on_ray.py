"""Jobs on a Ray cluster of two machines: what is asked, told and left behind is what it is without one."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cumulet.engines.run import mounts_refused, mounts_supported

from .studio import Studio, open_studio, unpacked, until
from .workshop import printed, processing, processing_ended, s3_input, s3_output

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(not mounts_supported(), reason=mounts_refused()),
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs Ray"),
]
FAR, NEAR = "ml.g5.xlarge", "ml.m5.large"  # only the machine that does not see our files has a GPU
TABLE = {"ml.g5.*": {"processors": 1, "gpus": 1}, "*": {"processors": 1}}
TRAIN = """
import argparse, json, os, pathlib, socket, time, urllib.request
from botocore.session import Session
arguments = argparse.ArgumentParser()
arguments.add_argument("--factor", type=float)
arguments.add_argument("--bucket")
given = arguments.parse_args()
host, hosts = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["SM_HOSTS"])
told = {"factor": given.factor, "machine": pathlib.Path("/proc/sys/kernel/random/boot_id").read_text(),
        "data": pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "a.csv").read_text(),
        "sees": os.path.exists("DATA_DIR/s3"),
        }
s3 = Session().create_client("s3")
s3.put_object(Bucket=given.bucket, Key=f"said/{host}", Body=host.encode())
if host == hosts[0]:
    with socket.create_server(("", 7797)) as server:
        told["heard"] = server.accept()[0].makefile().readline().strip()
else:
    for _ in range(1200):
        try:
            meeting = socket.create_connection((hosts[0], 7797))
            break
        except OSError:
            time.sleep(0.05)
    meeting.sendall(f"{host}\\n".encode())
print(f"accuracy={given.factor};", flush=True)
pathlib.Path("/opt/ml/checkpoints", f"{host}.txt").write_text("so far")
pathlib.Path(os.environ["SM_MODEL_DIR"], f"{host}.json").write_text(json.dumps(told))
"""
SLOW = """
import pathlib, time
print("begun", flush=True)
time.sleep(6)
for path in pathlib.Path("/opt/ml/processing/input").rglob("*.csv"):
    pathlib.Path("/opt/ml/processing/output", path.name).write_text(path.read_text() * 2)
print("doubled")
"""
GROUP = "/aws/sagemaker/ProcessingJobs"
FAIL = "raise ValueError('the data is not what it was')"


@pytest.fixture(scope="module")
def afar(
    ray_cluster: Any, server: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Studio]]:
    """A server of the same kind as the folder's, whose jobs run on the cluster."""
    folder = tmp_path_factory.mktemp("on-ray")
    (folder / "instances.json").write_text(json.dumps(TABLE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUMULET_RAY_ADDRESS", ray_cluster.address)
        own = type(server)(folder)
        yield own, open_studio(own.client)
        if own.child.process.poll() is None:
            own.child.stop()


def test_training_on_two_machines(afar):
    server, studio = afar
    studio.put("train/a.csv", b"1,2,3")
    script = TRAIN.replace("DATA_DIR", str(server.data_dir))
    request = studio.request({"train.py": script}, factor=0.75, bucket=studio.bucket)
    groups = [("far", FAR), ("near", NEAR)]
    request["ResourceConfig"] = {
        "InstanceGroups": [
            {"InstanceGroupName": name, "InstanceType": kind, "InstanceCount": 1} for name, kind in groups
        ],
        "VolumeSizeInGB": 1,
    }
    request["InputDataConfig"] = [studio.channel("train", "train/")]
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/kept"}
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "accuracy", "Regex": "accuracy=([0-9.]+);"}
    ]
    job = studio.train(request)
    lines = studio.log(request["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", (job.get("FailureReason"), lines)
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("accuracy", 0.75)]
    files = unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))
    told = {name: json.loads(text) for name, text in files.items()}
    assert [told[f"algo-{n}.json"]["sees"] for n in (1, 2)] == [False, True]
    assert told["algo-1.json"]["machine"] != told["algo-2.json"]["machine"]
    assert told["algo-1.json"]["heard"] == "algo-2"
    assert {each["data"] for each in told.values()} == {"1,2,3"}
    assert studio.read(f"s3://{studio.bucket}/said/algo-1") == b"algo-1"
    assert studio.read(f"s3://{studio.bucket}/kept/algo-1.txt") == b"so far"
    assert "accuracy=0.75;" in lines


def test_a_script_that_fails_far_away_says_why(afar):
    _, studio = afar
    request = studio.request({"train.py": FAIL})
    request["ResourceConfig"]["InstanceType"] = FAR
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Failed"
    assert "the data is not what it was" in job["FailureReason"]


def test_processing_goes_on_when_the_server_is_killed(afar):
    server, studio = afar
    studio.put("numbers/a.csv", b"1")
    request = processing(
        studio,
        SLOW,
        ProcessingInputs=[s3_input(studio, "input", "numbers/")],
        ProcessingOutputConfig=s3_output(studio, "doubled"),
    )
    request["ProcessingResources"]["ClusterConfig"]["InstanceType"] = FAR
    studio.sagemaker.create_processing_job(**request)
    name = request["ProcessingJobName"]
    until(lambda: "begun" in printed(studio, name, GROUP), 240)
    server.kill()
    server.start()
    ended = lambda: "ProcessingEndTime" in studio.sagemaker.describe_processing_job(ProcessingJobName=name)  # noqa: E731
    until(ended, 240)
    job = processing_ended(studio, name)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert studio.read(f"s3://{studio.bucket}/doubled/a.csv") == b"11"
    assert printed(studio, name, GROUP).count("begun") == 1
