"""What tests of SageMaker work with: a lake, a role, small scripts, and short ways to say things."""

from __future__ import annotations

import io
import json
import os
import tarfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import WaiterError

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
INSTANCE = "ml.m5.large"
SOON = {"Delay": 0.1, "MaxAttempts": 2400 if "CUMULET_ON_RAY" in os.environ else 600}

TRAIN = """
import argparse, json, os, pathlib, sys, time

arguments = argparse.ArgumentParser()
arguments.add_argument("--factor", type=float, default=2)
arguments.add_argument("--then", default="end")
given = arguments.parse_args()
print("accuracy=0.5")
print("accuracy=0.75;", flush=True)
model = pathlib.Path(os.environ["SM_MODEL_DIR"], "model.json")
model.write_text(json.dumps({"factor": given.factor}))
if given.then == "fail":
    raise ValueError("the data is not what it was")
if given.then == "wait":
    time.sleep(600)
"""

INFERENCE = """
import json, os, time

def model_fn(model_dir):
    with open(os.path.join(model_dir, "model.json")) as file:
        return json.load(file)

def predict_fn(data, model):
    return data * model["factor"]
"""


def archive(files: dict[str, str]) -> bytes:
    """A tar.gz of texts, as the SDK uploads a source_dir."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = [member for member in tar.getmembers() if member.isfile()]
        return {member.name: (tar.extractfile(member) or io.BytesIO()).read() for member in members}


@dataclass
class Studio:
    """What a test of SageMaker works with: clients, a bucket, a role, and short ways to say things."""

    client: Callable[..., Any]
    bucket: str
    role: str

    def __post_init__(self) -> None:
        self.s3, self.sagemaker = self.client("s3"), self.client("sagemaker")
        self.runtime, self.logs = self.client("sagemaker-runtime"), self.client("logs")

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def request(self, files: dict[str, str] | None = None, **hyperparameters: Any) -> dict[str, Any]:
        """A valid CreateTrainingJob request for a script-mode job."""
        name = f"job-{uuid.uuid4().hex[:12]}"
        code = self.put(f"{name}/source/sourcedir.tar.gz", archive(files or {"train.py": TRAIN}))
        sent = {**hyperparameters, "sagemaker_program": "train.py", "sagemaker_submit_directory": code}
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
            "RoleArn": self.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/out"},
            "ResourceConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": {key: json.dumps(value) for key, value in sent.items()},
        }

    def channel(self, name: str, prefix: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{self.bucket}/{prefix}"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    def start(self, request: dict[str, Any]) -> str:
        self.sagemaker.create_training_job(**request)
        return request["TrainingJobName"]

    def train(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a job to its end, and describe it."""
        return self.ended(self.start(request))

    def ended(self, name: str) -> dict[str, Any]:
        waiter = self.sagemaker.get_waiter("training_job_completed_or_stopped")
        try:
            waiter.wait(TrainingJobName=name, WaiterConfig=SOON)
        except WaiterError as error:
            if "terminal failure" not in str(error):
                raise
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def log(self, name: str, group: str = "/aws/sagemaker/TrainingJobs") -> list[str]:
        """All lines of the streams that begin with a name."""
        try:
            found = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=name)["logStreams"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # nobody has said anything yet
        return [
            event["message"]
            for stream in found
            for event in self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]

    def model(self, files: dict[str, str] | None = None, factor: float = 2) -> str:
        """A model of code and data in one archive, as the SDK repacks it."""
        name = f"model-{uuid.uuid4().hex[:12]}"
        code = {f"code/{key}": text for key, text in (files or {"inference.py": INFERENCE}).items()}
        data = self.put(
            f"{name}/model.tar.gz", archive({"model.json": json.dumps({"factor": factor}), **code})
        )
        container = {
            "Image": SKLEARN,
            "ModelDataUrl": data,
            "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
        }
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=self.role)
        return name

    def config(self, *models: str, weights: tuple[float, ...] = ()) -> str:
        """An endpoint configuration with a variant (A, B, ...) for each model."""
        name = f"config-{uuid.uuid4().hex[:12]}"
        variants = [
            {
                "VariantName": "ABCDEF"[number],
                "ModelName": model,
                "InstanceType": INSTANCE,
                "InitialInstanceCount": 1,
                "InitialVariantWeight": weights[number] if weights else 1,
            }
            for number, model in enumerate(models)
        ]
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        return name

    def endpoint(self, config: str) -> str:
        """An endpoint in service."""
        name = f"endpoint-{uuid.uuid4().hex[:12]}"
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.in_service(name)
        return name

    def serverless(self, model: str, most: int = 2) -> str:
        """A configuration without instances, variant A."""
        name = f"serverless-{uuid.uuid4().hex[:12]}"
        config = {"MemorySizeInMB": 2048, "MaxConcurrency": most}
        variant = {"VariantName": "A", "ModelName": model, "ServerlessConfig": config}
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        return name

    def in_service(self, name: str) -> dict[str, Any]:
        try:
            self.sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig=SOON)
        except WaiterError as error:  # which keeps to itself why
            error.add_note(str(self.sagemaker.describe_endpoint(EndpointName=name).get("FailureReason")))
            raise
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def ask(
        self, endpoint: str, body: bytes, content_type: str = "application/json", **more: Any
    ) -> dict[str, Any]:
        answer = self.runtime.invoke_endpoint(
            EndpointName=endpoint, Body=body, ContentType=content_type, **more
        )
        return {**answer, "Body": answer["Body"].read()}

    def clear(self) -> None:
        """End every endpoint that a test left."""
        for endpoint in self.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]:
            if endpoint["EndpointStatus"] in ("InService", "Failed"):
                self.sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never was"
        time.sleep(0.05)


def open_studio(client: Callable[..., Any]) -> Studio:
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    client("s3").create_bucket(Bucket=bucket)
    role = client("iam").get_role(RoleName="CumuletAdministrator")["Role"]["Arn"]
    return Studio(client, bucket, role)
