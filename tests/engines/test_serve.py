"""Warm models without any AWS: ready, asked, crashed, hung, ended; on this machine and on nodes of a Ray cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.serve import Away, Gone, NotLoaded, Program, Question, TimedOut, Worker, stems_in
from cumulet.engines.serve.places import LONGEST_SOCKET, socket_path
from cumulet.engines.serve.process.batches import MOST, PAUSE, SURE, Batches

HANDLER = """
import os, time

def load():
    def answer(body, headers):
        if body == b"crash":
            os._exit(3)
        if body == b"hang":
            time.sleep(600)
        if body == b"raise":
            raise ValueError("not this one")
        if body == b"eat":
            held = b"x" * (600 << 20)
            time.sleep(600)
        return 200, {"content-type": headers["content-type"]}, body + str(os.getpid()).encode() * (body == b"pid ")
    return answer
"""


PLACES = ["here", *(["beside", "far"] if os.environ.get("CUMULET_ON_RAY") else [])]
LOADING = 240  # seconds that a model may take to be loaded, on a slow machine and far away

Begin = Callable[..., Worker]


@pytest.fixture(params=PLACES)
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Start a worker whose handler is a text: here, on a Ray node that sees our files, or on one that does not."""
    away = None
    if request.param != "here":
        share = {"gpus": int(request.param == "far"), "processors": 0.1}
        away = Away(request.getfixturevalue("ray_cluster").address, share)
    started = []

    def begin(text: str, **more: Any) -> Worker:
        handler = tmp_path / "code/handler.py"
        handler.parent.mkdir()
        handler.write_text(text)
        started.append(Worker(Program(tmp_path / "model", handler, away=away, **more)))
        return started[-1]

    yield begin
    for worker in started:
        worker.close()
    stems_in(tmp_path / "stems").close()


@pytest.fixture
def worker(begin: Begin) -> Worker:
    worker = begin(HANDLER)
    worker.wait_ready(LOADING)
    return worker


def ask(worker: Worker, body: bytes, seconds: float = LOADING) -> tuple[int, bytes]:
    answered = worker.ask(Question(body, {"content-type": "text/plain"}), seconds)
    return answered.status, answered.body


def test_a_question_is_answered_as_soon_as_the_model_is_loaded(worker):
    assert ask(worker, b"hello") == (200, b"hello")


def test_many_threads_share_the_process(worker):
    answers = []
    askers = [threading.Thread(target=lambda n=n: answers.append(ask(worker, b"%d" % n))) for n in range(30)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert sorted(answers) == sorted((200, b"%d" % n) for n in range(30))


def test_a_large_body_goes_through_whole(worker):
    body = bytes(range(256)) * 40_000
    assert ask(worker, body) == (200, body)


def test_what_the_handler_raises_is_an_answer_with_its_traceback(worker):
    status, text = ask(worker, b"raise")
    assert status == 500
    assert b"ValueError: not this one" in text


def test_a_crashed_process_is_replaced(worker):
    before = ask(worker, b"pid ")
    with pytest.raises(Gone):
        ask(worker, b"crash")
    assert ask(worker, b"pid ") != before


def test_a_hung_process_is_given_up_and_replaced(worker):
    before = ask(worker, b"pid ")
    with pytest.raises(TimedOut):
        ask(worker, b"hang", 0.5)
    assert ask(worker, b"pid ") != before


def test_a_model_that_cannot_be_loaded_says_why(begin):
    worker = begin("def load():\n    raise KeyError('weights')\n")
    with pytest.raises(NotLoaded, match="KeyError: 'weights'"):
        worker.wait_ready(LOADING)


def test_a_model_that_takes_more_memory_than_it_may_is_ended_and_comes_back(begin):
    worker = begin(HANDLER, memory=300 << 20)
    worker.wait_ready(LOADING)
    with pytest.raises(Gone, match="more memory than its instance has"):
        ask(worker, b"eat")
    assert ask(worker, b"hello", LOADING) == (200, b"hello")


def test_a_closed_worker_leaves_no_process(worker):
    pid = int(ask(worker, b"pid ")[1].split()[1])
    worker.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(NotLoaded):
        ask(worker, b"hello")


def test_a_socket_has_a_place_however_deep_the_folder(tmp_path):
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    assert len(str(socket_path(deep))) <= LONGEST_SOCKET
    assert socket_path(deep) == socket_path(deep) != socket_path(tmp_path)


def test_batches_go_on_while_they_pay():
    batches = Batches()
    for _ in range(100):
        batches.note(1, 0.001)
        batches.note(10, 0.002)
    assert batches.most() == MOST


def test_batches_that_cost_as_much_are_given_up_for_a_while():
    batches = Batches()
    for _ in range(SURE):
        batches.note(1, 0.001)
        batches.note(10, 0.010)
    assert batches.most() == 1
    for _ in range(PAUSE):
        batches.note(1, 0.001)
    assert batches.most() == MOST


TOGETHER = """
import time

def load():
    def answer(body, headers):
        time.sleep(0.3)
        return 200, {}, b"alone"
    def many(questions):
        if any(body == b"bad" for body, _ in questions):
            raise ValueError("not all of these")
        return [(200, {}, b"one of %d" % len(questions)) for _ in questions]
    answer.many = many
    return answer
"""


def test_what_comes_while_the_model_is_busy_goes_in_together(begin):
    worker = begin(TOGETHER)
    worker.wait_ready(LOADING)
    answers: list[bytes] = []

    def put(body: bytes) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(ask(worker, body)[1]))
        thread.start()
        return thread

    first = put(b"first")
    others = [put(b"other") for _ in range(5)]
    for thread in (first, *others):
        thread.join()
    assert len(answers) == 6
    assert any(answer.startswith(b"one of") for answer in answers)


STREAM = """
def load():
    def answer(body, headers):
        return 200, {}, (b"%d" % number for number in range(5))
    return answer
"""


def test_an_answer_comes_in_pieces(begin):
    worker = begin(STREAM)
    worker.wait_ready(LOADING)
    answered, rest = worker.stream(Question(b"", {}), LOADING)
    assert b"".join([answered.body, *rest]) == b"01234"


def test_a_killed_process_is_replaced_however_often(worker):
    for _ in range(2):
        os.kill(int(ask(worker, b"pid ")[1].split()[1]), signal.SIGKILL)
        assert ask_again(worker) == (200, b"hello")


def ask_again(worker: Worker) -> tuple[int, bytes]:
    """What was asked at the moment of the end is lost; what is asked after it waits for the next process."""
    try:
        return ask(worker, b"hello")
    except Gone:
        return ask(worker, b"hello")


# What can only happen on a cluster


@pytest.mark.skipif(PLACES == ["here"], reason="on a Ray cluster only: make test-ray")
def test_a_model_whose_node_dies_comes_back_when_there_is_another(ray_cluster, tmp_path):
    handler = tmp_path / "code/handler.py"
    handler.parent.mkdir()
    handler.write_text(HANDLER)
    away = Away(ray_cluster.address, {"gpus": 1, "processors": 0.1})
    worker = Worker(Program(tmp_path / "model", handler, away=away))
    worker.wait_ready(LOADING)
    ray_cluster.kill_far()
    ray_cluster.far = ray_cluster.second()
    assert ask_again(worker) == (200, b"hello")
    worker.close()
