"""Jobs of all kinds side by side for a while: none is lost, nothing is left of them, and the server stays as it was.

A few seconds among all tests, five minutes by `make soak-jobs` (which `.ci/run` calls), an hour by `make soak`.
"""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from works import nothing_is_left

from services.sagemaker.studio import INSTANCE, Studio, open_studio, until
from services.sagemaker.workshop import processing, s3_output

if TYPE_CHECKING:
    from tests.conftest import Server

SECONDS = float(os.environ.get("CUMULET_SECONDS", "8"))
REST = 1.0  # seconds between two jobs of a kind: others use the machine, too
PATIENCE = 300  # seconds that one job may take, beside the others and whatever else this machine does
GROWTH = 100  # MiB of the server's memory, however long this goes on
FDS = 12  # descriptors that connections may hold a little longer than the jobs

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at processes in /proc"),
]
SCRIPT = """
import argparse, os, pathlib
arguments = argparse.ArgumentParser()
arguments.add_argument("--rate", type=float, default=0.5)
print(f"loss={(arguments.parse_args().rate - 0.3) ** 2};", flush=True)
pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json").write_text('{"factor": 2}')
"""


class Workload:
    """One job after another of a kind; the names of all that were promised."""

    def __init__(self, studio: Studio) -> None:
        self.studio, self.sagemaker = studio, studio.sagemaker
        self.model = studio.model()
        studio.put("in/data.json", b"[21]")
        self.promised: dict[str, list[str]] = {}

    def train(self) -> None:
        request = self.studio.request({"train.py": SCRIPT})
        self.sagemaker.create_training_job(**request)
        self._ended("TrainingJob", request["TrainingJobName"], self.sagemaker.describe_training_job)

    def process(self) -> None:
        request = processing(self.studio, "open('/opt/ml/processing/output/done', 'w').write('yes')")
        name = request["ProcessingJobName"]
        request["ProcessingOutputConfig"] = s3_output(self.studio, f"{name}/out")
        self.sagemaker.create_processing_job(**request)
        self._ended("ProcessingJob", name, self.sagemaker.describe_processing_job)
        assert self.studio.read(f"s3://{self.studio.bucket}/{name}/out/done") == b"yes"

    def transform(self) -> None:
        name, place = f"transform-{uuid.uuid4().hex[:10]}", f"s3://{self.studio.bucket}"
        source = {"S3DataType": "S3Prefix", "S3Uri": f"{place}/in/"}
        self.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=self.model,
            TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "application/json"},
            TransformOutput={"S3OutputPath": f"{place}/{name}"},
            TransformResources={"InstanceType": INSTANCE, "InstanceCount": 1},
        )
        self._ended("TransformJob", name, self.sagemaker.describe_transform_job)
        assert json.loads(self.studio.read(f"{place}/{name}/data.json.out")) == [42.0]

    def tune(self) -> None:
        """Two trials."""
        training, name = self.studio.request({"train.py": SCRIPT}), f"tuning-{uuid.uuid4().hex[:10]}"
        algorithm = training["AlgorithmSpecification"]
        algorithm["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=([0-9.e-]+);"}]
        rate = {"Name": "rate", "MinValue": "0", "MaxValue": "1"}
        self.sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig={
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
                "ParameterRanges": {"ContinuousParameterRanges": [rate]},
            },
            TrainingJobDefinition={
                "StaticHyperParameters": training["HyperParameters"],
                **{
                    member: training[member]
                    for member in ("AlgorithmSpecification", "RoleArn", "OutputDataConfig", "ResourceConfig")
                },
                "StoppingCondition": training["StoppingCondition"],
            },
        )
        describe = self.sagemaker.describe_hyper_parameter_tuning_job
        job = self._ended("HyperParameterTuningJob", name, describe)
        assert job["ObjectiveStatusCounters"] == {"Succeeded": 2, "Pending": 0, "Failed": 0}

    def _ended(self, kind: str, name: str, describe: Callable[..., Any]) -> dict[str, Any]:
        self.promised.setdefault(kind, []).append(name)

        def look() -> Any:
            return describe(**{f"{kind}Name": name})[f"{kind}Status"] != "InProgress"

        until(look, PATIENCE)
        job: dict[str, Any] = describe(**{f"{kind}Name": name})
        assert job[f"{kind}Status"] == "Completed", job.get("FailureReason")
        return job

    def round(self) -> None:
        """One of each kind, side by side."""
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(one) for one in (self.train, self.process, self.transform, self.tune)]:
                done.result()


def memory(process: int) -> float:
    """Resident, in MiB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def descriptors(process: int) -> int:
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


def zombies(process: int) -> list[str]:
    """Children that have ended and that nobody asked about."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = place.read_text().rpartition(") ")
        except OSError:  # gone meanwhile
            continue
        state, parent, *_ = rest.split()
        if state == "Z" and int(parent) == process:
            found.append(place.parent.name)
    return found


def test_jobs_of_all_kinds_come_and_go_and_leave_nothing(own_server: Server) -> None:
    server = own_server.child.process.pid
    workload = Workload(open_studio(own_server.client))
    workload.round()  # what is loaded once is loaded now
    until(lambda: not zombies(server))
    held, open_before = memory(server), descriptors(server)
    enough, failed = threading.Event(), list[BaseException]()
    over = time.monotonic() + SECONDS

    def again(one: Callable[[], None]) -> None:
        try:
            while time.monotonic() < over and not enough.is_set():
                one()
                enough.wait(REST)
        except BaseException as error:
            failed.append(error)
            enough.set()

    kinds = (workload.train, workload.process, workload.transform, workload.tune)
    threads = [threading.Thread(target=again, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    none_is_lost(workload)
    until(lambda: not zombies(server))
    until(lambda: descriptors(server) <= open_before + FDS)
    assert memory(server) < held + GROWTH
    for folder in ("jobs", "processing", "transforms"):
        place = own_server.data_dir / "sagemaker" / folder
        until(lambda place=place: not place.exists() or not list(place.iterdir()))
    assert own_server.child.stop() == 0
    nothing_is_left(own_server.data_dir)


def none_is_lost(workload: Workload) -> None:
    """The lists show every job that was promised, once, and as it ended."""
    kinds = {
        "TrainingJob": "list_training_jobs",
        "ProcessingJob": "list_processing_jobs",
        "TransformJob": "list_transform_jobs",
        "HyperParameterTuningJob": "list_hyper_parameter_tuning_jobs",
    }
    for kind, operation in kinds.items():
        pages = workload.sagemaker.get_paginator(operation).paginate(PaginationConfig={"PageSize": 7})
        found = [one for page in pages for one in page[f"{kind}Summaries"]]
        names = [one[f"{kind}Name"] for one in found]
        trials = 2 * len(workload.promised["HyperParameterTuningJob"]) if kind == "TrainingJob" else 0
        assert len(names) == len(set(names)) == len(workload.promised[kind]) + trials
        assert set(workload.promised[kind]) <= set(names)
        assert {one[f"{kind}Status"] for one in found} == {"Completed"}
