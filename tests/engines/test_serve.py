"""Warm models without any AWS: ready, asked, crashed, hung, ended."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cumulet.engines.serve import Gone, NotLoaded, Program, Question, TimedOut, Worker
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
        return 200, {"content-type": headers["content-type"]}, body + str(os.getpid()).encode() * (body == b"pid ")
    return answer
"""


@pytest.fixture
def worker(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text(HANDLER)
    started = Worker(Program(tmp_path / "model", handler))
    yield started
    started.close()


def ask(worker: Worker, body: bytes, seconds: float = 30) -> tuple[int, bytes]:
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


def test_a_model_that_cannot_be_loaded_says_why(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text("def load():\n    raise KeyError('weights')\n")
    worker = Worker(Program(tmp_path / "model", handler))
    with pytest.raises(NotLoaded, match="KeyError: 'weights'"):
        worker.wait_ready(30)
    worker.close()


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


def test_what_comes_while_the_model_is_busy_goes_in_together(tmp_path):
    handler = tmp_path / "handler.py"
    handler.write_text(TOGETHER)
    worker = Worker(Program(tmp_path / "model", handler))
    worker.wait_ready(60)
    answers: list[bytes] = []

    def put(body: bytes) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.append(ask(worker, body)[1]))
        thread.start()
        return thread

    first = put(b"first")
    others = [put(b"other") for _ in range(5)]
    for thread in (first, *others):
        thread.join()
    worker.close()
    assert len(answers) == 6
    assert any(answer.startswith(b"one of") for answer in answers)
