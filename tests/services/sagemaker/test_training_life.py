"""What befalls a training job: interruptions, queues, warm pools; what it tells CloudWatch; how it is found."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cumulet.engines import run as engine
from cumulet.engines.run import mounts_refused, mounts_supported

from .test_training_jobs import METRICS, refusal, wait_for_line

STEPS = """
import pathlib, signal, sys, time
saved = pathlib.Path("/opt/ml/checkpoints/step")
step = int(saved.read_text()) if saved.exists() else 0
print("begin at", step, flush=True)
def leave(*_):
    print("asked to leave", flush=True)
    saved.write_text("40")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
if step == 0:
    saved.parent.mkdir(exist_ok=True)
    saved.write_text("20")
    time.sleep(600)
"""
SLEEP = "import time\nprint('asleep', flush=True)\ntime.sleep(600)"
CACHE = """
import os, pathlib
cache = pathlib.Path(os.environ["SAGEMAKER_MANAGED_WARMPOOL_CACHE_DIRECTORY"], "count")
count = int(cache.read_text()) + 1 if cache.exists() else 1
cache.write_text(str(count))
print("count", count)
"""


def describe(studio: Any, name: str) -> dict[str, Any]:
    return studio.sagemaker.describe_training_job(TrainingJobName=name)


def until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come to be"
        time.sleep(0.05)


def statuses(job: dict[str, Any]) -> list[str]:
    return [transition["Status"] for transition in job["SecondaryStatusTransitions"]]


def spot(studio: Any, files: dict[str, str], wait: int = 600) -> dict[str, Any]:
    request = studio.request(files)
    request["EnableManagedSpotTraining"] = True
    request["StoppingCondition"] = {"MaxRuntimeInSeconds": min(wait, 600), "MaxWaitTimeInSeconds": wait}
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/{request['TrainingJobName']}/checkpoints"}
    return request


def test_interrupted_spot_training_goes_on_from_its_checkpoint(studio, server):
    request = spot(studio, {"train.py": STEPS})
    name = studio.start(request)
    wait_for_line(studio, name, "begin at 0")
    assert "is asked to save" in server.cumulet("training", "interrupt", name)
    job = studio.ended(name)
    assert job["TrainingJobStatus"] == "Completed"
    assert [status for status in statuses(job) if status in ("Training", "Interrupted")] == [
        "Training",
        "Interrupted",
        "Training",
    ]
    lines = [line for line in studio.log(f"{name}/") if line.startswith(("begin", "asked"))]
    assert lines == ["begin at 0", "asked to leave", "begin at 40"]
    assert job["EnableManagedSpotTraining"]
    assert 1 <= job["BillableTimeInSeconds"] <= job["TrainingTimeInSeconds"]


def test_checkpoints_are_in_s3_while_the_script_still_runs(studio):
    request = spot(studio, {"train.py": STEPS})
    name = studio.start(request)
    place = f"{request['CheckpointConfig']['S3Uri']}/step"
    bucket, _, key = place.removeprefix("s3://").partition("/")
    until(lambda: studio.s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"], "the checkpoint")
    assert studio.read(place) == b"20"
    studio.sagemaker.stop_training_job(TrainingJobName=name)
    assert studio.ended(name)["TrainingJobStatus"] == "Stopped"
    assert studio.read(place) == b"40"


def test_spot_training_ends_when_it_has_waited_too_long(studio):
    request = spot(studio, {"train.py": SLEEP}, wait=1)
    job = studio.train(request)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxWaitTimeExceeded")


@pytest.mark.parametrize(
    ("on", "condition", "word"),
    [
        (True, {"MaxRuntimeInSeconds": 10}, "MaxWaitTimeInSeconds must be specified"),
        (True, {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 5}, "greater than or equal"),
        (False, {"MaxRuntimeInSeconds": 10, "MaxWaitTimeInSeconds": 50}, "can only be specified"),
    ],
)
def test_spot_trainings_times_must_fit(studio, on, condition, word):
    asked = {"EnableManagedSpotTraining": on, "StoppingCondition": condition}
    assert word in refusal(studio, {**studio.request(), **asked})[1]


@pytest.mark.parametrize("allowed", [0, 1])
def test_a_job_whose_supervisor_is_killed_is_tried_again_as_often_as_was_said(studio, server, allowed):
    request = studio.request({"train.py": STEPS})
    request["CheckpointConfig"] = {"S3Uri": f"s3://{studio.bucket}/{request['TrainingJobName']}/checkpoints"}
    if allowed:
        request["RetryStrategy"] = {"MaximumRetryAttempts": allowed}
    name = studio.start(request)
    wait_for_line(studio, name, "begin at 0")
    (folder,) = (server.data_dir / "sagemaker/jobs").iterdir()
    run = engine.adopt(folder / "algo-1/process")
    until(lambda: (folder / "algo-1/ml/checkpoints/step").exists(), "the checkpoint")
    os.kill(run.supervisor, signal.SIGKILL)
    job = studio.ended(name)
    if not allowed:
        assert job["FailureReason"].startswith("InternalServerError: ")
    else:
        assert (job["TrainingJobStatus"], "Restarting" in statuses(job)) == ("Completed", True)
        assert "begin at 20" in studio.log(f"{name}/")


def test_what_does_not_fit_waits_and_says_why(studio, server):
    (server.data_dir / "instances.json").write_text(
        json.dumps({"machine": {"processors": 2}, "ml.m4.*": {"processors": 2}})
    )
    first, second = studio.request({"train.py": SLEEP}), studio.request()
    for request in (first, second):
        request["ResourceConfig"]["InstanceType"] = "ml.m4.xlarge"
    try:
        studio.start(first)
        wait_for_line(studio, first["TrainingJobName"], "asleep")
        name = studio.start(second)
        until(lambda: describe(studio, name)["SecondaryStatus"] == "Pending", "the wait")
        message = describe(studio, name)["SecondaryStatusTransitions"][-1]["StatusMessage"]
        assert f"2 processors are taken by {first['TrainingJobName']}" in message
        studio.sagemaker.stop_training_job(TrainingJobName=first["TrainingJobName"])
        job = studio.ended(name)
        assert job["TrainingJobStatus"] == "Completed"
        assert statuses(job)[:3] == ["Starting", "Pending", "Downloading"]
        studio.ended(first["TrainingJobName"])
    finally:
        (server.data_dir / "instances.json").unlink()


def test_a_waiting_job_can_be_stopped(studio, server):
    (server.data_dir / "instances.json").write_text(json.dumps({"*": {"processors": 1000}}))
    try:
        first = studio.start(studio.request({"train.py": SLEEP}))
        wait_for_line(studio, first, "asleep")
        second = studio.start(studio.request())
        until(lambda: describe(studio, second)["SecondaryStatus"] == "Pending", "the wait")
        studio.sagemaker.stop_training_job(TrainingJobName=second)
        assert studio.ended(second)["TrainingJobStatus"] == "Stopped"
        studio.sagemaker.stop_training_job(TrainingJobName=first)
        studio.ended(first)
    finally:
        (server.data_dir / "instances.json").unlink()


@pytest.mark.skipif(not mounts_supported(), reason=mounts_refused())
def test_more_memory_than_the_table_gives_ends_the_job(studio, server):
    (server.data_dir / "instances.json").write_text(json.dumps({"ml.t3.*": {"memory_gib": 0.2}}))
    try:
        request = studio.request({"train.py": "import time\nheld = b'x' * (1 << 29)\ntime.sleep(60)"})
        request["ResourceConfig"]["InstanceType"] = "ml.t3.medium"
        assert "more memory" in studio.train(request)["FailureReason"]
    finally:
        (server.data_dir / "instances.json").unlink()


def test_a_table_that_cannot_be_read_is_named(studio, server):
    (server.data_dir / "instances.json").write_text("{")
    try:
        assert "instances.json cannot be used" in refusal(studio, studio.request())[1]
    finally:
        (server.data_dir / "instances.json").unlink()


def test_a_warm_pool_is_used_again_and_keeps_its_cache(studio):
    first, second = studio.request({"train.py": CACHE}), studio.request({"train.py": CACHE})
    for request in (first, second):
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = 600
    studio.train(first)
    until(lambda: status(studio, first) == "Available", "the pool")
    found = studio.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")["TrainingJobSummaries"]
    assert first["TrainingJobName"] in [job["TrainingJobName"] for job in found]
    studio.train(second)
    assert "count 2" in studio.log(f"{second['TrainingJobName']}/")
    pool = describe(studio, first["TrainingJobName"])["WarmPoolStatus"]
    assert (pool["Status"], pool["ReusedByJob"]) == ("Reused", second["TrainingJobName"])
    until(lambda: status(studio, second) == "Available", "the pool")
    studio.sagemaker.update_training_job(
        TrainingJobName=second["TrainingJobName"], ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    until(lambda: status(studio, second) == "Terminated", "the pool's end")


def status(studio: Any, request: dict[str, Any]) -> str:
    return describe(studio, request["TrainingJobName"])["WarmPoolStatus"]["Status"]


def test_metrics_are_in_cloudwatch(studio):
    request = studio.request()
    request["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
    name = studio.train(request)["TrainingJobName"]
    now, cloudwatch = datetime.now(UTC), studio.client("cloudwatch")
    asked = {
        "Namespace": "/aws/sagemaker/TrainingJobs",
        "StartTime": now - timedelta(minutes=10),
        "EndTime": now + timedelta(minutes=1),
        "Period": 60,
    }
    (point,) = cloudwatch.get_metric_statistics(
        MetricName="accuracy",
        Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        Statistics=["Minimum", "Maximum"],
        **asked,
    )["Datapoints"]
    assert (point["Minimum"], point["Maximum"]) == (0.5, 0.75)
    for metric in ("CPUUtilization", "MemoryUtilization"):
        (point,) = cloudwatch.get_metric_statistics(
            MetricName=metric,
            Dimensions=[{"Name": "Host", "Value": f"{name}/algo-1"}],
            Statistics=["Average"],
            **asked,
        )["Datapoints"]
        assert point["Average"] > 0


@pytest.fixture(scope="module")
def searched(studio):
    """Three jobs of one team, with a hyperparameter of different values."""
    team = uuid.uuid4().hex[:8]
    for epochs in (5, 10, 15):
        request = {**studio.request(factor=epochs), "Tags": [{"Key": "team", "Value": team}]}
        request["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
        studio.train(request)
    return team


def search(studio: Any, *filters: tuple[str, str, str], **more: Any) -> list[str]:
    expression = {"Filters": [{"Name": n, "Operator": o, "Value": v} for n, o, v in filters]}
    found = studio.sagemaker.search(
        Resource="TrainingJob",
        SearchExpression=expression,
        SortBy="CreationTime",
        SortOrder="Ascending",
        **more,
    )
    return [result["TrainingJob"]["HyperParameters"]["factor"] for result in found["Results"]]


def test_jobs_are_found_by_their_properties(studio, searched):
    ours = ("Tags.team", "Equals", searched)
    assert search(studio, ours) == ["5", "10", "15"]
    assert search(studio, ours, ("TrainingJobStatus", "Equals", "Completed")) == ["5", "10", "15"]
    assert search(studio, ours, ("TrainingJobStatus", "NotEquals", "Completed")) == []
    assert search(studio, ours, ("HyperParameters.factor", "In", "5,15")) == ["5", "15"]
    assert search(studio, ours, ("FinalMetricDataList.accuracy", "GreaterThan", "0.7")) == ["5", "10", "15"]
    assert search(studio, ours, ("CreationTime", "LessThan", "2020-01-01T00:00:00Z")) == []


def test_a_search_has_pages_and_a_count(studio, searched):
    expression = {"Filters": [{"Name": "Tags.team", "Value": searched}]}
    pages = list(
        studio.sagemaker.get_paginator("search").paginate(
            Resource="TrainingJob", SearchExpression=expression, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["Results"]) for page in pages] == [2, 1]
    assert pages[0]["TotalHits"] == {"Value": 3, "Relation": "EqualTo"}
    assert (
        len({result["TrainingJob"]["TrainingJobName"] for page in pages for result in page["Results"]}) == 3
    )


def test_expressions_nest(studio, searched):
    either = [{"Name": "HyperParameters.factor", "Value": value} for value in ("5", "10")]
    expression = {
        "Filters": [{"Name": "Tags.team", "Value": searched}],
        "SubExpressions": [{"Filters": either, "Operator": "Or"}],
        "NestedFilters": [
            {
                "NestedPropertyName": "FinalMetricDataList",
                "Filters": [
                    {"Name": "FinalMetricDataList.MetricName", "Value": "accuracy"},
                    {"Name": "FinalMetricDataList.Value", "Operator": "LessThan", "Value": "0.8"},
                ],
            }
        ],
    }
    found = studio.sagemaker.search(Resource="TrainingJob", SearchExpression=expression)["Results"]
    assert len(found) == 2


def test_endpoints_and_tuning_jobs_can_be_searched_for_too(studio):
    for resource in ("Endpoint", "HyperParameterTuningJob", "ModelPackage"):
        expression = {"Filters": [{"Name": f"{resource}Name", "Value": "nobody"}]}
        assert studio.sagemaker.search(Resource=resource, SearchExpression=expression)["Results"] == []
    with pytest.raises(ClientError, match="Experiment"):
        studio.sagemaker.search(Resource="Experiment")


def test_an_ended_job_can_be_deleted(studio):
    name = studio.train(studio.request())["TrainingJobName"]
    studio.sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match="not found"):
        describe(studio, name)
