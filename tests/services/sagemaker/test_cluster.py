"""Training on several hosts: processes of this machine that find each other by name, as on AWS."""

from __future__ import annotations

import importlib.util
import json
import os
from typing import Any

import pytest

from cumulet.engines.run import mounts_refused, mounts_supported

from .studio import unpacked

pytestmark = pytest.mark.skipif(not mounts_supported(), reason=mounts_refused())

TALK = """
import json, os, pathlib, socket, time
host, hosts = os.environ["SM_CURRENT_HOST"], json.loads(os.environ["SM_HOSTS"])
told = {
    "hosts": hosts,
    "hostname": socket.gethostname(),
    "group": os.environ["SM_CURRENT_INSTANCE_GROUP"],
    "kind": os.environ["SM_CURRENT_INSTANCE_TYPE"],
    "training": json.loads(os.environ["SM_TRAINING_ENV"])["is_master"],
    "config": json.loads(pathlib.Path("/opt/ml/input/config/resourceconfig.json").read_text()),
    "files": {p.name: sorted(f.name for f in p.iterdir()) for p in pathlib.Path("/opt/ml/input/data").iterdir()},
}
if host == hosts[0]:
    with socket.create_server((host, 7777)) as server:
        told["heard"] = sorted(server.accept()[0].makefile().readline().strip() for _ in hosts[1:])
else:
    for _ in range(600):
        try:
            meeting = socket.create_connection((hosts[0], 7777))
            break
        except ConnectionRefusedError:
            time.sleep(0.05)
    meeting.sendall(f"{host} {socket.gethostbyname(host)}\\n".encode())
print("said by", host)
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
model.joinpath(f"{host}.json").write_text(json.dumps(told))
model.joinpath("both").write_text(host)
"""

ONE_FAILS = """
import os, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise ValueError("the second host has enough")
time.sleep(600)
print("nobody told the first host")
"""

TORCH = """
import os, pathlib, torch, torch.distributed as dist
dist.init_process_group("gloo")
torch.manual_seed(dist.get_rank())
mine = torch.full((2,), float(dist.get_rank() + 1))
dist.all_reduce(mine)
if dist.get_rank() == 0:
    pathlib.Path(os.environ["SM_MODEL_DIR"], "sum").write_text(f"{mine.tolist()} of {dist.get_world_size()}")
"""


def told(studio: Any, job: dict[str, Any]) -> dict[str, Any]:
    assert job["TrainingJobStatus"] == "Completed", (
        job.get("FailureReason"),
        studio.log(job["TrainingJobName"]),
    )
    files = unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))
    return {name: json.loads(text) if name.endswith(".json") else text for name, text in files.items()}


@pytest.fixture(scope="module")
def three(studio):
    """What three hosts in two groups have to tell."""
    for name in "abcd":
        studio.put(f"shards/{name}", b"1")
    request = studio.request({"train.py": TALK})
    groups = [
        {"InstanceGroupName": "big", "InstanceType": "ml.m5.large", "InstanceCount": 1},
        {"InstanceGroupName": "small", "InstanceType": "ml.t3.medium", "InstanceCount": 2},
    ]
    request["ResourceConfig"] = {"InstanceGroups": groups, "VolumeSizeInGB": 1}
    request["InputDataConfig"] = [studio.channel(name, "shards/") for name in ("all", "shard", "few")]
    sources = [channel["DataSource"]["S3DataSource"] for channel in request["InputDataConfig"]]
    sources[1]["S3DataDistributionType"] = "ShardedByS3Key"
    sources[2] |= {"S3DataDistributionType": "ShardedByS3Key", "InstanceGroupNames": ["small"]}
    return {"job": (job := studio.train(request)), **told(studio, job)}


def test_hosts_reach_each_other_by_their_names(three):
    heard = [line.split() for line in three["algo-1.json"]["heard"]]
    assert [name for name, _ in heard] == ["algo-2", "algo-3"]
    assert len({address for _, address in heard}) == 2
    assert all(three[f"{name}.json"]["hostname"] == name for name in three["algo-1.json"]["hosts"])


def test_every_host_knows_who_it_is_and_who_else_is_there(three):
    config = three["algo-2.json"]["config"]
    assert (config["current_host"], config["hosts"]) == ("algo-2", ["algo-1", "algo-2", "algo-3"])
    assert (config["current_group_name"], config["current_instance_type"]) == ("small", "ml.t3.medium")
    assert [group["hosts"] for group in config["instance_groups"]] == [["algo-1"], ["algo-2", "algo-3"]]
    assert [three[f"algo-{n}.json"]["training"] for n in (1, 2, 3)] == [True, False, False]
    assert three["algo-1.json"]["kind"] == "ml.m5.large"


def test_sharded_data_is_dealt_out_and_replicated_data_is_everywhere(three):
    files = [three[f"algo-{n}.json"]["files"] for n in (1, 2, 3)]
    assert [host["all"] for host in files] == [["a", "b", "c", "d"]] * 3
    assert [host["shard"] for host in files] == [["a", "d"], ["b"], ["c"]]


def test_a_channel_of_one_group_is_only_there(three):
    files = [three[f"algo-{n}.json"]["files"] for n in (1, 2, 3)]
    assert [host.get("few") for host in files] == [None, ["a", "c"], ["b", "d"]]


def test_the_model_is_what_all_hosts_have_written(three):
    assert {name for name in three if name != "job"} == {"algo-1.json", "algo-2.json", "algo-3.json", "both"}
    assert three["both"] == b"algo-1"


def test_every_host_has_a_log_stream_of_its_own(studio, three):
    name = three["job"]["TrainingJobName"]
    for host in ("algo-1", "algo-2", "algo-3"):
        lines = studio.log(f"{name}/{host}-")
        assert [line for line in lines if line.startswith("said by")] == [f"said by {host}"]


def test_all_hosts_end_when_one_of_them_fails(studio):
    request = studio.request({"train.py": ONE_FAILS})
    request["ResourceConfig"]["InstanceCount"] = 2
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Failed"
    assert "the second host has enough" in job["FailureReason"]
    assert "nobody told the first host" not in studio.log(f"{job['TrainingJobName']}/")


def test_torch_distributed_sums_over_two_hosts(studio, server):
    """With a Python of CUMULET_TORCH_PYTHON, or this one where it has torch."""
    python = os.environ.get("CUMULET_TORCH_PYTHON")
    image = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3.0-cpu-py311"
    if python:
        server.cumulet("image", "map", image, "--python", python)
    elif not importlib.util.find_spec("torch"):
        pytest.skip("needs torch")
    request = studio.request({"train.py": TORCH}, sagemaker_torch_distributed_enabled=True)
    request["AlgorithmSpecification"]["TrainingImage"] = image
    request["ResourceConfig"]["InstanceCount"] = 2
    assert told(studio, studio.train(request))["sum"] == b"[3.0, 3.0] of 2"
