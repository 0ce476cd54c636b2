"""Processing, tuning and transform jobs when the server dies under them, or is stopped and started again."""

from __future__ import annotations

from collections import Counter

import pytest

from .studio import open_studio
from .test_tuning_jobs import definition, trials
from .test_tuning_jobs import request as tuning
from .workshop import printed, processing, processing_ended, processing_prints, s3_output, tuning_ended, until

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
    assert not list((own_server.data_dir / "sagemaker/processing").iterdir())


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
