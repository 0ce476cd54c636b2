"""The demo on a small file of one's own; interrupted in every way, it leaves nothing behind."""

from __future__ import annotations

import csv
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from cumulet.demo import reviews

psutil = pytest.importorskip("psutil")

GOOD = ["wonderful", "a delight", "moving and funny", "superb acting", "I loved every minute"]
BAD = ["dreadful", "a bore", "flat and endless", "terrible acting", "I hated every minute"]
DEMO = [sys.executable, "-m", "cumulet", "demo"]


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    """400 short reviews with what real ones carry: markup, commas, quotes, line ends, duplicates, gaps."""
    dice = random.Random(3)
    path = tmp_path / "own.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["stars", "label", "text"])
        for number in range(396):
            label, words = dice.choice([("positive", GOOD), ("negative", BAD)])
            text = (
                f'No. {number}: "{dice.choice(words)}",<br />{dice.choice(words)}\nand {dice.choice(words)}'
            )
            writer.writerow([dice.randint(1, 5), label, text])
        writer.writerows(
            [[1, "negative", "Twice the same."]] * 2 + [[5, "positive", ""], [5, "positive", "<p> </p>"]]
        )
    return path


@pytest.fixture
def surroundings(tmp_path: Path, own_file: Path) -> dict[str, str]:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return {**os.environ, "TMPDIR": str(folder), reviews.OWN: str(own_file), "PYTHONUNBUFFERED": "1"}


def left_behind(folder: str) -> list[list[str]]:
    """Processes whose command line, working directory or environment names a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), process.cwd(), process.environ().get("TMPDIR", "")]
        except psutil.Error:
            continue
        if process.pid != os.getpid() and any(folder in word for word in words):
            found.append(process.cmdline())
    return found


def _await_nothing(folder: str) -> None:
    while left_behind(folder):
        time.sleep(0.05)


def test_a_file_that_is_not_there_or_lacks_a_column_is_said_before_anything_starts(
    tmp_path: Path, surroundings: dict[str, str]
) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("review,stars\nfine,3\n")
    for path, complaint in ((tmp_path / "none.csv", "is no file"), (bad, "has no column text nor label")):
        done = subprocess.run(
            DEMO, env={**surroundings, reviews.OWN: str(path)}, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert complaint in done.stderr
        assert "Traceback" not in done.stderr


def test_texts_arrive_as_they_are(own_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(reviews.OWN, str(own_file))
    found = list(reviews.rows(reviews.source()))
    assert len(found) == 400
    assert '"' in str(found[0]["text"])
    assert "\n" in str(found[0]["text"])
    assert sum(rows for _, _, rows in reviews.files(own_file)) == 400


@pytest.mark.journey
@pytest.mark.timeout(400)
def test_the_demo_walks_the_whole_road_and_leaves_no_process(surroundings: dict[str, str]) -> None:
    done = subprocess.run(DEMO, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "400 raw reviews in" in done.stdout
    assert "397 clean ones out" in done.stdout
    accuracy = re.search(r"accuracy ([\d.]+)", done.stdout)
    assert accuracy
    assert float(accuracy[1]) > 0.95
    assert done.stdout.count("%)  ") == 3
    assert "curl -sS --aws-sigv4" in done.stdout
    assert not left_behind(surroundings["TMPDIR"])


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def number(request: pytest.FixtureRequest) -> signal.Signals:
    return request.param


@pytest.mark.journey
@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", ["5/8", "6/8"])
def test_interrupted_it_leaves_no_process(
    surroundings: dict[str, str], number: signal.Signals, step: str
) -> None:
    process = subprocess.Popen(
        DEMO, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    said = next((line for line in process.stdout if line.startswith(step)), "")
    assert said, "the demo ended before the step"
    process.send_signal(number)
    process.stdout.read()
    code = process.wait()
    assert code == (-number if number is signal.SIGKILL else 128 + number)
    _await_nothing(surroundings["TMPDIR"])


def test_a_demo_directory_is_used_again_but_never_under_another_demos_feet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cumulet.demo.show import fresh_directory
    from cumulet.presence import claim

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    first = fresh_directory()
    (first / "old").touch()
    assert fresh_directory() == first
    assert not (first / "old").exists()
    with claim(first):
        assert fresh_directory() != first
