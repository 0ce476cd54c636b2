"""A program runs in the same way here, on a Ray node that sees our files, and on one that does not."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.run import (
    LocalRun,
    Task,
    adopt,
    end,
    mounts_refused,
    mounts_supported,
    ray_runner,
    start,
)

pytestmark = [
    pytest.mark.xdist_group("ray"),
    pytest.mark.skipif(not mounts_supported(), reason=mounts_refused()),
    pytest.mark.skipif(not importlib.util.find_spec("ray"), reason="needs Ray"),
]
PATIENCE = 240.0  # seconds that a test waits for what must come
PLACES = ["here", "beside", "far"]

TALKER = """
    import json, os, pathlib, sys, urllib.request
    print("1", flush=True)
    print("2", file=sys.stderr, flush=True)
    ml = pathlib.Path("/opt/ml")
    told = {"cwd": os.getcwd(), "in": (ml / "in/a.txt").read_text(), "mine": os.environ["MINE"],
            "asked": urllib.request.urlopen(os.environ["ASK"]).read().decode(), "hidden": os.path.exists("HIDDEN"),
            "more": pathlib.Path("MORE").read_text(), "fds": len(os.listdir("/proc/self/fd"))}
    (ml / "out/deep").mkdir(parents=True)
    (ml / "out/deep/told.json").write_text(json.dumps(told))
    (ml / "out/large").write_bytes(b"0123456789abcdef" * (1 << 20))
    (ml / "out/link").symlink_to("deep/told.json")
    (ml / "empty").mkdir()
    (ml / "in/b.txt").unlink()
    (ml / "in/a.txt").write_text("changed")
    print("3", flush=True)
    sys.exit(3)
"""
STUBBORN = """
    import os, signal, time
    signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
    if os.fork() == 0:          # a daemon: in a session of its own
        os.setsid()
    print("ready", flush=True)
    while True:
        time.sleep(600)
"""
EATER = "import time; held = b'x' * (300 << 20); time.sleep(600)"
SLEEPER = "import time; print('ready', flush=True); time.sleep(600)"


@pytest.fixture(params=PLACES)
def begin(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., LocalRun]:
    """Start a Python program given as text, in each of the places."""
    cluster = "" if request.param == "here" else request.getfixturevalue("ray_cluster").address

    def begin(program: str, name: str = "home", **task: Any) -> LocalRun:
        command = [sys.executable, "-c", textwrap.dedent(program)]
        home = tmp_path / name
        home.mkdir(exist_ok=True)
        whole = Task(home / "process", command, home=home, gpus=int(request.param == "far"), **task)
        return start(replace(whole, gpus=0) if not cluster else whole, cluster)

    return begin


@pytest.fixture
def answering(tmp_path: Path) -> Any:
    """The address of a server on this machine that answers with a word."""
    program = """
        import http.server
        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"a word")
            def log_message(self, *_): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
        print(server.server_address[1], flush=True)
        server.serve_forever()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def said(run: LocalRun, word: str) -> None:
    until(lambda: word in run.log.read_text() or run.wait(0), word)
    assert word in run.log.read_text()


def until(true: Callable[[], object], what: str = "it") -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come to be"
        time.sleep(0.05)


def test_a_program_sees_its_files_and_what_it_writes_comes_back(begin, tmp_path, answering, request):
    ml, more = tmp_path / "home/ml", tmp_path / "more.txt"
    (ml / "in").mkdir(parents=True)
    (ml / "in/a.txt").write_text("an input")
    (ml / "in/b.txt").write_text("to be deleted")
    more.write_text("carried")
    program = TALKER.replace("MORE", str(more)).replace("HIDDEN", str(Path(__file__)))
    ended = (
        run := begin(
            program,
            mounts={"/opt/ml": ml},
            cwd=Path("/opt/ml/in"),
            environment={"MINE": "1", "ASK": f"http://{answering}/"},
            carries=[more],
            reaches=[answering],
        )
    ).wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (3, "exited"), run.log.read_text()
    assert ended.started < ended.ended
    assert ended.peak_memory_bytes > 1 << 20
    assert ended.cpu_seconds > 0
    assert [line for line in run.log.read_text().split() if line in "123"] == ["1", "2", "3"]
    told = json.loads((ml / "out/deep/told.json").read_text())
    assert told["fds"] == 4  # three, and the one that lists them
    assert (told["cwd"], told["in"], told["mine"]) == ("/opt/ml/in", "an input", "1")
    assert (told["asked"], told["more"]) == ("a word", "carried")
    assert (ml / "out/large").read_bytes() == b"0123456789abcdef" * (1 << 20)
    assert (ml / "out/link").readlink() == Path("deep/told.json")
    assert (ml / "empty").is_dir()
    assert {path.name: path.read_text() for path in (ml / "in").iterdir()} == {"a.txt": "changed"}


def test_stop_asks_first_and_makes_sure_after_the_grace(begin, with_mark):
    run = begin(STUBBORN, grace=1.0)
    said(run, "ready")
    until(lambda: run.usage()[1] > 1 << 20)
    assert run.wait(0) is None
    run.stop()
    run.stop()
    ended = run.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "stopped")
    assert "not yet" in run.log.read_text()
    assert run.usage() == (0.0, 0)


def test_a_program_over_its_time_or_memory_is_ended(begin):
    eater = begin(EATER, "eater", memory=150 << 20, seconds=300)
    ended = begin(SLEEPER, "sleeper", seconds=0.5).wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-15, "timeout")
    ended = eater.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "memory")


def test_a_run_outlives_its_server_and_is_found_again(begin, tmp_path):
    run = begin("import time; print('up', flush=True); time.sleep(2); print('over')", outlives=True)
    if run.lifeline:
        run.lifeline.close()  # as the kernel does it for who is killed
    adopted = adopt(run.folder)
    assert type(adopted) is type(run)
    assert adopted.wait(PATIENCE).exit_code == 0
    assert [line for line in run.log.read_text().split() if line in ("up", "over")] == ["up", "over"]
    assert adopt(run.folder).wait(0).exit_code == 0


def test_an_end_is_for_certain(begin, with_mark):
    run = begin(STUBBORN, grace=600)
    said(run, "ready")
    end(run.folder)
    assert run.wait(0).reason == "stopped"
    assert with_mark(run.folder) == []


ANSWERING = """
    import os, socketserver
    class Echo(socketserver.StreamRequestHandler):
        def handle(self):
            for line in self.rfile:
                if line.startswith(b"end"):
                    os._exit(0)
                self.wfile.write(line.upper())
    socketserver.ThreadingUnixStreamServer(os.environ["CUMULET_SOCKET"], Echo).serve_forever()
"""


def test_a_program_is_asked_here_wherever_it_runs_and_nobody_is_there_when_it_has_ended(begin, tmp_path):
    place = tmp_path / "asked"
    run = begin(ANSWERING, answers=place)
    until(lambda: answer(place, b"hello\n") == b"HELLO\n" or run.wait(0), "an answer")
    assert run.wait(0) is None, run.log.read_text()
    assert answer(place, b"a\nb\n" * 50_000) == b"A\nB\n" * 50_000
    answer(place, b"end\n")
    assert run.wait(PATIENCE).exit_code == 0
    assert answer(place, b"hello\n") == b""


def answer(place: Path, text: bytes) -> bytes:
    """What is said at a socket; nothing where nobody is."""
    heard = b""
    with socket.socket(socket.AF_UNIX) as connection, contextlib.suppress(OSError):
        connection.settimeout(PATIENCE)
        connection.connect(str(place))
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        while data := connection.recv(1 << 16):
            heard += data
    return heard


# What can only happen on a cluster


def test_a_node_that_dies_loses_its_run_and_the_reason_is_told(ray_cluster, tmp_path):
    task = Task(tmp_path / "run", [sys.executable, "-c", SLEEPER], gpus=4, outlives=True)
    run = start(task, ray_cluster.address)
    said(run, "ready")
    waiting = start(replace(task, folder=tmp_path / "waiting"), ray_cluster.address)
    said(waiting, "Waiting for room on the Ray cluster: 1 CPU wanted")
    waiting.stop()
    assert waiting.wait(PATIENCE).reason == "stopped"
    ray_cluster.kill_far()
    ended = run.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (None, "lost")
    assert ended.said.startswith("the Ray cluster has lost it: ")
    ray_cluster.far = ray_cluster.second()


def test_a_run_whose_envoy_was_killed_is_lost_and_leaves_nothing_on_the_cluster(ray_cluster, tmp_path):
    program = "import os, time; print('program', os.getpid(), flush=True); time.sleep(600)"
    run = start(Task(tmp_path / "run", [sys.executable, "-c", program], outlives=True), ray_cluster.address)
    until(lambda: run.wait(0) or re.search(r"program \d+\n", run.log.read_text()))
    (number,) = re.findall(r"program (\d+)\n", run.log.read_text())
    os.kill(run.supervisor, signal.SIGKILL)
    assert run.wait(PATIENCE).reason == "lost"
    until(lambda: not Path(f"/proc/{number}").exists(), "the end of the program")


def test_a_cluster_that_does_not_answer_is_named(tmp_path):
    with pytest.raises(ray_runner.CannotStart, match=r"127\.0\.0\.1:1 does not answer"):
        ray_runner.size("127.0.0.1:1")
