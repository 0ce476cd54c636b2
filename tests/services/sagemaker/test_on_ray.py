"""Jobs and endpoints on a Ray cluster of two machines: all is what it is without one."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cumulet.engines.run import mounts_refused, mounts_supported

from .studio import Studio, open_studio, unpacked, until
from .test_transform_jobs import LINES, answers, transform_ended
from .test_transform_jobs import request as transform
from .workshop import keys, named, printed, processing, processing_ended, s3_input, s3_output

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(not mounts_supported(), reason=mounts_refused()),
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs Ray"),
]
LOADING = 240  # seconds for what takes seconds, on a slow machine
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


@pytest.fixture(autouse=True)
def tidied(afar: tuple[Any, Studio]) -> Iterator[None]:
    """What a test that failed has left takes the place of the next one's."""
    yield
    afar[1].clear()


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


def replace_far(cluster: Any) -> None:
    """The other machine goes down in the middle of its work, and a new one comes."""
    cluster.kill_far()
    cluster.far = cluster.second()


SAVES = """
import pathlib, time
step = pathlib.Path("/opt/ml/checkpoints/step")
if step.exists():
    print("step", step.read_text())
else:
    step.write_text("7")
    print("saved", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("retries", [0, 2])
def test_a_job_whose_node_dies_is_tried_again_as_it_asked(afar, ray_cluster, retries):
    _, studio = afar
    request = studio.request({"train.py": SAVES})
    request["ResourceConfig"]["InstanceType"] = FAR
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/{request['TrainingJobName']}"}
    if retries:
        request["RetryStrategy"] = {"MaximumRetryAttempts": retries}
    name = studio.start(request)
    until(lambda: keys(studio, f"{name}/step"), LOADING)
    replace_far(ray_cluster)
    job = studio.ended(name)
    if not retries:
        assert job["TrainingJobStatus"] == "Failed"
        assert "the Ray cluster has lost it" in job["FailureReason"]
        return
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    said = [line for line in studio.log(f"{name}/") if line in ("saved", "step 7")]
    assert said == ["saved", "step 7"]
    assert "Restarting" in [t["Status"] for t in job["SecondaryStatusTransitions"]]


PLACE = """
import os, pathlib, time

def model_fn(model_dir):
    return f"{pathlib.Path('/proc/sys/kernel/random/boot_id').read_text().strip()} {os.getpid()}"

def transform_fn(model, body, content_type, accept):
    if body == b"crash":
        os._exit(3)
    if body == b"role":
        from botocore.session import Session
        return Session().create_client("sts").get_caller_identity()["Arn"]
    return model
"""


def placed(studio: Studio, kind: str, **more: Any) -> str:
    """An endpoint whose model says where it runs, in service on instances of a type."""
    name, model = named("placed"), studio.model({"inference.py": PLACE})
    variant = {
        "VariantName": "A",
        "ModelName": model,
        "InstanceType": kind,
        "InitialInstanceCount": 1,
        **more,
    }
    studio.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    studio.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    studio.in_service(name)
    return name


def where(studio: Studio, endpoint: str) -> tuple[str, int]:
    """The machine that answers for an endpoint, and the process there."""
    machine, process = studio.ask(endpoint, b"where", "text/plain")["Body"].decode().split()
    return machine, int(process)


def again(studio: Studio, endpoint: str) -> tuple[str, int]:
    """The same, once what was lost has been replaced."""
    found: list[tuple[str, int]] = []

    def look() -> bool:
        with contextlib.suppress(ClientError):
            found.append(where(studio, endpoint))
        return bool(found)

    until(look, LOADING)
    return found[0]


def keepers(cluster: Any) -> set[int]:
    """The processes of all actors on the cluster."""
    found = ((pid, Path(f"/proc/{pid}/cmdline")) for pid in cluster.left())
    return {pid for pid, path in found if path.exists() and b"Keeper" in path.read_bytes()}


def test_an_endpoint_on_another_machine_comes_back_there_and_leaves_nothing(afar, ray_cluster):
    server, studio = afar
    until(lambda: not keepers(ray_cluster), LOADING)
    endpoint = placed(studio, FAR)
    machine, first = where(studio, endpoint)
    assert machine != Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert len(keepers(ray_cluster)) == 1
    assert "CumuletAdministrator" in studio.ask(endpoint, b"role", "text/plain")["Body"].decode()
    with pytest.raises(ClientError, match="ModelError"):
        studio.ask(endpoint, b"crash", "text/plain")
    _, second = again(studio, endpoint)
    assert second != first
    server.kill()
    server.start()
    _, third = again(studio, endpoint)
    assert third != second
    until(lambda: len(keepers(ray_cluster)) == 1 and not Path(f"/proc/{second}").exists(), LOADING)
    replace_far(ray_cluster)
    _, fourth = again(studio, endpoint)
    assert fourth != third
    studio.sagemaker.delete_endpoint(EndpointName=endpoint)
    until(lambda: not keepers(ray_cluster) and not Path(f"/proc/{fourth}").exists(), LOADING)


def test_instances_on_the_cluster_come_and_go_as_they_are_wanted(afar, ray_cluster):
    _, studio = afar
    endpoint = placed(studio, NEAR)
    for count in (2, 1):
        wanted = [{"VariantName": "A", "DesiredInstanceCount": count}]
        studio.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=wanted
        )
        studio.in_service(endpoint)
        until(lambda count=count: len(keepers(ray_cluster)) == count, LOADING)
        assert where(studio, endpoint)
    studio.sagemaker.delete_endpoint(EndpointName=endpoint)
    until(lambda: not keepers(ray_cluster), LOADING)


def test_instances_for_which_the_cluster_has_no_room_are_given_up_in_time(afar, ray_cluster):
    _, studio = afar
    endpoint = placed(studio, FAR, ContainerStartupHealthCheckTimeoutInSeconds=60)
    wanted = [{"VariantName": "A", "DesiredInstanceCount": 3}]  # with a processor each of that machine's two
    studio.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint, DesiredWeightsAndCapacities=wanted
    )
    described = studio.in_service(endpoint)
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert "1 of the wanted instances were not ready in time" in described["FailureReason"]
    assert "Waiting for room on the Ray cluster: 1 CPU wanted" in described["FailureReason"]
    studio.sagemaker.delete_endpoint(EndpointName=endpoint)
    until(lambda: not keepers(ray_cluster), LOADING)


def test_a_transform_on_another_machine_answers_as_it_would_here(afar):
    _, studio = afar
    files = {f"rows/{number}.csv": f"{number},1\n2,{number}".encode() for number in range(3)}
    for key, body in files.items():
        studio.put(key, body)
    asked = transform(studio, studio.model({"inference.py": LINES}, factor=2), "rows/")
    asked["TransformResources"]["InstanceType"] = FAR
    told = {f"{n}.csv.out": f"{2.0 * (n + 1)}\n{2.0 * (n + 2)}" for n in range(3)}
    assert {name: text.strip() for name, text in answers(studio, asked).items()} == told


SLOWLY = """
import time

def model_fn(model_dir):
    return 2

def transform_fn(model, body, content_type, accept):
    print("asked", flush=True)
    time.sleep(0.5)
    return str(model * int(body)), "text/csv"
"""


def test_a_transform_whose_node_dies_goes_on_at_another_and_loses_no_record(afar, ray_cluster):
    _, studio = afar
    prefix = f"{named('slowly')}/"
    studio.put(f"{prefix}a.csv", "\n".join(map(str, range(20))).encode())
    asked = transform(studio, studio.model({"inference.py": SLOWLY}), prefix, BatchStrategy="SingleRecord")
    asked["TransformResources"]["InstanceType"] = FAR
    studio.sagemaker.create_transform_job(**asked)
    name = asked["TransformJobName"]
    until(lambda: "asked" in printed(studio, name, "/aws/sagemaker/TransformJobs"), LOADING)
    replace_far(ray_cluster)
    until(lambda: transform_ended(studio, name), LOADING)
    job = studio.sagemaker.describe_transform_job(TransformJobName=name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    told = studio.read(f"s3://{studio.bucket}/{name}/a.csv.out").split()
    assert told == [b"%d" % (2 * number) for number in range(20)]
