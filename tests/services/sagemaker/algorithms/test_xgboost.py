"""XGBoost as SageMaker's container trains and serves it."""

from __future__ import annotations

import io
import json
import pickle

import numpy as np
import pytest

from .laboratory import DATA, csv, train

xgboost = pytest.importorskip("xgboost")

ABALONE = {
    "max_depth": 5,
    "eta": 0.2,
    "gamma": 4,
    "min_child_weight": 6,
    "subsample": 0.7,
    "objective": "reg:squarederror",
    "num_round": 50,
}


def squares(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    features = np.random.default_rng(seed).normal(size=(rows, 4))
    return features, 3 * features[:, 0] + features[:, 1] ** 2


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    """A model of a simple sum, trained on CSV."""
    (x, y), (vx, vy) = squares(600), squares(100, 1)
    channels = {"train": ("text/csv", csv(y, x)), "validation": ("csv", csv(vy, vx))}
    values = {"num_round": 40, "objective": "reg:squarederror", "eval_metric": "rmse,mae"}
    return train(tmp_path_factory.mktemp("regression"), "xgboost:1.7-1", channels, values)


def test_a_regression_learns_and_says_its_metrics_for_each_round(regression):
    assert regression.code == 0, regression.log
    errors = regression.figures("validation:rmse")
    assert len(errors) == 40
    assert errors[-1] < errors[0] / 2
    assert "[39]#011train-rmse:" in regression.log


def test_the_model_is_a_file_that_the_library_loads(regression):
    booster = xgboost.Booster(model_file=bytearray((regression.model / "xgboost-model").read_bytes()))
    assert booster.num_features() == 4


def test_answers_come_as_csv_json_lines_and_recordio(regression):
    ask = regression.loaded()
    body = b"1,0,0,0\n-1,0,0,0\n"
    high, low = (float(line) for line in ask(body, "text/csv").split())
    assert high > 2 > -2 > low
    assert ask(body, "text/csv", "application/json") == {"predictions": [{"score": high}, {"score": low}]}
    lines = ask(body, "text/csv", "application/jsonlines").splitlines()
    assert [json.loads(line)["score"] for line in lines] == [high, low]
    sdk = pytest.importorskip("sagemaker.amazon.common")
    records = sdk.RecordDeserializer().deserialize(
        io.BytesIO(ask(body, "text/csv", "application/x-recordio-protobuf")),
        "application/x-recordio-protobuf",
    )
    assert [r.label["score"].float32_tensor.values[0] for r in records] == pytest.approx([high, low])


def test_libsvm_and_recordio_ask_the_same_as_csv(regression):
    sdk = pytest.importorskip("sagemaker.amazon.common")
    ask = regression.loaded()
    expected = ask(b"1,2,0,0\n", "text/csv")
    assert ask(b"0:1 1:2 2:0 3:0\n", "text/libsvm") == expected
    written = io.BytesIO()
    sdk.write_numpy_to_dense_tensor(written, np.array([[1.0, 2, 0, 0]]))
    assert ask(written.getvalue(), "application/x-recordio-protobuf") == expected


def test_older_containers_answer_on_one_line(regression):
    regression.algorithm = "xgboost:1.2-1"
    assert regression.loaded()(b"1,0,0,0\n1,0,0,0\n", "text/csv").count(b",") == 1
    regression.algorithm = "xgboost:1.7-1"


@pytest.mark.parametrize(
    ("body", "content_type", "accept", "status"),
    [
        (b"1,2\n", "text/csv", "", 400),
        (b"a,b,c,d\n", "text/csv", "", 415),
        (b"x", "image/png", "", 415),
        (b"1,2,3,4\n", "text/csv", "image/png", 406),
    ],
)
def test_a_request_that_cannot_be_answered_is_the_clients_fault(
    regression, body, content_type, accept, status
):
    assert regression.loaded()(body, content_type, accept)[0] == status


def test_classes_come_with_probabilities_and_what_is_selected_of_them(tmp_path, monkeypatch):
    x, _ = squares(300)
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    values = {
        "num_round": 10,
        "objective": "multi:softprob",
        "num_class": 3,
        "eval_metric": "merror,accuracy,f1",
    }
    data = ("text/csv", csv(y, x))
    done = train(tmp_path, "xgboost:1.7-1", {"train": data, "validation": data}, values)
    assert done.figures("validation:accuracy")[-1] > 0.9
    assert done.figures("validation:f1")[-1] > 0.9
    ask = done.loaded()
    body = csv([[1, 1, 0, 0], [-1, -1, 0, 0]])
    shares = np.loadtxt(io.BytesIO(ask(body, "text/csv")), delimiter=",")
    assert shares.argmax(axis=1).tolist() == [2, 0]
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    assert ask(body, "text/csv").startswith(b"[0.")
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,labels")
    assert ask(body, "text/csv") == b'2,"[0, 1, 2]"\n0,"[0, 1, 2]"\n'
    rows = ask(body, "text/csv", "application/json")["predictions"]
    assert rows == [{"predicted_label": 2, "labels": [0, 1, 2]}, {"predicted_label": 0, "labels": [0, 1, 2]}]


def test_libsvm_parquet_and_recordio_train_the_same_model_as_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    sdk = pytest.importorskip("sagemaker.amazon.common")
    import pyarrow.parquet as parquet

    x, y = squares(200)
    x, y = x.astype(np.float32), y.astype(np.float32)
    lines = [
        f"{t:.9g} " + " ".join(f"{i}:{v:.9g}" for i, v in enumerate(r)) for t, r in zip(y, x, strict=True)
    ]
    sink, written = pa.BufferOutputStream(), io.BytesIO()
    parquet.write_table(pa.table({"y": y, **{str(i): column for i, column in enumerate(x.T)}}), sink)
    sdk.write_numpy_to_dense_tensor(written, x, y)
    ways = {
        "text/csv": b"\n".join(
            ",".join(f"{v:.9g}" for v in (t, *r)).encode() for t, r in zip(y, x, strict=True)
        ),
        "text/libsvm": "\n".join(lines).encode(),
        "application/x-parquet": sink.getvalue().to_pybytes(),
        "application/x-recordio-protobuf": written.getvalue(),
    }
    figures = []
    for number, (kind, data) in enumerate(ways.items()):
        done = train(tmp_path / str(number), "xgboost:3.0-5", {"train": (kind, data)}, {"num_round": 5})
        assert done.code == 0, done.log
        figures.append(done.figures("train:rmse"))
    assert all(found == figures[0] for found in figures), figures


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        ({"num_round": 1, "colour": "red"}, "Extraneous hyperparameter found: colour"),
        ({"num_round": 0}, "Hyperparameter num_round: value 0 not in range an integer in [1, ∞)"),
        ({"num_round": 1, "eta": 2}, "Hyperparameter eta: value 2 not in range"),
        ({"num_round": 1, "objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        ({"num_round": 1, "tree_method": "gpu_hist"}, "needs a GPU"),
        ({"num_round": 1, "sampling_method": "gradient_based"}, "'sampling_method' with the value"),
        ({"num_round": 1, "objective": "binary:logistic"}, "label must be in [0,1] for logistic regression"),
    ],
)
def test_what_is_wrong_with_the_hyperparameters_is_the_reason_of_the_failure(
    tmp_path, hyperparameters, reason
):
    data = {"train": ("text/csv", b"5,1\n6,2\n")}
    done = train(tmp_path, "xgboost:1.7-1", data, hyperparameters)
    assert done.code == 2
    assert done.failure.startswith("ClientError: ")
    assert reason in done.failure


def test_hyperparameters_may_have_the_quotes_of_json_and_their_other_names(tmp_path):
    values = {"num_round": '"3"', "learning_rate": '"0.5"', "objective": '"reg:linear"'}
    done = train(tmp_path, "xgboost:1", {"train": ("text/csv", csv(*squares(50)[::-1]))}, values)
    assert (done.code, len(done.figures("train:rmse"))) == (0, 3)
    assert pickle.loads((done.model / "xgboost-model").read_bytes()).num_boosted_rounds() == 3


def test_training_stops_early_and_keeps_the_best_model(tmp_path):
    (x, y), (vx, vy) = squares(60), squares(60, 1)
    channels = {"train": ("text/csv", csv(y, x)), "validation": ("text/csv", csv(vy, vx))}
    values = {"num_round": 500, "early_stopping_rounds": 5, "eta": 0.9, "max_depth": 8, "eval_metric": "rmse"}
    done = train(tmp_path, "xgboost:1.7-1", channels, values)
    errors = done.figures("validation:rmse")
    assert len(errors) < 500
    booster = xgboost.Booster(model_file=bytearray((done.model / "xgboost-model").read_bytes()))
    assert booster.num_boosted_rounds() == int(np.argmin(errors)) + 1


def test_a_job_goes_on_from_its_last_checkpoint(tmp_path):
    x, y = squares(100)
    channels = {"train": ("text/csv", csv(y, x))}
    (tmp_path / "one/checkpoints").mkdir(parents=True)
    first = train(tmp_path / "one", "xgboost:1.7-1", channels, {"num_round": 10})
    names = sorted(path.name for path in (tmp_path / "one/checkpoints").iterdir())
    assert names == [f"xgboost-checkpoint.{number}" for number in range(5, 10)]
    (tmp_path / "two").mkdir()
    (tmp_path / "one/checkpoints").rename(tmp_path / "two/checkpoints")
    second = train(tmp_path / "two", "xgboost:1.7-1", channels, {"num_round": 12})
    assert "[10]#011" in second.log
    assert "[9]#011" not in second.log
    assert second.figures("train:rmse")[-1] < first.figures("train:rmse")[-1]


@pytest.mark.skipif(not (DATA / "tabular/abalone.csv").exists(), reason="needs the abalone data")
def test_abalone_comes_to_the_error_that_is_known_for_it(tmp_path):
    rows = [line.split(",") for line in (DATA / "tabular/abalone.csv").read_text().split()]
    sexes = {"M": 0, "F": 1, "I": 2}
    table = np.array([[float(row[-1]), sexes[row[0]], *map(float, row[1:-1])] for row in rows])
    np.random.default_rng(0).shuffle(table)
    channels = {"train": ("text/csv", csv(table[800:])), "validation": ("text/csv", csv(table[:800]))}
    done = train(tmp_path, "xgboost:1.7-1", channels, ABALONE)
    assert 1.9 < done.figures("validation:rmse")[-1] < 2.35
