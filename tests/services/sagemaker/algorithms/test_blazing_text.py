"""BlazingText: classes of texts and vectors of words, in fastText's files."""

from __future__ import annotations

import json
import random
import re

import pytest

from .laboratory import DATA, train

pytest.importorskip("fasttext")

GOOD, BAD = ["lovely", "warm", "soft", "great"], ["scratchy", "torn", "cheap", "awful"]
SMALL = {"mode": "supervised", "min_count": 1, "buckets": 1000, "vector_dim": 8, "learning_rate": 0.5}
REVIEWS = DATA / "reviews/womens_clothing_ecommerce_reviews_balanced.csv"


def reviews(count: int, seed: int = 0) -> bytes:
    draw = random.Random(seed)
    lines = []
    for number in range(count):
        label, words = ("1", GOOD) if number % 2 else ("-1", BAD)
        lines.append(f"__label__{label} this dress is {draw.choice(words)} and {draw.choice(words)}\n")
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    channels = {"train": ("text/plain", reviews(200)), "validation": ("text/plain", reviews(40, 1))}
    return train(tmp_path_factory.mktemp("classifier"), "blazingtext:1", channels, {**SMALL, "epochs": 10})


def test_a_classifier_learns_and_says_its_accuracies(classifier):
    assert classifier.code == 0, classifier.log
    assert classifier.figures("train:accuracy") == [1.0]
    assert classifier.figures("validation:accuracy") == [1.0]
    assert [path.name for path in classifier.model.iterdir()] == ["model.bin"]


def test_a_classifier_answers_with_the_k_best_labels(classifier):
    ask = classifier.loaded()
    texts = {"instances": ["a lovely dress", "an awful dress"]}
    good, bad = ask(json.dumps(texts).encode(), "application/json")
    assert (good["label"], bad["label"]) == (["__label__1"], ["__label__-1"])
    assert good["prob"][0] > 0.9
    (both,) = ask(json.dumps({"instances": ["warm"], "configuration": {"k": 2}}).encode(), "application/json")
    assert both["label"] == ["__label__1", "__label__-1"]
    assert sum(both["prob"]) == pytest.approx(1, abs=0.01)


def test_json_lines_are_answered_line_by_line(classifier):
    answer = classifier.loaded()(b'{"source": "soft"}\n{"source": "torn", "k": 2}\n', "application/jsonlines")
    rows = [json.loads(line) for line in answer.splitlines()]
    assert [row["label"][0] for row in rows] == ["__label__1", "__label__-1"]
    assert len(rows[1]["prob"]) == 2


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"text", "text/plain", 415),
        (b'{"instances": [1]}', "application/json", 400),
    ],
)
def test_other_requests_are_refused(classifier, body, kind, status):
    assert classifier.loaded()(body, kind)[0] == status


def test_an_augmented_manifest_trains_too(tmp_path):
    lines = [
        {"source": f"it is {word}", "label": label} for label, w in ((1, GOOD), (0, BAD)) for word in w
    ] * 10
    data = "\n".join(map(json.dumps, lines)).encode()
    done = train(
        tmp_path, "blazingtext:1", {"train": ("application/jsonlines", data)}, {**SMALL, "epochs": 10}
    )
    assert done.figures("train:accuracy") == [1.0]


def test_training_stops_where_the_validation_does_not_get_better(tmp_path):
    channels = {"train": ("text/plain", reviews(100)), "validation": ("text/plain", reviews(20, 1))}
    values = {**SMALL, "epochs": 40, "early_stopping": "True", "min_epochs": 6, "patience": 2}
    done = train(tmp_path, "blazingtext:1", channels, values)
    assert "Early stopping!" in done.log
    assert "End of epoch: 8" in done.log
    assert "End of epoch: 9" not in done.log


@pytest.mark.parametrize("mode", ["skipgram", "batch_skipgram", "cbow"])
def test_word_vectors_are_word2vecs_text(tmp_path, mode):
    text = reviews(400).replace(b"__label__", b"")
    values = {"mode": mode, "min_count": 1, "vector_dim": 12, "evaluation": "false"}
    done = train(tmp_path, "blazingtext:1", {"train": ("text/plain", text)}, values)
    assert done.code == 0, done.log
    count, size = (done.model / "vectors.txt").read_text().split("\n")[0].split()
    assert (int(count), size) == (
        len(GOOD + BAD) + len(["1", "-1", "this", "dress", "is", "and", "</s>"]),
        "12",
    )
    lovely, unknown = done.loaded()(b'{"instances": ["lovely", "unheard"]}', "application/json")
    assert lovely["word"] == "lovely"
    assert len(lovely["vector"]) == 12
    assert any(lovely["vector"])
    assert not any(unknown["vector"])


def test_subwords_give_vectors_to_words_that_were_not_seen(tmp_path):
    values = {"mode": "skipgram", "min_count": 1, "vector_dim": 12, "subwords": "True", "buckets": 500}
    done = train(tmp_path, "blazingtext:1", {"train": ("text/plain", reviews(200))}, values)
    assert {path.name for path in done.model.iterdir()} >= {"vectors.txt", "vectors.bin"}
    (unseen,) = done.loaded()(b'{"instances": ["loveliest"]}', "application/json")
    assert any(unseen["vector"])


@pytest.mark.parametrize(
    ("hyperparameters", "reason"),
    [
        ({}, "No value(s) were specified for 'mode' which are required hyperparameter(s)"),
        (
            {"mode": "supervised", "window_size": 3},
            "Additional hyperparameters are not allowed ('window_size'",
        ),
        (
            {"mode": "supervised", "epochs": "many"},
            "The value 'many' is not valid for the 'epochs' hyperparameter",
        ),
        ({"mode": "supervised", "early_stopping": "True"}, "needs the channel 'validation'"),
    ],
)
def test_what_is_wrong_is_the_reason_of_the_failure(tmp_path, hyperparameters, reason):
    done = train(tmp_path, "blazingtext:1", {"train": ("text/plain", reviews(10))}, hyperparameters)
    assert done.code == 2
    assert reason in done.failure


@pytest.mark.skipif(not REVIEWS.exists(), reason="needs the clothing reviews")
def test_clothing_reviews_come_to_the_accuracy_that_is_known_for_them(tmp_path):
    import csv

    with REVIEWS.open() as file:
        rows = [(row["sentiment"], row["review_body"]) for row in csv.DictReader(file)]
    random.Random(1).shuffle(rows)
    words = re.compile(r"\w+|[^\w\s]")
    lines = [f"__label__{label} {' '.join(words.findall(text.lower()))}\n".encode() for label, text in rows]
    validation = len(lines) // 20
    channels = {
        "train": ("text/plain", b"".join(lines[validation:])),
        "validation": ("text/plain", b"".join(lines[:validation])),
    }
    values = {"mode": "supervised", "epochs": 10, "learning_rate": 0.01, "min_count": 2, "vector_dim": 60}
    done = train(tmp_path, "blazingtext:1", channels, {**values, "word_ngrams": 3, "buckets": 20000})
    (accuracy,) = done.figures("validation:accuracy")
    assert 0.42 < accuracy < 0.56  # 0.49 with 300 dimensions and 200,000 buckets
