"""A growing file becomes a log stream: live, each line once, whoever is killed in between."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cumulet.config import Config
from cumulet.engines.run import Task, start
from cumulet.house import House
from cumulet.services import Caller

CALLER = Caller("123456789012", "us-east-1")


@pytest.fixture
def logs(tmp_path: Path):
    made = House(Config(data_dir=tmp_path / "house"))
    service = made.service("logs", CALLER)
    service.ensure_stream("g", "s")
    yield service
    made.close()


def shipped(logs) -> list[str]:
    found, place = [], None
    while page := logs.store.lines.read(logs.journal("g"), ["s"], after=place):
        found += [line.text for line in page]
        place = page[-1].place
    return found


def test_whole_lines_go_at_once_and_the_last_one_when_it_is_whole(logs, tmp_path):
    file = tmp_path / "log"
    assert logs.ship("g", "s", file) == []
    file.write_bytes(b"one\r\n\ntwo\nthr")
    assert logs.ship("g", "s", file) == ["one", "two"]
    assert logs.ship("g", "s", file) == []
    with file.open("ab") as more:
        more.write("ee ä\nfour".encode())
    assert logs.ship("g", "s", file) == ["three ä"]
    assert logs.ship("g", "s", file, ended=True) == ["four"]
    assert logs.ship("g", "s", file, ended=True) == []
    assert shipped(logs) == ["one", "two", "three ä", "four"]


def test_what_is_no_text_and_what_has_no_end_is_kept_too(logs, tmp_path):
    file = tmp_path / "log"
    file.write_bytes(b"\xff\xfe\n" + b"x" * (3 << 20) + b"\nend\n")
    logs.ship("g", "s", file)
    found = shipped(logs)
    assert found[0] == "\ufffd\ufffd"
    assert "".join(found[1:-1]) == "x" * (3 << 20)
    assert found[-1] == "end"


def test_the_output_of_a_run_arrives_while_it_runs(logs, tmp_path):
    program = "import time; print('first', flush=True); time.sleep(600)"
    run = start(Task(tmp_path / "run", [sys.executable, "-c", program]))
    pause = threading.Event()
    while "first" not in shipped(logs):
        logs.ship("g", "s", run.log)
        pause.wait(0.01)
    assert run.wait(0) is None
    run.stop()
    run.wait(20)


def test_a_server_killed_anywhere_loses_no_line_and_writes_none_twice(tmp_path):
    """The writer goes on while its server is killed again and again at moments of chance."""
    data = tmp_path / "house"
    count = 30_000
    writer = f"import sys\nfor n in range({count}): print(f'line {{n}}', flush=n % 50 == 0)"
    run = start(Task(tmp_path / "run", [sys.executable, "-u", "-c", writer], outlives=True))
    server = f"""
from pathlib import Path
from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller
house = House(Config(data_dir=Path({str(data)!r})))
logs = house.service("logs", Caller("123456789012", "us-east-1"))
logs.ensure_stream("g", "s")
import cumulet.services.logs.shipping as shipping
shipping.READ = 2000
print("up", flush=True)
while True:
    logs.ship("g", "s", Path({str(run.log)!r}))
"""
    chance = random.Random(5)
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        threading.Event().wait(chance.uniform(0.01, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert run.wait(60).exit_code == 0
    house = House(Config(data_dir=data))
    logs = house.service("logs", CALLER)
    logs.ship("g", "s", run.log, ended=True)
    assert shipped(logs) == [f"line {n}" for n in range(count)]
    house.close()


def test_a_file_that_is_begun_anew_is_sent_from_its_beginning(logs, tmp_path):
    file = tmp_path / "log"
    file.write_bytes(b"first life\nlast wor")
    logs.ship("g", "s", file)
    for _ in range(2):  # as a server does that was cut off in between
        logs.rotate("g", "s", file)
    assert not file.exists()
    file.write_bytes(b"second life\n")
    logs.ship("g", "s", file)
    assert shipped(logs) == ["first life", "last wor", "second life"]


def test_a_stream_that_is_deleted_under_its_writer_is_made_again(logs, tmp_path):
    file = tmp_path / "log"
    file.write_bytes(b"one\n")
    logs.ship("g", "s", file)
    logs.delete_log_group(logGroupName="g")
    assert logs.ship("g", "s", file) == ["one"]
    logs.say("g", "s", "two", "", "three")
    assert shipped(logs) == ["one", "two", "three"]
