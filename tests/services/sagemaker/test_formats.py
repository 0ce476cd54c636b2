"""Bodies in and out of models: every format that SageMaker's containers read and write, and what is negotiated."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from cumulet.services.sagemaker.toolkit.serving import formats, frameworks, recordio
from cumulet.services.sagemaker.toolkit.serving.refusals import Refused
from cumulet.services.sagemaker.toolkit.serving.script import Served

numpy = pytest.importorskip("numpy")
ROWS = [[1.0, 2.0], [3.0, 4.0]]


def parquet() -> bytes:
    import pandas

    buffer = io.BytesIO()
    pandas.DataFrame(ROWS, columns=["a", "b"]).to_parquet(buffer)
    return buffer.getvalue()


def npy() -> bytes:
    buffer = io.BytesIO()
    numpy.save(buffer, numpy.array(ROWS))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b"1,2\n3,4\n"),
        ("text/csv; charset=utf-8", b"1,2\n3,4"),
        ("application/json", b"[[1, 2], [3, 4]]"),
        ("application/json", b'{"instances": [{"features": [1, 2]}, {"features": [3, 4]}]}'),
        ("application/jsonlines", b'{"features": [1, 2]}\n[3, 4]\n'),
        ("application/x-npy", npy()),
        ("application/x-parquet", parquet()),
        ("text/libsvm", b"0 0:1 1:2\n1 0:3 1:4\n"),
        ("text/x-libsvm", b"0:1 1:2\n0:3 1:4"),
        ("application/x-recordio-protobuf", recordio.pack(ROWS)),
    ],
)
def test_every_format_comes_in_as_the_same_rows(content_type, body):
    given = formats.as_given(body, content_type)
    assert formats.read(given, content_type).tolist() == ROWS


@pytest.mark.parametrize("accept", formats.WRITERS)
def test_what_goes_out_in_a_format_comes_in_again(accept):
    body, told = formats.write(numpy.array(ROWS, dtype="float32"), accept)
    assert told == accept
    assert formats.read(formats.as_given(body, accept), accept).tolist() == ROWS


def test_a_sparse_record_is_filled_up_with_zeros():
    """Values 5 and 6 under the keys 1 and 3 of 5."""
    tensor = bytes([10, 8]) + numpy.array([5, 6], "float32").tobytes() + bytes([18, 2, 1, 3, 26, 1, 5])
    value = bytes([18, len(tensor)]) + tensor
    entry = bytes([10, 6]) + b"values" + bytes([18, len(value)]) + value
    record = bytes([10, len(entry)]) + entry
    frame = numpy.array([recordio.MAGIC, len(record)], "<u4").tobytes() + record
    assert recordio.vectors(frame) == [[0, 5, 0, 6, 0]]


@pytest.mark.parametrize(
    ("accept", "first"),
    [
        ("text/csv", "text/csv"),
        ("*/*", "application/json"),
        ("image/png;q=0.9, text/csv;q=0.5", "image/png"),
        ("text/csv;q=0.1, application/x-npy", "application/x-npy"),
    ],
)
def test_the_most_wanted_type_comes_first(accept, first):
    assert formats.accepted(accept)[0] == first


def test_the_first_type_that_can_be_written_is(tmp_path):
    _, told = formats.write([1], "image/png, text/csv")
    assert told == "text/csv"
    with pytest.raises(Refused) as refused:
        formats.write([1], "image/png")
    assert refused.value.status == 406


class Model:
    """A model that says how often it was asked."""

    asked = 0

    def predict(self, rows: Any) -> Any:
        self.asked += 1
        return numpy.asarray(rows, dtype=float).sum(axis=1)


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setattr(frameworks.Plain, "model_fn", lambda self, folder: Model())
    return Served(tmp_path / "model", tmp_path / "code")


def ask(body: bytes, accept: str = "") -> tuple[bytes, dict[str, str]]:
    return body, {"content-type": "application/json", "accept": accept}


def test_questions_that_came_together_are_one_prediction(served):
    answers = served.many([ask(b"[[1, 2]]"), ask(b"[[3, 4], [5, 6]]", "text/csv")])
    assert [
        (status, json.loads(b"[%s]" % body.replace(b"\n", b",").rstrip(b","))) for status, _, body in answers
    ] == [
        (200, [[3.0]]),
        (200, [7.0, 11.0]),
    ]
    assert served.model.asked == 1


def test_questions_of_different_shapes_do_not_go_together(served):
    assert served.many([ask(b"[[1, 2]]"), ask(b"[[1, 2, 3]]")]) is None
    assert served.many([ask(b"[1, 2]"), ask(b"[1, 2]")]) is None


def test_a_model_with_its_own_predict_fn_is_asked_one_by_one(tmp_path):
    script(tmp_path, "def model_fn(d): return 1\ndef predict_fn(data, model): return data\n")
    assert not hasattr(Served(tmp_path / "many", tmp_path / "code"), "many")


def test_a_script_may_take_batches_itself(tmp_path):
    script(
        tmp_path,
        "def model_fn(d): return 10\n"
        "def input_fn(body, kind): return float(body)\n"
        "def predict_fn(one, model): return one * model\n"
        "def predict_batch_fn(many, model): return [one * model for one in many]\n",
    )
    served = Served(tmp_path / "many", tmp_path / "code")
    assert [body for _, _, body in served.many([ask(b"1"), ask(b"2")])] == [b"10.0", b"20.0"]


def script(folder: Path, text: str) -> None:
    (folder / "code").mkdir()
    (folder / "code/inference.py").write_text(text)


def test_a_pickled_model_needs_no_script(tmp_path, monkeypatch):
    joblib = pytest.importorskip("joblib")
    from sklearn.linear_model import LinearRegression

    monkeypatch.setenv("CUMULET_FRAMEWORK", "scikit-learn")
    (tmp_path / "model").mkdir()
    joblib.dump(LinearRegression().fit([[1], [2]], [2, 4]), tmp_path / "model/model.joblib")
    status, headers, body = Served(tmp_path / "model", tmp_path / "code")(*ask(b"[[3]]"))
    assert (status, headers["content-type"]) == (200, "application/json")
    assert json.loads(body) == pytest.approx([6.0])


def test_xgboosts_own_file_needs_no_script_and_answers_as_its_container(tmp_path, monkeypatch):
    xgboost = pytest.importorskip("xgboost")
    monkeypatch.setenv("CUMULET_FRAMEWORK", "xgboost")
    (tmp_path / "model").mkdir()
    rows = numpy.array([[1.0, 2.0], [3.0, 4.0]])
    booster = xgboost.train({"max_depth": 1}, xgboost.DMatrix(rows, label=[0, 1]), 2)
    booster.save_model(tmp_path / "model/xgboost-model")
    served = Served(tmp_path / "model", tmp_path / "code")
    status, headers, body = served(b"1,2\n3,4", {"content-type": "text/csv"})
    assert (status, headers["content-type"]) == (200, "text/csv")
    assert len(body.split(b",")) == 2
    told = served(b"0:1 1:2", {"content-type": "text/libsvm", "accept": "application/json"})
    assert list(json.loads(told[2])) == ["predictions"]


def test_a_model_without_script_and_without_a_file_says_what_is_missing(tmp_path):
    (tmp_path / "model").mkdir()
    with pytest.raises(NotImplementedError, match="exactly one file"):
        Served(tmp_path / "model", tmp_path / "code")
