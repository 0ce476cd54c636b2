"""XGBoost and LightGBM on two hosts, each with half of the data: one model, about as good as that of one host."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from cumulet.engines.run import mounts_refused, mounts_supported

from .studio import Studio, unpacked

pytestmark = pytest.mark.skipif(not mounts_supported(), reason=mounts_refused())

XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
LIGHTGBM = "811284229777.dkr.ecr.us-east-1.amazonaws.com/lightgbm:regression"


def rows(seed: int, count: int = 1200, *, ordered: bool = True) -> np.ndarray:
    """Where they are ordered, halves differ: who sees one of them only is wrong about the other."""
    dice = np.random.default_rng(seed)
    features = dice.uniform(-2, 2, (count, 4))
    if ordered:
        features = features[np.argsort(features[:, 0])]
    answers = features[:, 0] * 3 + features[:, 1] ** 2 + np.sin(3 * features[:, 2])
    return np.column_stack([answers, features])


def csv(table: np.ndarray) -> bytes:
    return "".join(",".join(f"{value:.5f}" for value in row) + "\n" for row in table).encode()


@pytest.fixture(scope="module")
def lake(studio: Studio) -> Studio:
    for kind in ("ordered", "mixed"):
        for name, seed, count in (("train", 1, 1200), ("validation", 2, 400)):
            halves = np.array_split(rows(seed, count, ordered=kind == "ordered"), 2)
            for number, half in enumerate(halves):
                studio.put(f"trees/{kind}/{name}/{number}.csv", csv(half))
    return studio


def trained(
    studio: Studio, image: str, kind: str, count: int, **values: Any
) -> tuple[dict[str, float], dict[str, bytes]]:
    """The last metrics, and the model's files."""
    asked = studio.request()
    asked["AlgorithmSpecification"]["TrainingImage"] = image
    asked["HyperParameters"] = {name: str(value) for name, value in values.items()}
    asked["ResourceConfig"]["InstanceCount"] = count
    asked["InputDataConfig"] = [
        {**studio.channel(name, f"trees/{kind}/{name}/"), "ContentType": "text/csv"}
        for name in ("train", "validation")
    ]
    for channel in asked["InputDataConfig"]:
        channel["DataSource"]["S3DataSource"]["S3DataDistributionType"] = "ShardedByS3Key"
    job = studio.train(asked)
    log = studio.log(asked["TrainingJobName"])
    assert job["TrainingJobStatus"] == "Completed", "\n".join([str(job.get("FailureReason")), *log[-40:]])
    figures = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}
    return figures, unpacked(studio.read(job["ModelArtifacts"]["S3ModelArtifacts"]))


def test_xgboost_on_two_hosts_is_as_good_as_on_one(lake):
    xgboost = pytest.importorskip("xgboost")
    values = {"num_round": 40, "objective": "reg:squarederror", "early_stopping_rounds": 10}
    one, _ = trained(lake, XGBOOST, "ordered", 1, **values)
    two, files = trained(lake, XGBOOST, "ordered", 2, **values)
    assert list(files) == ["xgboost-model"]
    assert two["validation:rmse"] == pytest.approx(one["validation:rmse"], rel=0.15)
    truth, model = rows(3), xgboost.Booster(model_file=bytearray(files["xgboost-model"]))
    errors = model.predict(xgboost.DMatrix(truth[:, 1:])) - truth[:, 0]
    assert np.sqrt((errors**2).mean()) == pytest.approx(one["validation:rmse"], rel=0.3)


def test_lightgbm_on_two_hosts_is_as_good_as_on_one(lake):
    """Its bins are found on the rows of one host for each feature: hosts have to be alike."""
    lightgbm = pytest.importorskip("lightgbm")
    values = {"num_boost_round": 60, "metric": "rmse", "early_stopping_rounds": 10, "learning_rate": 0.2}
    one, _ = trained(lake, LIGHTGBM, "mixed", 1, **values)
    two, files = trained(lake, LIGHTGBM, "mixed", 2, **values)
    assert json.loads(files["about.json"])["features"] == 4
    assert two["rmse"] == pytest.approx(one["rmse"], rel=0.15)
    truth, model = rows(3), lightgbm.Booster(model_str=files["model.txt"].decode())
    errors = model.predict(truth[:, 1:]) - truth[:, 0]
    assert np.sqrt((errors**2).mean()) == pytest.approx(one["rmse"], rel=0.3)
