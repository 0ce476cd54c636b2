"""Prepare data, search for the best hyperparameters and run a function remotely with the sagemaker SDK 3.x."""

import sys
from pathlib import Path

import boto3
import reviews
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.parameter import ContinuousParameter
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.remote_function import remote
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode
from sagemaker.train.tuner import HyperparameterTuner

mine = sys.argv[1]  # an image that the server runs on the environment of this client
session = Session()
role = get_execution_role(sagemaker_session=session)
bucket = session.default_bucket()
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large")
Path("raw").mkdir()
Path("raw/reviews.csv").write_bytes(reviews.as_csv())
raw = session.upload_data("raw", bucket, "jobs3/raw")


def read(path: str) -> ProcessingInput:
    source = ProcessingS3Input(
        s3_uri=path, local_path="/opt/ml/processing/input", s3_data_type="S3Prefix", s3_input_mode="File"
    )
    return ProcessingInput(input_name="raw", s3_input=source)


def written(name: str) -> ProcessingOutput:
    target = ProcessingS3Output(
        s3_uri=f"s3://{bucket}/jobs3/{name}",
        local_path=f"/opt/ml/processing/{name}",
        s3_upload_mode="EndOfJob",
    )
    return ProcessingOutput(output_name=name, s3_output=target)


processor = ScriptProcessor(
    role=role,
    image_uri=image,
    command=["python3"],
    instance_count=1,
    instance_type="ml.m5.large",
    sagemaker_session=session,
)
processor.run(
    code="source/prepare.py",
    inputs=[read(raw)],
    outputs=[written("train"), written("test")],
    arguments=["--share", "0.8"],
)
keys = [
    found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="jobs3/t")["Contents"]
]
assert keys == ["jobs3/test/reviews.jsonl", "jobs3/train/reviews.csv"], keys
print("prepared", flush=True)

trainer = ModelTrainer(
    training_image=image,
    source_code=SourceCode(source_dir="source", entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    role=role,
    sagemaker_session=session,
    base_job_name="jobs3",
)
tuner = HyperparameterTuner(
    model_trainer=trainer,
    objective_metric_name="train:accuracy",
    metric_definitions=[{"Name": "train:accuracy", "Regex": "train:accuracy=([0-9.]+)"}],
    hyperparameter_ranges={"inverse-strength": ContinuousParameter(0.001, 10, scaling_type="Logarithmic")},
    max_jobs=2,
    max_parallel_jobs=2,
)
tuner.tune(inputs=[InputData(channel_name="train", data_source=f"s3://{bucket}/jobs3/train/")], wait=True)
best = boto3.client("sagemaker").describe_training_job(TrainingJobName=tuner.best_training_job())
assert best["FinalMetricDataList"][0]["MetricName"] == "train:accuracy", best
print("found", flush=True)


@remote(instance_type="ml.m5.large", role=role, image_uri=mine, sagemaker_session=session)
def divide(dividend: int, divisor: int) -> float:
    return dividend / divisor


assert divide(7, 2) == 3.5
try:
    divide(7, 0)
except ZeroDivisionError as error:
    print("refused:", error, flush=True)
print("finished", flush=True)
