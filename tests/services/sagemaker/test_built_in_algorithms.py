"""Built-in algorithms through the front door: a job by its image's name, its metrics, its model behind an endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .studio import Studio, unpacked

REGISTRY = "811284229777.dkr.ecr.us-east-1.amazonaws.com"
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ROWS = "".join(f"{2 * x + y},{x},{y}\n" for x in range(12) for y in range(12)).encode()


def request(studio: Studio, image: str, data: dict[str, tuple[str, bytes]], **values: Any) -> dict[str, Any]:
    """A CreateTrainingJob request for an algorithm: channel -> (content type, bytes)."""
    made = studio.request()
    name = made["TrainingJobName"]
    channels = []
    for channel, (content_type, body) in data.items():
        studio.put(f"{name}/{channel}/part-0", body)
        channels.append({**studio.channel(channel, f"{name}/{channel}/"), "ContentType": content_type})
    made["AlgorithmSpecification"]["TrainingImage"] = image
    made["HyperParameters"] = {key: str(value) for key, value in values.items()}
    return {**made, "InputDataConfig": channels}


def served(studio: Studio, job: dict[str, Any], image: str) -> str:
    """An endpoint of what a job has trained."""
    name = job["TrainingJobName"]
    container = {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
    studio.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=studio.role)
    return studio.endpoint(studio.config(name))


@pytest.fixture(scope="module")
def xgboost(studio):
    pytest.importorskip("xgboost")
    data = dict.fromkeys(("train", "validation"), ("text/csv", ROWS))
    return studio.train(request(studio, XGBOOST, data, num_round=30, objective="reg:squarederror"))


def test_a_job_of_xgboosts_image_without_a_script_trains_the_algorithm(studio, xgboost):
    assert xgboost["TrainingJobStatus"] == "Completed", xgboost.get("FailureReason")
    archive = unpacked(studio.read(xgboost["ModelArtifacts"]["S3ModelArtifacts"]))
    assert list(archive) == ["xgboost-model"]
    assert any("[29]#011train-rmse:" in line for line in studio.log(xgboost["TrainingJobName"]))


def test_its_metrics_are_the_algorithms_own(xgboost):
    figures = {metric["MetricName"]: metric["Value"] for metric in xgboost["FinalMetricDataList"]}
    assert set(figures) == {"train:rmse", "validation:rmse"}
    assert figures["validation:rmse"] < 2
    names = [metric["Name"] for metric in xgboost["AlgorithmSpecification"]["MetricDefinitions"]]
    assert "validation:logloss" in names


def test_metrics_of_an_algorithm_cannot_be_defined_by_the_caller(studio):
    pytest.importorskip("xgboost")
    asked = request(studio, XGBOOST, {"train": ("text/csv", ROWS)}, num_round=1)
    asked["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "mine", "Regex": "mine=(.*)"}]
    with pytest.raises(ClientError, match="You can't override the metric definitions"):
        studio.start(asked)


def test_its_model_answers_behind_an_endpoint(studio, xgboost):
    endpoint = served(studio, xgboost, XGBOOST)
    answer = studio.ask(endpoint, b"3,4\n10,1\n", "text/csv")
    assert [float(line) for line in answer["Body"].split()] == pytest.approx([10, 21], abs=1.5)
    assert answer["ContentType"].startswith("text/csv")
    as_json = studio.ask(endpoint, b"3,4\n", "text/csv", Accept="application/json")
    assert json.loads(as_json["Body"])["predictions"][0]["score"] == pytest.approx(10, abs=1.5)
    with pytest.raises(ClientError, match=r"Received client error \(415\).*is not supported"):
        studio.ask(endpoint, b"x", "image/png")


def test_what_is_wrong_with_the_hyperparameters_is_the_jobs_failure_reason(studio):
    pytest.importorskip("xgboost")
    job = studio.train(request(studio, XGBOOST, {"train": ("text/csv", ROWS)}, num_round=1, colour="red"))
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"] == "ClientError: Extraneous hyperparameter found: colour, exit code: 2"


def test_xgboosts_image_still_runs_a_script_where_there_is_one(studio):
    pytest.importorskip("xgboost")
    script = (
        "import os, xgboost; open(os.environ['SM_MODEL_DIR'] + '/version', 'w').write(xgboost.__version__)"
    )
    asked = studio.request({"train.py": script})
    asked["AlgorithmSpecification"]["TrainingImage"] = XGBOOST
    job = studio.train(asked)
    assert list(unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))) == ["version"]


def test_blazing_text_by_its_image_from_reviews_to_labels(studio):
    pytest.importorskip("fasttext")
    lines = b"__label__good so lovely and warm\n__label__bad torn and so cheap\n" * 50
    image = f"{REGISTRY}/blazingtext:1"
    values = {"mode": "supervised", "min_count": 1, "vector_dim": 8, "buckets": 100, "learning_rate": 0.5}
    data = dict.fromkeys(("train", "validation"), ("text/plain", lines))
    job = studio.train(request(studio, image, data, **values))
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    figures = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    assert figures == {"train:accuracy": 1.0, "validation:accuracy": 1.0}
    endpoint = served(studio, job, image)
    body = json.dumps({"instances": ["lovely", "cheap"], "configuration": {"k": 1}}).encode()
    said = json.loads(studio.ask(endpoint, body)["Body"])
    assert [row["label"] for row in said] == [["__label__good"], ["__label__bad"]]


@pytest.mark.parametrize("mode", ["Pipe", "FastFile"])
def test_data_comes_in_every_input_mode(studio, mode):
    pytest.importorskip("sklearn")
    rows = "".join(f"{10 * (n % 2)},{n % 3}\n" for n in range(60)).encode()
    asked = request(
        studio, f"{REGISTRY}/kmeans:1", {"train": ("text/csv;label_size=0", rows)}, k=2, feature_dim=2
    )
    asked["AlgorithmSpecification"]["TrainingInputMode"] = mode
    job = studio.train(asked)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert list(unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))) == ["model_algo-1"]


def test_a_job_of_several_instances_says_that_it_cannot_be_done(studio):
    asked = request(studio, f"{REGISTRY}/pca:1", {"train": ("text/csv", ROWS)}, num_components=1)
    asked["ResourceConfig"]["InstanceCount"] = 2
    with pytest.raises(ClientError, match="XGBoost and LightGBM train on several instances"):
        studio.start(asked)


def test_an_algorithm_that_is_not_done_is_refused_by_name(studio):
    asked = request(studio, f"{REGISTRY}/object2vec:1", {"train": ("text/csv", ROWS)})
    with pytest.raises(ClientError, match="built-in algorithm object2vec"):
        studio.start(asked)
