"""Prepare data, search for the best hyperparameters, transform in batches with the sagemaker SDK 2.x."""

import json
from pathlib import Path

import reviews
import sagemaker
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.s3 import S3Downloader
from sagemaker.sklearn import SKLearn
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner

session = sagemaker.Session()
role = sagemaker.get_execution_role()
Path("reviews.csv").write_bytes(reviews.as_csv())

processor = SKLearnProcessor("1.2-1", role=role, instance_type="ml.m5.large", instance_count=1)
processor.run(
    code="source/prepare.py",
    inputs=[ProcessingInput(source="reviews.csv", destination="/opt/ml/processing/input")],
    outputs=[
        ProcessingOutput(source="/opt/ml/processing/train", output_name="train"),
        ProcessingOutput(source="/opt/ml/processing/test", output_name="test"),
    ],
    arguments=["--share", "0.8"],
)
train, test = (output.destination for output in processor.latest_job.outputs)
print("prepared", flush=True)

estimator = SKLearn(
    entry_point="train.py",
    source_dir="source",
    role=role,
    framework_version="1.2-1",
    instance_type="ml.m5.large",
)
tuner = HyperparameterTuner(
    estimator,
    "train:accuracy",
    {"inverse-strength": ContinuousParameter(0.001, 10, scaling_type="Logarithmic")},
    metric_definitions=[{"Name": "train:accuracy", "Regex": "train:accuracy=([0-9.]+)"}],
    max_jobs=4,
    max_parallel_jobs=2,
)
tuner.fit({"train": train}, wait=False)
print("searching", flush=True)
tuner.wait()
frame = tuner.analytics().dataframe()
assert len(frame) == 4 and set(frame["TrainingJobStatus"]) == {"Completed"}, frame
best = tuner.best_estimator()
assert frame["FinalObjectiveValue"].max() > 0.9, frame
print("found", flush=True)

transformer = best.create_model(entry_point="inference.py", source_dir="source").transformer(
    1, "ml.m5.large", strategy="SingleRecord", assemble_with="Line", accept="application/json"
)
transformer.transform(
    f"{test}/reviews.jsonl",
    content_type="application/json",
    split_type="Line",
    join_source="Input",
    output_filter="$.SageMakerOutput[0]",
)
answers = S3Downloader.read_file(f"{transformer.output_path}/reviews.jsonl.out").splitlines()
truth = [sentiment for sentiment, _, _ in reviews.rows()][480:]
right = sum(json.loads(answer) == sentiment for answer, sentiment in zip(answers, truth, strict=True))
assert right > 100, (right, answers[:5])
print("finished", flush=True)
