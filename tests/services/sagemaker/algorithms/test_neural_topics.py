"""The Neural Topic Model: topics found again in documents that were made of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from .laboratory import csv, module, train

WORDS, TOPICS = 30, 3
KNOWN = {"feature_dim": WORDS, "num_topics": TOPICS, "optimizer": "adam", "learning_rate": 0.02}
UNLABELLED = "text/csv;label_size=0"


def documents(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts of words, each document of one topic, which has ten words of its own."""
    random = np.random.default_rng(seed)
    topics = random.integers(TOPICS, size=count)
    shares = np.repeat(np.eye(TOPICS) * 0.97 + 0.01, 10, axis=1) / 10
    return np.stack([random.multinomial(60, shares[topic] / shares[topic].sum()) for topic in topics]), topics


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    channels = {
        "train": (UNLABELLED, csv(documents(400)[0])),
        "validation": (UNLABELLED, csv(documents(50, 1)[0])),
        "test": (UNLABELLED, csv(documents(50, 2)[0])),
        "auxiliary": ("text/plain", b""),
    }
    folder = tmp_path_factory.mktemp("topics")
    auxiliary = folder / "input/data/auxiliary"
    auxiliary.mkdir(parents=True)
    words = [f"word{number}" for number in range(WORDS)]
    (auxiliary / "vocab.txt").write_text("\n".join(words))
    values = {**KNOWN, "epochs": 40, "mini_batch_size": 50, "num_patience_epochs": 40}
    return train(folder, "ntm:1", channels, {**values, "encoder_layers_activation": "tanh"})


def test_losses_are_told_for_each_epoch_and_fall(model):
    assert model.code == 0, model.log
    losses = model.figures("validation:total_loss")
    assert losses[-1] < losses[0] - 0.5
    assert len(model.figures("test:total_loss")) == 1


def test_documents_of_one_topic_are_told_apart_from_those_of_another(model):
    found, topics = documents(60, 3)
    answer = model.loaded()(csv(found), "text/csv")["predictions"]
    weights = np.array([row["topic_weights"] for row in answer])
    assert weights.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-5)
    best = weights.argmax(axis=1)
    names = [np.bincount(best[topics == topic]).argmax() for topic in range(TOPICS)]
    assert len(set(names)) == TOPICS
    assert np.mean([names[topic] == place for topic, place in zip(topics, best, strict=True)]) > 0.9


def test_a_topics_words_are_told(model):
    lines = [line.split(": ")[1].split()[:8] for line in model.log.splitlines() if "] Topic " in line]
    assert len(lines) == TOPICS
    tens = [{int(word.removeprefix("word")) // 10 for word in words} for words in lines]
    assert sorted(map(tuple, tens)) == [(0,), (1,), (2,)]


def test_the_models_arrays_have_a_row_for_each_word(model):
    arrays, _ = module("vectors").load_packed(model.model, "params")
    assert arrays["arg:projection_weight"].shape == (WORDS, TOPICS)


def test_json_lines_answer_line_by_line(model):
    body = json.dumps({"features": documents(1, 5)[0][0].tolist()}).encode()
    answer = model.loaded()(body, "application/jsonlines", "application/jsonlines")
    assert len(json.loads(answer)["topic_weights"]) == TOPICS


def test_training_ends_where_the_loss_hardly_changes(tmp_path):
    channels = {"train": (UNLABELLED, csv(documents(60)[0]))}
    values = {**KNOWN, "epochs": 200, "tolerance": 0.1, "num_patience_epochs": 2}
    done = train(tmp_path, "ntm:1", channels, values)
    assert "Early stop condition met" in done.log
    assert len(done.figures("train:total_loss")) < 50


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad", "adadelta", "rmsprop"])
def test_every_optimizer_learns(tmp_path, optimizer):
    channels = {"train": (UNLABELLED, csv(documents(200)[0]))}
    values = {**KNOWN, "optimizer": optimizer, "epochs": 25, "mini_batch_size": 20, "tolerance": 1e-6}
    values |= {"learning_rate": {"sgd": 1.0, "adagrad": 0.1}.get(optimizer, 0.01), "encoder_layers": "12"}
    done = train(tmp_path, "ntm:1", channels, {**values, "encoder_layers_activation": "relu"})
    losses = done.figures("train:total_loss")
    assert done.code == 0, done.log
    assert losses[-1] < losses[0] - 0.1


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
@pytest.mark.parametrize("normalized", [False, True])
def test_slopes_are_those_of_the_losses(activation, normalized):
    """Against differences of the objective itself, the same chance drawn for each."""
    random = np.random.default_rng(4)
    network = module("topic_network").Network.begun([6, 5, 4], 3, activation, normalized, random)
    counts = random.integers(0, 5, (7, 6)).astype(float)
    lengths = counts.sum(axis=1)

    def objective() -> float:
        """What is learnt by: words and topics cost as much in long documents as they are long."""
        kept: list = []
        mean, spread = network._encoded(counts, kept)
        chance = np.random.default_rng(9).normal(size=mean.shape)
        words = network._words(module("topic_network").softmax(mean + np.exp(spread / 2) * chance))
        apart = 0.5 * (np.exp(spread) + mean**2 - 1 - spread).sum()
        return (apart - (counts * words).sum()) / lengths.sum()

    _, slopes = network.learn(counts, np.random.default_rng(9))
    assert set(slopes) == set(network.parameters)
    for name, slope in slopes.items():
        array = network.parameters[name]
        for place in [(0,) * array.ndim, (-1,) * array.ndim]:
            kept = array[place]
            array[place] = kept + 1e-6
            above = objective()
            array[place] = kept - 1e-6
            below = objective()
            array[place] = kept
            assert slope[place] == pytest.approx((above - below) / 2e-6, abs=1e-6, rel=1e-3), name


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"num_topics": 1}, "The value '1' is not valid for the 'num_topics' hyperparameter"),
        ({"encoder_layers": "3,0"}, "is not valid for the 'encoder_layers' hyperparameter"),
        ({"feature_dim": 3}, "feature_dim is 3, but the records of the channel train have 30 features"),
        ({"colour": "red"}, "Additional hyperparameters are not allowed ('colour'"),
    ],
)
def test_what_is_wrong_is_the_reason_of_the_failure(tmp_path, more, reason):
    done = train(tmp_path, "ntm:1", {"train": (UNLABELLED, csv(documents(5)[0]))}, {**KNOWN, **more})
    assert done.code == 2
    assert reason in done.failure
