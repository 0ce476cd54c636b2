"""Processing and transforms take room by the table of instance types, as training does, and say what they wait for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .studio import until
from .workshop import named, printed, processing

PROCESSING, TRANSFORM = "/aws/sagemaker/ProcessingJobs", "/aws/sagemaker/TransformJobs"
SLEEP = "import time\nprint('asleep', flush=True)\ntime.sleep(600)"
ANSWER = """
def model_fn(model_dir):
    return {}
def transform_fn(model, body, content_type, accept):
    return "an answer", "text/plain"
"""
GREEDY = """
def model_fn(model_dir):
    return {}
def transform_fn(model, body, content_type, accept):
    held = b"x" * (1 << 29)
    return str(len(held)), "text/plain"
"""


@contextmanager
def table(server: Any, sizes: dict[str, Any]) -> Iterator[None]:
    path: Path = server.data_dir / "instances.json"
    path.write_text(json.dumps(sizes))
    try:
        yield
    finally:
        path.unlink()


def transform(studio: Any, model: str, kind: str) -> str:
    name = named("transform")
    uri = studio.put(f"{name}/in/a.csv", b"1,2\n")
    studio.sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName=model,
        TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}},
        TransformOutput={"S3OutputPath": f"s3://{studio.bucket}/{name}/out"},
        TransformResources={"InstanceType": kind, "InstanceCount": 1},
        ModelClientConfig={"InvocationsMaxRetries": 0, "InvocationsTimeoutInSeconds": 600},
    )
    return name


def transform_ended(studio: Any, name: str) -> dict[str, Any]:
    def described() -> dict[str, Any]:
        found: dict[str, Any] = studio.sagemaker.describe_transform_job(TransformJobName=name)
        return found

    until(lambda: "TransformEndTime" in described(), 180)
    return described()


def test_processing_and_transforms_wait_for_room_and_say_why(studio, server):
    with table(server, {"machine": {"processors": 2}, "ml.m4.*": {"processors": 2}}):
        holder = studio.request({"train.py": SLEEP})
        holder["ResourceConfig"]["InstanceType"] = "ml.m4.xlarge"
        held = studio.start(holder)
        until(lambda: "asleep" in studio.log(held), 180)
        asked = processing(studio, "print('begun')")
        asked["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.m4.xlarge"
        first = asked["ProcessingJobName"]
        studio.sagemaker.create_processing_job(**asked)
        second = transform(studio, studio.model({"inference.py": ANSWER}), "ml.m4.xlarge")
        why = f"2 processors are taken by {held}"
        for name, group in ((first, PROCESSING), (second, TRANSFORM)):
            until(lambda name=name, group=group: why in " ".join(printed(studio, name, group)), 120)
        assert "begun" not in printed(studio, first, PROCESSING)
        studio.sagemaker.stop_training_job(TrainingJobName=held)
        until(lambda: "begun" in printed(studio, first, PROCESSING), 180)
        assert transform_ended(studio, second)["TransformJobStatus"] == "Completed"
        studio.ended(held)


def test_a_model_may_take_what_the_table_gives_its_instance(studio, server):
    with table(server, {"ml.c4.*": {"processors": 1, "memory_gib": 0.3}}):
        name = transform(studio, studio.model({"inference.py": GREEDY}), "ml.c4.xlarge")
        assert transform_ended(studio, name)["TransformJobStatus"] == "Failed"
    assert "took more memory than its instance has" in " ".join(printed(studio, name, TRANSFORM))
