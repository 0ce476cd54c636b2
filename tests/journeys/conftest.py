"""Clients as AWS's users run them: unmodified code in a process and an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Server

CLIENTS = Path(__file__).with_name("clients")
ROOT = Path(__file__).resolve().parents[2]
LIMIT = 420.0  # seconds after which a client that hangs is ended, and its test fails


def sagemaker3_python() -> Path:
    """The interpreter whose environment has the sagemaker SDK 3.x (`make setup-sagemaker3`)."""
    named = os.environ.get("CUMULET_SAGEMAKER3_PYTHON")
    return Path(named) if named else ROOT / ".venv-sagemaker3" / "bin" / "python"


def clients_python() -> Path:
    """The interpreter whose environment has S3's other clients (`make setup-clients`)."""
    named = os.environ.get("CUMULET_CLIENTS_PYTHON")
    return Path(named) if named else ROOT / ".venv-clients" / "bin" / "python"


class Journey:
    """One client script on its way; what it prints is watched, so that a crash can be put at a word."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder

    def environment(self, python: Path) -> dict[str, str]:
        return {
            **os.environ,
            **self.server.environment,
            "HOME": str(self.folder),
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
            # How many times a client tries again is its user's to say; none of its code changes.
            "AWS_MAX_ATTEMPTS": "12",
            "AWS_RETRY_MODE": "standard",
        }

    def run(
        self, script: str, python: Path = Path(sys.executable), *given: str, crash_at: tuple[str, ...] = ()
    ) -> str:
        """Run a script to its end, killing and restarting the server at each word; what it printed."""
        shutil.copytree(CLIENTS, self.folder / "clients")
        process = subprocess.Popen(
            [python, "-u", script, *given],
            cwd=self.folder / "clients",
            env=self.environment(python),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        watchdog = threading.Timer(LIMIT, process.kill)
        watchdog.start()
        try:
            printed = self._watch(process, list(crash_at))
        finally:
            watchdog.cancel()
            process.kill()
        assert process.wait() == 0, printed[-6000:]
        return printed

    def _watch(self, process: subprocess.Popen[str], crash_at: list[str]) -> str:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if crash_at and crash_at[0] in line:
                crash_at.pop(0)
                self.server.kill()
                self.server.start()
        process.wait()
        printed = "".join(lines)
        assert not crash_at, f"never said {crash_at[0]!r}:\n{printed[-6000:]}"
        return printed


@pytest.fixture
def journey(own_server: Server, tmp_path: Path) -> Journey:
    return Journey(own_server, tmp_path)


@pytest.fixture
def sagemaker3() -> Path:
    python = sagemaker3_python()
    if not python.exists():
        pytest.skip("the sagemaker SDK 3.x is not set up: run `make setup-sagemaker3`")
    return python


@pytest.fixture
def clients() -> Path:
    python = clients_python()
    if not python.exists():
        pytest.skip("S3's other clients are not set up: run `make setup-clients`")
    return python


@pytest.fixture(scope="session")
def python_with() -> Callable[..., Path]:
    """`python_with("torch")`: the Python that has these modules; the test is skipped where none has them."""

    def find(*modules: str) -> Path:
        code = f"import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, {modules!r})))"
        for place in (os.environ.get("CUMULET_TORCH_PYTHON"), sys.executable, str(sagemaker3_python())):
            if place and Path(place).exists() and subprocess.run([place, "-c", code]).returncode == 0:
                return Path(place)
        pytest.skip(f"needs a Python with {', '.join(modules)} (CUMULET_TORCH_PYTHON)")

    return find


Run = Callable[..., str]
