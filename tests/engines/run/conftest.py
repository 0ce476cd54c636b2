"""Programs to run, and the ways to see that nothing of them is left."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cumulet.engines.run import LocalRun, Task, start

PATIENCE = 20.0  # seconds that a test waits for what must come


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., LocalRun]:
    """Start a Python program given as text."""

    def begin(program: str, name: str = "run", **task: Any) -> LocalRun:
        command = [sys.executable, "-c", textwrap.dedent(program)]
        return start(Task(tmp_path / name, command, **task))

    return begin


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait until something is true."""
    return _until


@pytest.fixture
def says() -> Callable[[LocalRun, str], None]:
    """Wait until a program has written a word."""
    return lambda run, word: _until(lambda: word in run.log.read_text(), f"{word!r} in the log")


@pytest.fixture
def with_mark() -> Callable[[Path], list[int]]:
    """Every living process of a run, however far it got away."""
    return _with_mark


def _until(true: Callable[[], object], what: str = "it") -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come to be"
        time.sleep(0.01)


def _with_mark(folder: Path) -> list[int]:
    mark, found = f"CUMULET_RUN={folder}".encode(), []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found
