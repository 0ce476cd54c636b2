"""A script for a bare interpreter runs in its supervisor's own, and cannot tell the difference."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from cumulet.engines.run import LocalRun, Task, start

PATIENCE = 20.0  # seconds that a test waits for what must come


def script(folder: Path, text: str, *arguments: str, **task: Any) -> LocalRun:
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    return start(Task(folder / "run", [sys.executable, "-I", "-S", str(path), *arguments], **task))


def test_a_script_has_its_arguments_its_environment_and_no_open_file(tmp_path):
    run = script(
        tmp_path,
        """
        import json, os, sys, subprocess
        def main(*words):
            print(json.dumps([words, dict(os.environ), sorted(os.listdir("/proc/self/fd")), __file__]))
            return 3
        sys.stdout.flush()
        subprocess.run([sys.executable, "-c", "import os; print(os.environ['MINE'])"])
        if __name__ == "__main__":
            raise SystemExit(main(*sys.argv[1:]))
        """,
        "a",
        "b c",
        environment={"MINE": "1"},
    )
    assert run.wait(PATIENCE).exit_code == 3
    child, said = run.log.read_text().splitlines()
    words, environment, descriptors, file = json.loads(said)
    assert (child, words, environment["MINE"]) == ("1", ["a", "b c"], "1")
    assert environment["CUMULET_RUN"] == str(tmp_path / "run")
    assert descriptors == ["0", "1", "2", "3"]  # the last is that of the folder which is listed
    assert file == str(tmp_path / "script.py")


def test_a_script_starts_no_interpreter_of_its_own(tmp_path):
    text = (
        "import os; print(open(f'/proc/{os.getppid()}/cmdline').read() == open('/proc/self/cmdline').read())"
    )
    run = script(tmp_path, text)
    run.wait(PATIENCE)
    assert run.log.read_text() == "True\n"


def test_what_a_script_raises_is_in_the_log(tmp_path):
    run = script(tmp_path, "raise ValueError('the data is not what it was')")
    assert run.wait(PATIENCE).exit_code == 1
    assert "script.py" in run.log.read_text()
    assert run.log.read_text().endswith("ValueError: the data is not what it was\n")


def test_a_script_that_ends_with_a_sentence_has_failed(tmp_path):
    run = script(tmp_path, "raise SystemExit('there is no data')")
    assert run.wait(PATIENCE).exit_code == 1
    assert run.log.read_text() == "there is no data\n"


def test_a_script_is_asked_to_end_as_any_program(tmp_path, says):
    run = script(
        tmp_path,
        """
        import signal, sys, time
        def end(*_):
            sys.exit(5)
        signal.signal(signal.SIGTERM, end)
        print("ready", flush=True)
        time.sleep(600)
        """,
        grace=PATIENCE,
    )
    says(run, "ready")
    run.stop()
    ended = run.wait(PATIENCE)
    assert (ended.exit_code, ended.reason) == (5, "stopped")


def test_a_script_ends_with_its_supervisor(tmp_path, says, until, with_mark):
    run = script(
        tmp_path, "import os, time; print('ready', os.getpid(), flush=True); time.sleep(600)", outlives=True
    )
    says(run, "ready")
    mine = int(run.log.read_text().split()[1])
    run.process.kill()
    assert run.wait(PATIENCE).reason == "lost"
    until(lambda: not Path(f"/proc/{mine}").exists())
