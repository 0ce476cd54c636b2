"""DeepAR: series that repeat themselves are forecast; what requests and data may say.

Needs gluonts, here or in the Python of CUMULET_TORCH_PYTHON, in which the algorithm's program is then run.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .laboratory import PROGRAM, module, train

AHEAD, DAY = 6, 12
KNOWN = {
    "time_freq": "2H",
    "context_length": 24,
    "prediction_length": AHEAD,
    "epochs": 15,
    "learning_rate": 0.02,
    "num_cells": 20,
    "num_layers": 1,
    "mini_batch_size": 16,
}
ASK = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("algorithm", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
handler = program.load()
for kind, body in json.load(sys.stdin):
    status, headers, answer = handler(body.encode(), {"content-type": kind})
    print(json.dumps([status, answer.decode()]))
"""


@pytest.fixture(scope="module")
def python() -> str:
    for place in (sys.executable, os.environ.get("CUMULET_TORCH_PYTHON")):
        code = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, ('gluonts', 'torch'))))"
        if place and subprocess.run([place, "-c", code], check=False).returncode == 0:
            return place
    pytest.skip("needs gluonts (CUMULET_TORCH_PYTHON)")


def steps(length: int, category: int) -> list[float]:
    """Days of twelve values, which go up and down by turns; one category is ten times the other."""
    return [(1, 10)[category] * (2 + (place % DAY) / DAY) for place in range(length)]


def series(length: int, category: int, ahead: int = 0) -> dict[str, Any]:
    feature = [float(place % 2) for place in range(length + ahead)]
    target = steps(length, category)
    return {"start": "2024-01-01 00:00:00", "target": target, "cat": [category], "dynamic_feat": [feature]}


def lines(*given: dict[str, Any]) -> bytes:
    return "".join(json.dumps(one) + "\n" for one in given).encode()


def run(python: str, folder: Path, program: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "SAGEMAKER_BASE_DIR": str(folder),
        "CUMULET_ALGORITHM": "forecasting-deepar:1",
    }
    return subprocess.run(
        [python, *program], env=environment, capture_output=True, text=True, check=False, **more
    )


@pytest.fixture(scope="module")
def model(python: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A model's folder, and what its training said."""
    folder = tmp_path_factory.mktemp("deepar")
    config = folder / "input/config"
    config.mkdir(parents=True)
    data = [series(120 + number, number % 2) for number in range(6)]
    data[0]["target"][5] = "NaN"
    channels = {"train": gzip.compress(lines(*data)), "test": lines(*data)}
    for name, body in channels.items():
        (folder / "input/data" / name).mkdir(parents=True)
        (folder / "input/data" / name / "data.json").write_bytes(body)
    given = {name: {"TrainingInputMode": "File"} for name in channels}
    (config / "inputdataconfig.json").write_text(json.dumps(given))
    (config / "hyperparameters.json").write_text(json.dumps({k: str(v) for k, v in KNOWN.items()}))
    done = run(python, folder, [str(PROGRAM)])
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def ask(python: str, folder: Path, *requests: tuple[str, bytes]) -> list[tuple[int, str]]:
    given = json.dumps([(kind, body.decode()) for kind, body in requests])
    done = run(python, folder, ["-c", ASK, str(PROGRAM)], input=given)
    assert done.returncode == 0, done.stderr
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_its_metrics_are_told(model):
    log, algorithm = model[1], module("catalogue").named("forecasting-deepar")
    metrics = {metric.name: metric.regex for metric in algorithm.metrics}
    assert set(metrics) == {"train:final_loss", "test:RMSE", "test:mean_wQuantileLoss"}
    figures = {name: [float(one) for one in re.findall(regex, log)] for name, regex in metrics.items()}
    assert [len(found) for found in figures.values()] == [1, 1, 1]
    assert figures["test:mean_wQuantileLoss"][0] < 0.2
    assert len(re.findall(r"epoch=\d+, train loss <loss>=", log)) == KNOWN["epochs"]
    assert len(re.findall(r"wQuantileLoss\[0\.\d\]", log)) == 9


def test_requests_are_answered_and_refused(python, model):
    wanted = {"num_samples": 20, "output_types": ["mean", "quantiles", "samples"], "quantiles": ["0.5"]}
    asked = {"instances": [series(60, 0, AHEAD), series(66, 1, AHEAD)], "configuration": wanted}
    wrong = {"instances": [series(60, 0)]}
    answers = ask(
        python,
        model[0],
        ("application/json", json.dumps(asked).encode()),
        ("application/jsonlines", lines(series(60, 1, AHEAD))),
        ("application/json", json.dumps(wrong).encode()),
        ("application/json", json.dumps({**asked, "configuration": {"colour": 1}}).encode()),
        ("text/csv", b"1,2"),
    )
    assert [status for status, _ in answers] == [200, 200, 400, 400, 415]
    small, large = json.loads(answers[0][1])["predictions"]
    assert set(small) == {"mean", "quantiles", "samples"}
    assert (len(small["samples"]), len(small["samples"][0])) == (20, AHEAD)
    assert list(small["quantiles"]) == ["0.5"]
    assert small["mean"] == pytest.approx(steps(66, 0)[60:], rel=0.4)
    assert large["mean"] == pytest.approx(steps(72, 1)[66:], rel=0.4)
    assert set(json.loads(answers[1][1])) == {"mean", "quantiles"}
    assert f"dynamic_feat of length {60 + AHEAD}" in answers[2][1]


@pytest.mark.parametrize(
    ("values", "body", "reason"),
    [
        ({"time_freq": "century"}, lines(series(60, 0)), "'time_freq' hyperparameter"),
        ({"likelihood": "cauchy"}, lines(series(60, 0)), "'likelihood' hyperparameter"),
        ({"colour": "red"}, lines(series(60, 0)), "Additional hyperparameters are not allowed ('colour'"),
        ({"cardinality": "[1]"}, lines(series(60, 1)), "are not below the cardinality [1]"),
        ({"num_dynamic_feat": 2}, lines(series(60, 0)), "needs 2 dynamic_feat of length 60"),
        ({}, b'{"target": [1, 2]}', "A time series needs a start"),
        ({}, b"start,target", "is not JSON"),
    ],
)
def test_what_is_wrong_is_the_reason_of_the_failure(tmp_path, values, body, reason):
    done = train(tmp_path, "forecasting-deepar:1", {"train": ("", body)}, {**KNOWN, **values})
    assert done.code == 2
    assert reason in done.failure


def test_files_of_parquet_are_read(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist([series(10, 0)]), tmp_path / "data.parquet")
    channel = module("job").Channel("train", tmp_path, "")
    (found,) = module("series").read(channel)
    assert (len(found.target), found.cat, found.dynamic.shape) == (10, (0,), (1, 10))
