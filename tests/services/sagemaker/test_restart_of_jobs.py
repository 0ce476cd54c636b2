"""Processing, tuning and transform jobs when the server dies under them, or is stopped and started again."""

from __future__ import annotations

from collections import Counter

import pytest

from .studio import open_studio
from .test_transform_jobs import request as transform
from .test_transform_jobs import transform_ended
from .test_tuning_jobs import definition, trials
from .test_tuning_jobs import request as tuning
from .workshop import (
    keys,
    printed,
    processing,
    processing_ended,
    processing_prints,
    s3_output,
    tuning_ended,
    until,
)

SLOW = """
import os, pathlib, time
print("process", os.getpid(), flush=True)
for number in range(20):
    print(f"line {number}", flush=True)
    time.sleep(0.1)
pathlib.Path("/opt/ml/processing/output/done").write_text("yes")
"""


@pytest.fixture
def studio(own_server):
    opened = open_studio(own_server.client)
    yield opened
    if own_server.child.process.poll() is None:
        opened.clear()


def slow_processing(studio):
    """A job on two instances that has begun to print."""
    request = processing(studio, SLOW, ProcessingOutputConfig=s3_output(studio, "out"))
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    studio.sagemaker.create_processing_job(**request)
    processing_prints(studio, request["ProcessingJobName"], "line 3")
    return request["ProcessingJobName"]


def test_a_processing_job_survives_the_servers_death(own_server, studio):
    name = slow_processing(studio)
    own_server.kill()
    own_server.start()
    assert processing_ended(studio, name)["ProcessingJobStatus"] == "Completed"
    lines = Counter(printed(studio, name, "/aws/sagemaker/ProcessingJobs"))
    assert {lines[f"line {number}"] for number in range(20)} == {2}
    assert studio.read(f"s3://{studio.bucket}/out/done") == b"yes"


def test_a_processing_job_is_started_over_after_an_orderly_shutdown(own_server, studio):
    name = slow_processing(studio)
    own_server.restart()
    assert processing_ended(studio, name)["ProcessingJobStatus"] == "Completed"
    lines = printed(studio, name, "/aws/sagemaker/ProcessingJobs")
    assert len({line for line in lines if line.startswith("process ")}) > 2
    until(lambda: not list((own_server.data_dir / "sagemaker/processing").iterdir()))


def test_a_search_loses_no_trial_with_the_server(own_server, studio):
    asked = tuning(studio, 6, "Bayesian")
    asked["TrainingJobDefinition"] = definition(studio, rounds=4)
    name = asked["HyperParameterTuningJobName"]
    studio.sagemaker.create_hyper_parameter_tuning_job(**asked)
    for _ in range(2):
        ended = len([t for t in trials(studio, name) if t["ObjectiveStatus"] == "Succeeded"])
        until(
            lambda ended=ended: len([t for t in trials(studio, name) if "TrainingStartTime" in t]) > ended + 1
        )
        own_server.kill()
        own_server.start()
    job = tuning_ended(studio, name)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 6, "Pending": 0, "Failed": 0}
    made = studio.sagemaker.list_training_jobs(NameContains=name, MaxResults=100)["TrainingJobSummaries"]
    assert len({one["TrainingJobName"] for one in made}) == 6
    assert len({str(t["TunedHyperParameters"]) for t in trials(studio, name)}) == 6


PATIENT = """
import time

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    print("asked", body, flush=True)
    time.sleep(0.3)
    return body, "text/csv"
"""


def slow_transform(studio):
    """A transform of eight files, two of which are done."""
    model = studio.model({"inference.py": PATIENT})
    for number in range(8):
        studio.put(f"slow/{number}.csv", str(number).encode())
    asked = transform(studio, model, "slow/")
    studio.sagemaker.create_transform_job(**asked)
    until(lambda: len(keys(studio, f"{asked['TransformJobName']}/")) >= 2)
    return asked["TransformJobName"]


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_transform_goes_on_with_the_files_that_are_not_done(own_server, studio, how):
    name = slow_transform(studio)
    if how == "kill":
        own_server.kill()
        own_server.start()
    else:
        own_server.restart()
    assert transform_ended(studio, name)["TransformJobStatus"] == "Completed"
    assert keys(studio, f"{name}/") == [f"{name}/{number}.csv.out" for number in range(8)]
    asked = Counter(line for line in printed(studio, name, "/aws/sagemaker/TransformJobs") if "asked" in line)
    assert (asked["asked 0"], asked["asked 1"], asked["asked 7"]) == (1, 1, 1)
    until(lambda: not list((own_server.data_dir / "sagemaker/transforms").iterdir()))


def test_a_stopped_transform_keeps_what_is_done(studio):
    name = slow_transform(studio)
    studio.sagemaker.stop_transform_job(TransformJobName=name)
    assert transform_ended(studio, name)["TransformJobStatus"] == "Stopped"
    assert 2 <= len(keys(studio, f"{name}/")) < 8
