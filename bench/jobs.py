"""What jobs cost: until a script's first line, over a longer training, for many at once, for a search.

    make bench-jobs       (or: python bench/jobs.py [--quick] [--write docs/benchmarks.md])

Each figure stands beside its floor, taken in the same run: the same script by `python train.py` (as many at a
time as there are processors, where jobs are many), the same search by Optuna in this process. Read the
differences; a laden machine stretches both.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import servers
import tables
from botocore.config import Config
from botocore.session import Session

IMAGE = "sagemaker-base-python:1.0"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
SCRIPT = """
import time
print("first line", time.time(), flush=True)
import argparse
arguments = argparse.ArgumentParser()
arguments.add_argument("--seconds", type=float, default=0)
arguments.add_argument("--rate", type=float, default=0)
given = arguments.parse_args()
until = time.process_time() + given.seconds
while time.process_time() < until:
    pass
print(f"loss={(given.rate - 0.3) ** 2};", flush=True)
"""
FIRST = re.compile(r"first line ([0-9.]+)")
ENDED = ("Completed", "Failed", "Stopped")


class Studio:
    """A server with a bucket, a role and the script."""

    def __init__(self, server: servers.Server) -> None:
        session = Session()
        session.set_credentials(server.access_key, server.secret_key, server.token)
        config = Config(retries={"total_max_attempts": 1}, read_timeout=120)

        def client(name: str) -> Any:
            return session.create_client(name, "us-east-1", endpoint_url=server.endpoint, config=config)

        self.sagemaker, self.logs, s3 = client("sagemaker"), client("logs"), client("s3")
        account = client("sts").get_caller_identity()["Account"]
        self.role = f"arn:aws:iam::{account}:role/CumuletAdministrator"
        s3.create_bucket(Bucket="bench-jobs")
        s3.put_object(Bucket="bench-jobs", Key="sourcedir.tar.gz", Body=archive(SCRIPT))

    def definition(self, **values: Any) -> dict[str, Any]:
        """All of a training job but its name and hyperparameters, and these as the SDK sends them."""
        code = {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": "s3://bench-jobs/sourcedir.tar.gz",
        }
        metrics = [{"Name": "loss", "Regex": "loss=([0-9.e-]+);"}]
        algorithm = {"TrainingImage": IMAGE, "TrainingInputMode": "File", "MetricDefinitions": metrics}
        return {
            "HyperParameters": {name: json.dumps(value) for name, value in {**code, **values}.items()},
            "AlgorithmSpecification": algorithm,
            "RoleArn": self.role,
            "OutputDataConfig": {"S3OutputPath": "s3://bench-jobs/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        }

    def create(self, pool: int = 0, **values: Any) -> str:
        """A job; where it is to leave a warm pool behind, for how many seconds."""
        name = f"bench-{uuid.uuid4().hex[:12]}"
        definition = self.definition(**values)
        if pool:
            definition["ResourceConfig"]["KeepAlivePeriodInSeconds"] = pool
        self.sagemaker.create_training_job(TrainingJobName=name, **definition)
        return name

    def ended(self, name: str, pause: float = 0.02) -> dict[str, Any]:
        while True:
            job = self.sagemaker.describe_training_job(TrainingJobName=name)
            if job["TrainingJobStatus"] in ENDED:
                return job
            time.sleep(pause)

    def first_line(self, name: str) -> float:
        """The moment of a script's first line, by the clock of the script."""
        streams = self.logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=name)[
            "logStreams"
        ]
        found = self.logs.get_log_events(
            logGroupName=LOG_GROUP, logStreamName=streams[0]["logStreamName"], startFromHead=True
        )
        return said_first("\n".join(event["message"] for event in found["events"]))

    def counted(self, status: str) -> int:
        pages = self.sagemaker.get_paginator("list_training_jobs").paginate(
            StatusEquals=status, NameContains="bench-", PaginationConfig={"PageSize": 100}
        )
        return sum(len(page["TrainingJobSummaries"]) for page in pages)


def archive(text: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        member = tarfile.TarInfo("train.py")
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def said_first(text: str) -> float:
    found = FIRST.search(text)
    if found is None:
        raise RuntimeError(f"the script said nothing of its first line: {text[-500:]}")
    return float(found[1])


def bare(script: Path, **values: Any) -> str:
    """The script by itself; what it printed."""
    options = [word for name, value in values.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def timed(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def start(studio: Studio, script: Path, rounds: int, pool: int = 0) -> list[str]:
    """Milliseconds from the call to the script's first line; with a warm pool that the job before has left."""
    floor, job = [], []
    for _ in range(rounds + 1):
        begin = time.time()
        floor.append(said_first(bare(script)) - begin)
        begin = time.time()
        name = studio.create(pool)
        while pool and studio.ended(name)["WarmPoolStatus"]["Status"] != "Available":
            time.sleep(0.02)
        studio.ended(name)
        job.append(studio.first_line(name) - begin)
    values = [1000 * statistics.median(found[1:]) for found in (floor, job)]  # the first ones warm up
    return [
        f"CreateTrainingJob to the first line{' in a warm pool' if pool else ''}, ms",
        *(f"{value:.0f}" for value in values),
        difference(*values),
    ]


def long(studio: Studio, script: Path, seconds: float) -> list[str]:
    """A training that computes for so long, from its call to its end."""
    floor = timed(lambda: bare(script, seconds=seconds))
    job = timed(lambda: studio.ended(studio.create(seconds=seconds)))
    return [
        f"a training of {seconds:g} s of computing, s",
        f"{floor:.2f}",
        f"{job:.2f}",
        f"{job / floor:.3f} times",
    ]


def many(studio: Studio, script: Path, count: int, server: servers.Server) -> list[list[str]]:
    """So many jobs, all asked for before the first has ended; also by the processor time that the server spent
    on them, which a laden machine does not stretch."""
    at_once = os.cpu_count() or 1
    with ThreadPoolExecutor(at_once) as pool:
        floor = timed(lambda: list(pool.map(lambda _: bare(script), range(count)))) / count
    before = studio.counted("Completed")

    def work() -> None:
        names = [studio.create() for _ in range(count)]
        for name in names:
            studio.ended(name, 0.1)

    spent = servers.used(server.process.pid)
    job = timed(work) / count
    spent = 1000 * (servers.used(server.process.pid) - spent) / count
    completed = studio.counted("Completed") - before
    if completed != count:
        raise RuntimeError(f"{count - completed} of {count} jobs did not complete")
    told = f"{count} queued jobs, none lost: ms for each"
    return [
        [told, f"{1000 * floor:.0f}", f"{1000 * job:.0f}", difference(1000 * floor, 1000 * job)],
        ["... the server's processor time in that", "", f"{spent:.0f}", ""],
    ]


def search(studio: Studio, script: Path, count: int) -> list[list[str]]:
    """So many trials of a Bayesian search, as many at a time as there are processors."""
    at_once = os.cpu_count() or 1
    alone = 1000 * timed(lambda: optuna_alone(lambda rate: (rate - 0.3) ** 2, count)) / count

    def by_process(rate: float) -> float:
        return float(re.search(r"loss=([0-9.e-]+);", bare(script, rate=rate))[1])  # type: ignore[index]

    processes = 1000 * timed(lambda: optuna_alone(by_process, count, at_once)) / count
    job = 1000 * timed(lambda: tuned(studio, count, at_once)) / count
    return [
        [f"{count} trials beside Optuna and `python train.py`: ms for each", f"{processes:.0f}", f"{job:.0f}",
         difference(processes, job)],
        [f"{count} trials beside Optuna and a function: ms for each", f"{alone:.0f}", f"{job:.0f}",
         difference(alone, job)],
    ]  # fmt: skip


def optuna_alone(objective: Callable[[float], float], count: int, at_once: int = 1) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=1))
    study.optimize(lambda trial: objective(trial.suggest_float("rate", 0, 1)), n_trials=count, n_jobs=at_once)


def tuned(studio: Studio, count: int, at_once: int) -> None:
    name = f"bench-{uuid.uuid4().hex[:12]}"
    definition = studio.definition()
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    ranges = {"ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0", "MaxValue": "1"}]}
    config = {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": count, "MaxParallelTrainingJobs": at_once},
        "ParameterRanges": ranges,
    }
    studio.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=config,
        TrainingJobDefinition=definition,
    )
    while True:
        job = studio.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        if job["HyperParameterTuningJobStatus"] in ENDED:
            break
        time.sleep(0.1)
    if job["ObjectiveStatusCounters"]["Succeeded"] != count:
        raise RuntimeError(f"the search ended with {job['ObjectiveStatusCounters']}")


def difference(floor: float, job: float) -> str:
    return f"{job - floor:+.0f} ms"


def report(options: argparse.Namespace) -> str:
    with servers.cumulet() as server, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "train.py"
        script.write_text(SCRIPT)
        studio = Studio(server)
        rows = [
            start(studio, script, 3 if options.quick else 15),
            start(studio, script, 3 if options.quick else 15, pool=600),
            long(studio, script, 5 if options.quick else 60),
            *many(studio, script, 20 if options.quick else 200, server),
            *search(studio, script, 10 if options.quick else 40),
        ]
        memory = server.memory() >> 20
    heads = ("", "floor", "Cumulet", "difference")
    return f"{tables.table(heads, rows)}\n\nThe server and all that it keeps took {memory} MB at the end."


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer and shorter of all")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into this page")
    options = parser.parse_args()
    text = report(options)
    print(text)
    if options.write:
        tables.write(options.write, "bench/jobs.py", text)


if __name__ == "__main__":
    main()
