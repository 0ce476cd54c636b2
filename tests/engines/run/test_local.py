"""A program runs, is limited, is stopped for certain, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cumulet.engines.run import CannotStart, LocalRun, Task, adopt, start

PATIENCE = 20.0  # seconds that a test waits for what must come

FAMILY = """
    import os, time
    if os.fork() == 0:          # a daemon: new session, parent gone, every signal but one ignored
        os.setsid()
        if os.fork():
            os._exit(0)
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        print("daemon", flush=True)
        time.sleep(600)
"""
STUBBORN = """
    import signal, time
    signal.signal(signal.SIGTERM, lambda *_: print("not yet", flush=True))
    print("ready", flush=True)
    while True:
        time.sleep(600)
"""


def test_a_program_ends_with_its_own_code_and_its_output_is_kept(run):
    ended = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)").wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (3, "exited")
    assert ended.started < ended.ended
    assert ended.peak_memory_bytes > 1 << 20
    assert ended.cpu_seconds > 0


def test_both_outputs_lie_in_one_log_in_the_order_they_were_written(run):
    first = run("import sys; print('1'); print('2', file=sys.stderr); print('3')")
    first.wait(PATIENCE)
    assert first.log.read_text().split() == ["1", "2", "3"]
    assert first.errors == first.log


def test_standard_error_can_have_a_file_of_its_own(run):
    first = run("import sys; print('out'); print('err', file=sys.stderr)", separate_errors=True)
    first.wait(PATIENCE)
    assert first.log.read_text() == "out\n"
    assert first.errors.read_text() == "err\n"


def test_the_program_gets_its_environment_and_nothing_else(run, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    program = """
        import json, os
        print(json.dumps([dict(os.environ), os.listdir('/proc/self/fd'), os.read(0, 1).decode()]))
    """
    show = run(program, environment={"MINE": "1", "LANG": "C"})
    show.wait(PATIENCE)
    environment, descriptors, standard_input = json.loads(show.log.read_text())
    # LC_CTYPE is Python's own doing where LANG is C.
    assert environment.keys() - {"LC_CTYPE"} == {
        "MINE",
        "LANG",
        "PATH",
        "HOME",
        "PYTHONUNBUFFERED",
        "CUMULET_RUN",
    }
    assert environment["LANG"] == "C"
    assert sorted(map(int, descriptors))[:3] == [0, 1, 2]
    assert len(descriptors) == 4  # and the one that lists them
    assert standard_input == ""


def test_signals_are_as_a_program_expects_them(run):
    show = run("import signal; print([int(signal.getsignal(s)) for s in (signal.SIGTERM, signal.SIGHUP)])")
    show.wait(PATIENCE)
    assert show.log.read_text() == "[0, 0]\n"


def test_a_command_that_is_not_there_ends_as_in_a_shell(tmp_path):
    missing = start(Task(tmp_path / "run", ["no-such-program"]))
    assert missing.wait(PATIENCE).exit_code == 127
    assert missing.log.read_text() == "no-such-program: No such file or directory\n"


def test_a_working_directory_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(CannotStart, match="nowhere"):
        start(Task(tmp_path / "run", ["true"], cwd=tmp_path / "nowhere"))
    assert adopt(tmp_path / "run") is None


def test_a_wait_that_is_too_short_gives_nothing(run):
    sleeper = run("import time; time.sleep(600)")
    assert sleeper.wait(0) is None
    assert sleeper.wait(0.05) is None
    sleeper.stop()
    assert sleeper.wait(PATIENCE).reason == "stopped"


def test_a_folder_runs_one_program_at_a_time(run):
    first = run("import time; time.sleep(600)")
    with pytest.raises(CannotStart, match="already"):
        run("print(1)")
    first.stop()
    first.wait(PATIENCE)
    second = run("print('second')")
    assert second.wait(PATIENCE).exit_code == 0
    assert second.log.read_text() == "second\n"


def test_stop_asks_first(run, says):
    program = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        print("ready", flush=True)
        time.sleep(600)
    """
    polite = run(program)
    says(polite, "ready")
    polite.stop()
    ended = polite.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (7, "stopped")


def test_stop_makes_sure_after_the_grace_and_twice_does_no_harm(run, says):
    stubborn = run(STUBBORN, grace=0.3)
    says(stubborn, "ready")
    stubborn.stop()
    stubborn.stop()
    ended = stubborn.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "stopped")
    assert "not yet" in stubborn.log.read_text()
    stubborn.stop()


def test_a_stop_right_after_the_start_is_not_lost(run):
    for number in range(10):
        started = run("import time; time.sleep(600)", name=f"run{number}")
        started.stop()
        assert started.wait(PATIENCE).reason == "stopped"


def test_many_threads_may_wait_and_stop(run):
    started = run("import time; time.sleep(600)")
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(started.wait(PATIENCE))) for _ in range(8)]
    threads += [threading.Thread(target=started.stop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {ended.reason for ended in ends} == {"stopped"}


def test_a_daemon_ends_with_the_program_that_made_it(run, says, with_mark):
    started = run(FAMILY + "    else:\n        time.sleep(.5)\n")
    says(started, "daemon")
    assert len(with_mark(started.folder)) >= 1
    assert started.wait(PATIENCE).exit_code == 0
    assert with_mark(started.folder) == []


def test_a_daemon_ends_when_its_program_is_stopped(run, says, with_mark):
    started = run(FAMILY + "    else:\n        time.sleep(600)\n", grace=0.2)
    says(started, "daemon")
    started.stop()
    assert started.wait(PATIENCE).reason == "stopped"
    assert with_mark(started.folder) == []


def test_a_program_that_forks_without_end_is_ended(run, says, with_mark):
    program = """
        import os, time
        print("ready", flush=True)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:   # each child takes over from its parent
            if os.fork():
                time.sleep(.01)
                os._exit(0) if os.getpid() != os.getpgrp() else time.sleep(600)
            os.setsid() if os.getpid() % 3 == 0 and os.getpid() != os.getpgrp() else None
    """
    started = run(program, grace=0.1)
    says(started, "ready")
    started.stop()
    assert started.wait(PATIENCE).reason == "stopped"
    assert with_mark(started.folder) == []


def test_a_program_over_its_time_is_ended(run):
    ended = run("import time; time.sleep(600)", seconds=0.2).wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-15, "timeout")


def test_a_program_over_its_time_gets_its_grace_and_no_more(run):
    ended = run(STUBBORN, seconds=0.5, grace=0.2).wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "timeout")


def test_a_program_over_its_memory_is_ended(run):
    eater = run("import time; held = b'x' * (200 << 20); time.sleep(600)", memory=100 << 20)
    ended = eater.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "memory")
    assert ended.peak_memory_bytes > 100 << 20


def test_memory_counts_all_processes_together(run):
    program = """
        import os, time
        for _ in range(4):
            if os.fork() == 0:
                held = os.urandom(1) * (60 << 20)
                time.sleep(600)
        time.sleep(600)
    """
    assert run(program, memory=150 << 20).wait(PATIENCE).reason == "memory"


def test_memory_that_processes_share_counts_once(run):
    program = """
        import os, time
        held = bytearray(os.urandom(1)) * (60 << 20)
        children = []
        for _ in range(4):
            children.append(os.fork())
            if not children[-1]:
                time.sleep(1)
                os._exit(0)
        for child in children:
            os.waitpid(child, 0)
    """
    assert run(program, memory=150 << 20).wait(PATIENCE).reason == "exited"


def server(folder: Path, outlives: bool) -> subprocess.Popen[str]:
    """A process that starts a run, says so, and waits to be killed."""
    program = f"""
import time
from pathlib import Path
from cumulet.engines.run import Task, start
command = ["sh", "-c", "echo up; sleep 1; echo over; exit 5"] if {outlives} else ["sleep", "600"]
run = start(Task(Path({str(folder)!r}), command, outlives={outlives}))
print("started", flush=True)
time.sleep(600)
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "started\n"
    process.stdout.close()
    return process


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_run_that_outlives_its_server_is_adopted(tmp_path):
    killed(server(tmp_path / "run", outlives=True))
    adopted = adopt(tmp_path / "run")
    assert adopted is not None
    assert adopted.wait(PATIENCE).exit_code == 5
    assert adopted.log.read_text() == "up\nover\n"


def test_a_run_that_ended_while_no_server_was_there_is_adopted_with_its_outcome(tmp_path, until):
    killed(server(tmp_path / "run", outlives=True))
    until((tmp_path / "run/status.json").exists)
    assert adopt(tmp_path / "run").wait(PATIENCE).exit_code == 5
    assert adopt(tmp_path / "run").wait(0).exit_code == 5


def test_an_adopted_run_can_be_stopped(tmp_path):
    started = start(Task(tmp_path / "run", ["sleep", "600"], outlives=True))
    adopted = adopt(tmp_path / "run")
    adopted.stop()
    assert adopted.wait(PATIENCE) == started.wait(PATIENCE)
    assert adopted.wait(0).reason == "stopped"


def test_a_run_that_does_not_outlive_its_server_ends_with_it(tmp_path, with_mark):
    killed(server(tmp_path / "run", outlives=False))
    ended = adopt(tmp_path / "run").wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (-9, "lost")
    assert with_mark(tmp_path / "run") == []


def test_limits_hold_while_no_server_is_there(tmp_path):
    program = "import sys; from pathlib import Path; from cumulet.engines.run import *;" + (
        f"start(Task(Path({str(tmp_path / 'run')!r}), ['sleep', '600'], seconds=.5, outlives=True))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    assert adopt(tmp_path / "run").wait(PATIENCE).reason == "timeout"


def test_a_run_whose_supervisor_was_killed_is_lost_and_leaves_nothing(run, says, until, with_mark):
    started = run(FAMILY + "    else:\n        time.sleep(600)\n", outlives=True)
    says(started, "daemon")
    signal_to(started, signal.SIGKILL)
    ended = started.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (None, "lost")
    until(lambda: with_mark(started.folder) == [])
    assert adopt(started.folder).wait(0).reason == "lost"


def signal_to(run: LocalRun, number: int) -> None:
    import os

    os.kill(run.supervisor, number)


def test_a_folder_that_ran_nothing_has_nothing_to_adopt(tmp_path):
    assert adopt(tmp_path) is None


def test_two_hundred_runs_leave_no_process_and_no_open_file(run):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(25):
        runs = [run("pass", name=f"{number}-{each}") for each in range(8)]
        assert {each.wait(PATIENCE).exit_code for each in runs} == {0}
    assert len(list(Path("/proc/self/fd").iterdir())) == before
