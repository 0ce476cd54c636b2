"""The algorithms whose records are vectors: what they learn, the model's files, and each form of an answer."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest

from .laboratory import csv, module, train

RECORDIO = "application/x-recordio-protobuf"
RANDOM = np.random.default_rng(0)
UNLABELLED = "text/csv;label_size=0"


def blobs(count: int, labels: bool = False) -> Any:
    """Points around three corners far from each other."""
    corners = np.array([[0, 0, 0], [10, 0, 0], [0, 10, 0]], float)
    which = np.arange(count) % 3
    points = corners[which] + np.random.default_rng(count).normal(size=(count, 3))
    return (points, which) if labels else points


def recordio(features: np.ndarray, labels: np.ndarray | None = None) -> bytes:
    """As our own writer has it, which is held against the SDK's in another test."""
    records = module("recordio")
    return records.write(
        records.Record(
            {"values": records.Tensor(row.astype(np.float32))},
            {} if labels is None else {"values": records.Tensor(np.float32([labels[number]]))},
        )
        for number, row in enumerate(features)
    )


def labels_in(body: bytes) -> list[dict[str, list[float]]]:
    rows = module("recordio").records(body)
    return [{name: tensor.values.tolist() for name, tensor in row.label.items()} for row in rows]


def model_of(done) -> Any:
    assert done.code == 0, done.log
    return module("ndarrays").read((done.model / "model_algo-1").read_bytes())


# K-Means


@pytest.fixture(scope="module")
def clusters(tmp_path_factory):
    pytest.importorskip("sklearn")
    channels = {"train": (RECORDIO, recordio(blobs(300))), "test": (UNLABELLED, csv(blobs(90)))}
    return train(tmp_path_factory.mktemp("kmeans"), "kmeans:1", channels, {"k": 3, "feature_dim": 3})


def test_k_means_finds_the_centers_and_says_the_distance_of_the_test_data(clusters):
    (centers,) = model_of(clusters)
    assert sorted(np.round(centers[:, 0]).tolist()) == [0, 0, 10]
    assert 2 < clusters.figures("test:msd")[-1] < 4


def test_k_means_answers_with_the_closest_cluster_and_its_distance(clusters):
    (centers,) = model_of(clusters)
    ask, body = clusters.loaded(), csv(centers)
    rows = ask(body, "text/csv")["predictions"]
    assert [row["closest_cluster"] for row in rows] == [0, 1, 2]
    assert max(row["distance_to_cluster"] for row in rows) < 0.01
    first = labels_in(ask(recordio(centers), RECORDIO, RECORDIO))[0]
    assert first["closest_cluster"] == [0.0]
    lines = ask(body, "text/csv", "application/jsonlines").splitlines()
    assert json.loads(lines[2])["closest_cluster"] == 2


def test_sparse_records_need_not_say_how_wide_they_are(clusters):
    body = b'{"instances": [{"data": {"features": {"keys": [0], "values": [10]}}}]}'
    (row,) = clusters.loaded()(body, "application/json")["predictions"]
    assert row["distance_to_cluster"] < 1


# PCA


@pytest.mark.parametrize("mode", ["regular", "randomized"])
def test_pca_finds_the_directions_the_largest_last(tmp_path, mode):
    plane = RANDOM.normal(size=(400, 2)) * [5, 2] @ np.array([[1, 0, 0, 0], [0, 0, 1, 0]]) + 7
    values = {"feature_dim": 4, "num_components": 2, "mini_batch_size": 100, "algorithm_mode": mode}
    done = train(tmp_path, "pca:1", {"train": (RECORDIO, recordio(plane))}, values)
    model = model_of(done)
    assert np.abs(np.round(model["v"], 1)).T.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]
    assert model["s"][1] > model["s"][0] > 0
    answer = done.loaded()(csv([[7, 7, 7, 7], [12, 7, 7, 7]]), "text/csv")
    origin, away = (np.array(row["projection"]) for row in answer["projections"])
    assert np.abs(origin).max() < 1
    assert np.abs(away[1]) == pytest.approx(5, abs=1)


# KNN


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"index_metric": "COSINE"},
        {"dimension_reduction_type": "sign", "dimension_reduction_target": 2},
        {"dimension_reduction_type": "fjlt", "dimension_reduction_target": 2},
        {"index_type": "faiss.IVFFlat"},
        {"index_type": "faiss.IVFPQ", "faiss_index_pq_m": 3},
    ],
)
def test_knn_classifies_by_its_neighbors(tmp_path, more):
    if "index_type" in more:
        pytest.importorskip("faiss")
    points, labels = blobs(300, labels=True)
    channels = {"train": ("text/csv", csv(labels, points + 3)), "test": ("text/csv", csv(labels, points + 3))}
    values = {"feature_dim": 3, "k": 5, "predictor_type": "classifier", "sample_size": 200, **more}
    done = train(tmp_path, "knn:1", channels, values)
    assert done.code == 0, done.log
    assert done.figures("test:accuracy")[-1] > 0.8


def test_knn_says_its_neighbors_where_it_is_asked_to_be_verbose(tmp_path):
    points = np.arange(20.0)[:, None]
    values = {"feature_dim": 1, "k": 3, "predictor_type": "regressor", "sample_size": 20}
    done = train(tmp_path, "knn:1", {"train": ("text/csv", csv(points[:, 0] * 2, points))}, values)
    ask = done.loaded()
    assert ask(b"7\n", "text/csv") == {"predictions": [{"predicted_label": 14.0}]}
    (row,) = ask(b"7\n", "text/csv", "application/json; verbose=true")["predictions"]
    assert (row["distances"], sorted(row["labels"])) == ([0.0, 1.0, 1.0], [12.0, 14.0, 16.0])


# Random Cut Forest


def test_random_cut_forest_scores_what_is_far_from_all_others_highest(tmp_path):
    usual = RANDOM.normal(size=(2000, 2))
    strange = np.array([[8.0, 8.0], [-9.0, 7.0]])
    test = np.vstack([usual[:200], strange])
    channels = {
        "train": (RECORDIO, recordio(usual)),
        "test": ("text/csv;label_size=1", csv([0] * 200 + [1] * 2, test)),
    }
    done = train(tmp_path, "randomcutforest:1", channels, {"feature_dim": 2, "num_trees": 50})
    assert done.code == 0, done.log
    assert done.figures("test:recall") == [1.0]
    scores = [row["score"] for row in done.loaded()(csv(test), "text/csv")["scores"]]
    assert min(scores[200:]) > max(scores[:200])
    assert 0.5 < np.mean(scores[:200]) < 1.5


# Factorization Machines


def test_factorization_machines_learn_what_pairs_of_features_mean(tmp_path):
    """Who likes what: users and films as one-hot vectors, liked where their kinds are the same."""
    sparse = pytest.importorskip("scipy.sparse")
    user, film = RANDOM.integers(0, 8, 3000), RANDOM.integers(0, 8, 3000)
    labels = (user % 2 == film % 2).astype(float)
    rows = np.repeat(np.arange(3000), 2)
    features = sparse.csr_matrix((np.ones(6000), (rows, np.column_stack([user, film + 8]).ravel())))
    records = module("recordio")
    body = records.write(
        records.Record(
            {"values": records.Tensor(np.float32([1, 1]), np.array([u, f + 8]), np.array([16]))},
            {"values": records.Tensor(np.float32([label]))},
        )
        for u, f, label in zip(user, film, labels, strict=True)
    )
    values = {"feature_dim": 16, "num_factors": 4, "predictor_type": "binary_classifier", "epochs": 15}
    rates = {"factors_lr": 0.05, "mini_batch_size": 100, "factors_init_sigma": 0.1}
    done = train(tmp_path, "factorization-machines:1", {"train": (RECORDIO, body)}, {**values, **rates})
    assert done.code == 0, done.log
    assert done.figures("train:binary_classification_accuracy")[-1] > 0.95
    instances = [
        {"data": {"features": {"keys": [u, f + 8], "shape": [16], "values": [1, 1]}}}
        for u, f in ((0, 2), (0, 3))
    ]
    answer = done.loaded()(json.dumps({"instances": instances}).encode(), "application/json")
    assert [row["predicted_label"] for row in answer["predictions"]] == [1.0, 0.0]
    with zipfile.ZipFile(done.model / "model_algo-1") as archive:
        params = module("ndarrays").read(archive.read("params"))
    assert {name: array.shape for name, array in params.items()} == {
        "arg:v": (16, 4),
        "arg:w1_weight": (16, 1),
        "arg:w0_weight": (1,),
    }
    assert features.shape == (3000, 16)


def test_factorization_machines_for_values(tmp_path):
    points = RANDOM.normal(size=(500, 3))
    values = {
        "feature_dim": 3,
        "num_factors": 2,
        "predictor_type": "regressor",
        "epochs": 40,
        "linear_lr": 0.1,
    }
    channels = {"train": ("text/csv", csv(points @ [1, -2, 3] + 1, points))}
    done = train(tmp_path, "factorization-machines:1", channels, {**values, "mini_batch_size": 100})
    assert done.figures("train:rmse")[-1] < 0.3
    (row,) = done.loaded()(b"1,0,0\n", "text/csv")["predictions"]
    assert row["score"] == pytest.approx(2, abs=0.4)


# Linear Learner


def test_linear_learner_for_values_has_the_slopes_of_the_data_itself(tmp_path):
    points = RANDOM.normal(size=(2000, 3)) * [1, 10, 0.1] + [0, 50, 3]
    labels = points @ [2, -0.5, 30] + 7 + RANDOM.normal(size=2000) * 0.1
    channels = {name: ("text/csv", csv(labels, points)) for name in ("train", "validation")}
    values = {"predictor_type": "regressor", "mini_batch_size": 100, "num_models": 8, "l1": 0, "wd": 0}
    done = train(tmp_path, "linear-learner:1", channels, values)
    assert done.code == 0, done.log
    assert done.figures("validation:rmse")[-1] < 0.5
    assert done.figures("validation:r2")[-1] > 0.99
    with zipfile.ZipFile(done.model / "model_algo-1") as archive:
        weights = module("ndarrays").read(archive.read("mx-mod-0000.params"))["arg:fc0_weight"]
    assert weights[0] == pytest.approx([2, -0.5, 30], rel=0.1)
    (row,) = done.loaded()(csv([[1, 50, 3]]), "text/csv")["predictions"]
    assert row["score"] == pytest.approx(2 - 25 + 90 + 7, abs=0.5)


@pytest.mark.parametrize(
    "loss", ["absolute_loss", "huber_loss", "quantile_loss", "eps_insensitive_squared_loss"]
)
def test_linear_learner_has_many_losses(tmp_path, loss):
    points = RANDOM.normal(size=(500, 2))
    values = {
        "predictor_type": "regressor",
        "loss": loss,
        "mini_batch_size": 50,
        "num_models": 4,
        "epochs": 20,
    }
    done = train(tmp_path, "linear-learner:1", {"train": ("text/csv", csv(points @ [1, 2], points))}, values)
    assert done.figures("train:r2")[-1] > 0.98, done.log


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"loss": "hinge_loss"},
        {"positive_example_weight_mult": "balanced", "optimizer": "sgd", "momentum": 0.9},
        {"binary_classifier_model_selection_criteria": "f_beta", "optimizer": "rmsprop"},
        {"binary_classifier_model_selection_criteria": "loss_function"},
    ],
)
def test_linear_learner_tells_two_classes_apart(tmp_path, more):
    points = RANDOM.normal(size=(1000, 4))
    labels = (points @ [1, -1, 0.5, 0] > 0.5).astype(int)
    channels = {name: (RECORDIO, recordio(points, labels)) for name in ("train", "test")}
    values = {"predictor_type": "binary_classifier", "mini_batch_size": 100, "num_models": 8, **more}
    done = train(tmp_path, "linear-learner:1", channels, values)
    assert done.code == 0, done.log
    assert done.figures("test:binary_classification_accuracy")[-1] > 0.95
    assert done.figures("test:roc_auc_score")[-1] > 0.99
    answer = done.loaded()(csv([[2, -2, 0, 0], [-2, 2, 0, 0]]), "text/csv")["predictions"]
    assert [row["predicted_label"] for row in answer] == [1, 0]
    assert answer[0]["score"] > answer[1]["score"]


def test_linear_learner_draws_its_line_where_the_recall_is_what_is_wanted(tmp_path):
    points = RANDOM.normal(size=(2000, 1))
    labels = (points[:, 0] + RANDOM.normal(size=2000) > 1).astype(int)
    values = {
        "predictor_type": "binary_classifier",
        "binary_classifier_model_selection_criteria": "precision_at_target_recall",
        "target_recall": 0.95,
        "num_models": 2,
    }
    done = train(tmp_path, "linear-learner:1", {"train": ("text/csv", csv(labels, points))}, values)
    assert 0.95 <= done.figures("train:recall")[-1] < 0.99


def test_linear_learner_tells_many_classes_apart(tmp_path):
    points, labels = blobs(600, labels=True)
    values = {
        "predictor_type": "multiclass_classifier",
        "num_classes": 3,
        "mini_batch_size": 50,
        "num_models": 4,
    }
    done = train(tmp_path, "linear-learner:1", {"train": ("text/csv", csv(labels, points))}, values)
    assert done.figures("train:multiclass_accuracy")[-1] > 0.99
    ask, body = done.loaded(), csv([[0, 10, 0]])
    (row,) = ask(body, "text/csv")["predictions"]
    assert (row["predicted_label"], len(row["score"])) == (2, 3)
    (record,) = labels_in(ask(body, "text/csv", RECORDIO))
    assert record["predicted_label"] == [2.0]
    assert record["score"] == pytest.approx(row["score"])
    assert ask(body, "text/csv", "text/csv").count(b",") == 3


# What is wrong


@pytest.mark.parametrize(
    ("algorithm", "hyperparameters", "reason"),
    [
        ("kmeans", {"k": 3}, "No value(s) were specified for 'feature_dim'"),
        (
            "kmeans",
            {"k": 3, "feature_dim": 7},
            "feature_dim is 7, but the records of the channel train have 2",
        ),
        (
            "kmeans",
            {"k": 3, "feature_dim": 2, "shape": "round"},
            "Additional hyperparameters are not allowed ('shape'",
        ),
        ("kmeans", {"k": 50, "feature_dim": 2}, "fewer than the k=50 clusters"),
        (
            "pca",
            {"feature_dim": 2, "num_components": 5, "mini_batch_size": 1},
            "num_components=5 is more than",
        ),
        ("linear-learner", {"predictor_type": "binary_classifier"}, "have to be 0 or 1"),
        (
            "linear-learner",
            {"predictor_type": "regressor", "loss": "logistic"},
            "is not for the predictor_type",
        ),
        (
            "randomcutforest",
            {"feature_dim": 2, "num_trees": 5},
            "The value '5' is not valid for the 'num_trees'",
        ),
    ],
)
def test_what_is_wrong_is_the_reason_of_the_failure(tmp_path, algorithm, hyperparameters, reason):
    done = train(
        tmp_path, f"{algorithm}:1", {"train": ("text/csv", b"5,1,2\n6,2,3\n7,3,3\n")}, hyperparameters
    )
    assert done.code == 2, done.log
    assert reason in done.failure


def test_a_channel_that_is_missing_or_unknown_is_the_reason_too(tmp_path):
    data, values = ("text/csv", b"1,2\n"), {"feature_dim": 1, "k": 1}
    done = train(tmp_path / "a", "kmeans:1", {"test": data}, values)
    assert "'train' is a required property" in done.failure
    done = train(tmp_path / "b", "kmeans:1", {"train": data, "holdout": data}, values)
    assert "('holdout' was unexpected)" in done.failure


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"1,2\n", "text/csv", 400),
        (b"", "text/csv", 400),
        (b"a,b,c\n", "text/csv", 400),
        (b'{"rows": []}', "application/json", 400),
        (b'{"instances": [{"features": ["x"]}]}', "application/json", 400),
        (
            b'{"instances": [{"data": {"features": {"keys": [9], "shape": [3], "values": [1]}}}]}',
            "application/json",
            400,
        ),
        (
            b'{"instances": [{"data": {"features": {"keys": [0, 1], "values": [1]}}}]}',
            "application/json",
            400,
        ),
        (b"nonsense", RECORDIO, 400),
        (b"x", "image/png", 415),
    ],
)
def test_a_request_that_cannot_be_answered_is_the_clients_fault(clusters, body, content_type, status):
    assert clusters.loaded()(body, content_type)[0] == status


# RecordIO


def test_records_are_what_the_sdk_reads_and_writes():
    sdk = pytest.importorskip("sagemaker.amazon.common")
    import scipy.sparse

    tables, labels = module("tables"), np.array([3.0, -1.0])
    for kind in ("float32", "float64", "int64"):
        dense, written = np.array([[1, 2, 300], [-4, 5, 6]], kind), io.BytesIO()
        sdk.write_numpy_to_dense_tensor(written, dense, labels.astype(kind))
        table = tables.recordio_table(written.getvalue())
        assert (table.features.tolist(), table.labels.tolist()) == (dense.tolist(), labels.tolist())
    sparse, written = scipy.sparse.csr_matrix([[0, 0, 2.5], [0, 0, 0]]), io.BytesIO()
    sdk.write_spmatrix_to_sparse_tensor(written, sparse, labels)
    table = tables.recordio_table(written.getvalue())
    assert (table.dense.tolist(), table.labels.tolist()) == (sparse.toarray().tolist(), labels.tolist())
    (record,) = sdk.read_records(io.BytesIO(recordio(np.array([[1.5, 2.5]]), labels)))
    assert list(record.features["values"].float32_tensor.values) == [1.5, 2.5]
    assert list(record.label["values"].float32_tensor.values) == [3.0]


def test_arrays_come_back_as_they_were_written():
    arrays = {"a": np.float32([[1, 2]]), "b": np.arange(3), "c": np.float64(5).reshape(1)}
    found = module("ndarrays").read(module("ndarrays").written(arrays))
    assert {name: (array.dtype, array.tolist()) for name, array in found.items()} == {
        name: (array.dtype, array.tolist()) for name, array in arrays.items()
    }


# LDA


def test_lda_finds_the_topics_that_documents_are_mixed_of(tmp_path):
    pytest.importorskip("sklearn")
    topics = np.array([[0.45, 0.45, 0.1, 0, 0, 0], [0, 0, 0, 0.1, 0.45, 0.45]])
    which = np.arange(200) % 2
    counts = np.array([np.random.default_rng(n).multinomial(50, topics[t]) for n, t in enumerate(which)])
    channels = {name: (UNLABELLED, csv(counts)) for name in ("train", "test")}
    values = {"num_topics": 2, "feature_dim": 6, "mini_batch_size": 200, "max_restarts": 2, "alpha0": 0.1}
    done = train(tmp_path, "lda:1", channels, {**values, "max_iterations": 20})
    alpha, beta = model_of(done)
    assert alpha.tolist() == pytest.approx([0.05, 0.05])
    assert beta[np.argsort(beta[:, 0])[::-1]] == pytest.approx(topics, abs=0.05)
    assert -3 < done.figures("test:pwll")[-1] < 0
    rows = done.loaded()(csv([[5, 5, 1, 0, 0, 0], [0, 0, 0, 1, 5, 5]]), "text/csv")["predictions"]
    first, second = (np.array(row["topic_mixture"]) for row in rows)
    assert first.argmax() != second.argmax()
    assert min(first.max(), second.max()) > 0.9
